// The table "Do we have good models?" with one measured number a cell: families of models on one data set with one
// budget of training, judged by one classifier.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "belamy/error.h"
#include "belamy/recipe.h"
#include "belamy/run.h"

#include "core/text.h"
#include "evaluate/judge_classifier.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/perceptron.h"
#include "metrics/disentanglement.h"
#include "metrics/evaluation.h"
#include "metrics/parzen.h"
#include "metrics/precision_recall.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"
#include "use/in_batches.h"

namespace belamy::labs {
namespace {

enum class Tick { yes, no, open, none };

// The rows of the table.
enum class Criterion { sampling, quality, coverage, latent, interpretable, likelihood };
constexpr std::size_t kCriteria = 6;
const std::array<std::string, kCriteria> criterion_names = {
    "efficient sampling",         "high quality",        "coverage", "well-behaved latent space",
    "interpretable latent space", "efficient likelihood"};

struct Family {
  std::string key;    // its setting
  std::string title;  // its column
  std::string model;
  std::vector<std::string> settings;
  std::array<Tick, kCriteria> deck;
};

const std::vector<Family>& families() {
  using enum Tick;
  static const std::vector<Family> all = {
      {"gan",
       "GAN",
       "dcgan",
       {"model.width=32", "optimizer.generator.average=0.99"},
       {yes, yes, no, yes, open, none}},
      {"vae",
       "VAE",
       "vae",
       {"model.network=convolutional", "model.width=16", "model.activation=relu", "model.code=16",
        "optimizer.vae.lr=1.5e-3", "optimizer.vae.schedule=cosine", "optimizer.vae.average=0.99"},
       {yes, no, open, yes, open, no}},
      {"flow",
       "flow",
       "flow",
       {"optimizer.flow.warmup=100", "optimizer.flow.schedule=cosine", "optimizer.flow.clip=1000",
        "optimizer.flow.average=0.99"},
       {yes, no, open, yes, open, yes}},
      {"diffusion",
       "diffusion",
       "diffusion",
       {"model.condition=none", "model.width=48", "model.multipliers=[1, 2]", "model.patch=2",
        "model.schedule=cosine", "model.prediction=velocity", "train.batch=64", "optimizer.denoiser.lr=1e-3",
        "optimizer.denoiser.warmup=100", "optimizer.denoiser.schedule=cosine",
        "optimizer.denoiser.average=0.99"},
       {no, yes, open, no, no, no}},
      {"autoregressive",
       "autoregressive",
       "pixelcnn",
       {"model.output=logistics", "optimizer.pixelcnn.lr=3e-3", "optimizer.pixelcnn.schedule=cosine",
        "optimizer.pixelcnn.average=0.99"},
       {none, none, none, none, none, none}},
  };
  return all;
}

// What several families are measured by.
struct Examiner {
  std::string source;  // as a recipe names it
  Dataset train, test;
  Tensor train_bytes, test_bytes;  // uint8 [N, C, H, W]
  std::optional<FeatureClassifier> judge;
  Tensor test_features, floor_features;  // of as many images as there are samples
  std::int64_t samples = 0;
};

struct FamilyScores {
  std::int64_t steps = 0, parameters = 0;
  double training_seconds = 0;
  double milliseconds = 0;  // for each sample
  std::int64_t passes = 1;  // one after another
  double precision = 0, recall = 0, coverage = 0, sure = 0;
  std::optional<double> midpoint, on_sphere, evenness;
  std::optional<InformationGap> gap;
  std::string kind = "none";
  bool black_and_white = false;  // the likelihood takes grey values for probabilities of white
  double nats = 0, bits = 0, likelihood_milliseconds = 0;
};

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

at::Generator family_generator(const Lab& lab) {
  return at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
}

// A trained model: of a run folder, or trained here.
class Candidate {
 public:
  Candidate(const Lab& lab, const Family& family, const Examiner& examiner) {
    const auto& folder = lab.text(family.key);
    if (!folder.empty()) {
      run_ = Run::open(folder, "cpu");
      const auto& shape = run_->shape();
      const auto& test = examiner.test;
      if (run_->recipe().data.source != examiner.source || shape.channels != test.channels ||
          shape.height != test.height || shape.width != test.width)
        throw usage_error(fmt::format("the run {} was trained on {} of {}x{} pixels, and the lab measures on "
                                      "{} of {}x{}",
                                      folder, run_->recipe().data.source, shape.width, shape.height,
                                      examiner.source, test.width, test.height),
                          "train all runs on one data set, and name it with --set data=...");
      steps = run_->step();
      return;
    }
    auto steps_asked = lab.integer("steps");
    if (steps_asked == 0) steps_asked = affordable_steps(lab, family, examiner.train);
    recipe_ = recipe(lab, family, steps_asked);
    session_ = std::make_unique<Session>(*recipe_, examiner.train, torch::kCPU);
    seconds = seconds_of([&] {
      while (!session_->finished()) {
        if (session_->step() % 50 == 0)
          lab.say(fmt::format("training {}: step {} of {}", family.title, session_->step(), steps_asked));
        session_->run_step();
      }
    });
    steps = session_->step();
    evaluation_ = std::make_unique<ModelState::Evaluation>(session_->state());
  }

  Model& model() { return run_ ? run_->model() : session_->state().model(); }

  std::int64_t steps = 0;
  double seconds = 0;  // of training; 0 for a run

 private:
  static std::unique_ptr<Recipe> recipe(const Lab& lab, const Family& family, std::int64_t steps) {
    std::vector<std::string> settings = {fmt::format("train.steps={}", steps),
                                         fmt::format("train.seed={}", lab.integer("seed"))};
    settings.insert(settings.end(), family.settings.begin(), family.settings.end());
    if (family.model == "diffusion")
      settings.push_back(fmt::format("use.steps={}", lab.integer("diffusion_steps")));
    return Recipe::parse("[model]\nname = \"" + family.model + "\"\n", "the lab good-models", settings);
  }

  // A recipe must know its length before it begins, because of its schedule: the pace of a few steps tells.
  static std::int64_t affordable_steps(const Lab& lab, const Family& family, const Dataset& train) {
    lab.say(fmt::format("measuring the pace of {}", family.title));
    constexpr std::int64_t warm = 5, least = 10;
    const auto trial = recipe(lab, family, 1'000'000);
    Session session(*trial, train, torch::kCPU);
    for (std::int64_t i = 0; i < warm; ++i) session.run_step();
    std::int64_t made = 0;
    double seconds = 0;
    while (made < least || seconds < 0.02 * lab.number("seconds")) {
      seconds += seconds_of([&] { session.run_step(); });
      ++made;
    }
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(lab.number("seconds") * static_cast<double>(made) / seconds));
  }

  std::unique_ptr<Recipe> recipe_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ModelState::Evaluation> evaluation_;
  std::unique_ptr<Run> run_;
};

// `f` of batches of bytes, joined.
Tensor batch_by_batch(const Tensor& bytes, std::int64_t size, const std::function<Tensor(const Tensor&)>& f) {
  std::vector<Tensor> parts;
  for (const auto& rows : bytes.split(size)) parts.push_back(f(to_model_range(rows)));
  return at::cat(parts);
}

double sure_share(const Examiner& examiner, const Tensor& bytes, double confidence) {
  const auto most = at::softmax(examiner.judge->logits(bytes), 1).amax(1);
  return (most >= confidence).to(torch::kFloat64).mean().item<double>();
}

void time_sampling(const Lab& lab, Sampler& sampler, FamilyScores& scores) {
  const auto batch = lab.integer("batch");
  auto generator = family_generator(lab);
  std::int64_t reports = 0;
  const SampleRequest request{batch, generator, {}, [&](double) {
                                ++reports;
                                return true;
                              }};
  const auto time = [&] { return seconds_of([&] { sampler.sample(request); }); };
  std::vector<double> times = {time()};
  scores.passes = std::max<std::int64_t>(1, reports);
  // The first call also allocates memory. A slow sampler is not asked again.
  if (times[0] < 2) {
    for (double& again : times = std::vector<double>(9)) again = time();
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  scores.milliseconds = 1000 * times[times.size() / 2] / static_cast<double>(batch);
}

void judge_samples(Lab& lab, const Family& family, Sampler& sampler, const Examiner& examiner,
                   FamilyScores& scores) {
  const auto drawn =
      draw(sampler, {examiner.samples, family_generator(lab), {}, [&](double done) {
                       lab.say(fmt::format("samples of {}: {:.0f} %", family.title, 100 * done));
                       return true;
                     }});
  const auto bytes = to_bytes(drawn);
  const auto features = examiner.judge->features(bytes);
  const auto near = manifold_scores(examiner.test_features, features, 3);
  scores.precision = near.precision;
  scores.recall = near.recall;
  scores.coverage = manifold_scores(examiner.test_features, features, 5).coverage;
  scores.sure = sure_share(examiner, bytes, lab.number("confidence"));
  lab.picture("Samples: " + family.title, "",
              image_grid(drawn.narrow(0, 0, std::min<std::int64_t>(60, drawn.size(0))), 20));
}

void walk_latents(Lab& lab, const Family& family, Decoder& decoder, const Examiner& examiner,
                  FamilyScores& scores) {
  const auto paths = lab.integer("paths");
  const auto ends = decoder.draw_latent(2 * paths, family_generator(lab));
  if (!ends.defined()) return;
  lab.say("walking between latents of " + family.title);
  const auto from = ends.narrow(0, 0, paths), to = ends.narrow(0, paths, paths);
  const auto images_at = [&](double weight, std::int64_t count) {
    return decoder.decode(from.narrow(0, 0, count) * (1 - weight) + to.narrow(0, 0, count) * weight);
  };
  const auto sure = [&](const Tensor& images) {
    return sure_share(examiner, to_bytes(images), lab.number("confidence"));
  };
  scores.midpoint = sure(images_at(0.5, paths));
  // The same length as the ends have, for a normal prior.
  scores.on_sphere = sure(decoder.decode((from + to) / std::sqrt(2.0)));
  // The largest of 16 moves over their mean: 1 for a walk at constant speed, 16 for one jump.
  constexpr std::int64_t moves = 16;
  const auto some = std::min<std::int64_t>(paths, 50);
  std::vector<Tensor> steps;
  std::vector<Tensor> strip;
  auto before = images_at(0, some);
  strip.push_back(before.narrow(0, 0, std::min<std::int64_t>(6, some)));
  for (std::int64_t i = 1; i <= moves; ++i) {
    const auto now = images_at(static_cast<double>(i) / moves, some);
    steps.push_back((now - before).flatten(1).norm(2, 1));
    before = now;
    strip.push_back(now.narrow(0, 0, strip[0].size(0)));
  }
  const auto all = at::stack(steps);  // [moves, some]
  scores.evenness = (all.amax(0) / all.mean(0).clamp_min(1e-9)).mean().item<double>();
  lab.picture("Straight paths between latents: " + family.title, "",
              image_grid(at::stack(strip, 1).flatten(0, 1), moves + 1));
}

// The test images that a setting asks for: [n] int64.
Tensor rows_for(const Lab& lab, const Examiner& examiner, const std::string& count) {
  return choose_rows(examiner.test_bytes, lab.integer(count),
                     static_cast<std::uint64_t>(lab.integer("seed")));
}

// Test images of every class moved in both directions: factors whose values are known.
void read_factors(Lab& lab, const Family& family, Encoder& encoder, const Examiner& examiner,
                  FamilyScores& scores) {
  lab.say("reading factors from the codes of " + family.title);
  const auto rows = rows_for(lab, examiner, "factor_images");
  const auto images = examiner.test_bytes.index_select(0, rows);
  const auto labels = torch::tensor(examiner.test.labels).index_select(0, rows);
  std::vector<Tensor> codes, factors;
  constexpr std::int64_t reach = 2;
  for (std::int64_t right = -reach; right <= reach; ++right) {
    for (std::int64_t down = -reach; down <= reach; ++down) {
      const auto moved = at::constant_pad_nd(images, {right, -right, down, -down}, 0);
      codes.push_back(
          batch_by_batch(moved, 250, [&](const Tensor& x) { return encoder.encode(x).flatten(1); }));
      factors.push_back(at::stack(
          {labels, torch::full_like(labels, right + reach), torch::full_like(labels, down + reach)}, 1));
    }
  }
  scores.gap = information_gap(at::cat(codes), at::cat(factors));
}

void rate_likelihood(Lab& lab, const Family& family, Density& density, const Examiner& examiner,
                     FamilyScores& scores) {
  lab.say("likelihood of " + family.title);
  const auto rows = rows_for(lab, examiner, "likelihood_images");
  const auto images = examiner.test_bytes.index_select(0, rows);
  auto generator = family_generator(lab);
  Tensor each;
  const double seconds = seconds_of([&] {
    each = batch_by_batch(images, 64, [&](const Tensor& x) { return -density.log_likelihood(x, generator); });
  });
  scores.nats = each.mean().item<double>();
  scores.black_and_white = density.levels() == 2;
  scores.bits = bits_per_dimension(scores.nats, images[0].numel(), density.levels());
  scores.likelihood_milliseconds = 1000 * seconds / static_cast<double>(images.size(0));
  switch (density.kind()) {
    case Density::Kind::exact: scores.kind = "exact"; break;
    case Density::Kind::lower_bound: scores.kind = "bound"; break;
    case Density::Kind::estimate: scores.kind = "estimate"; break;
  }
}

FamilyScores examine(Lab& lab, const Family& family, const Examiner& examiner) {
  Candidate candidate(lab, family, examiner);
  const torch::NoGradGuard no_grad;
  auto& model = candidate.model();
  FamilyScores scores;
  scores.steps = candidate.steps;
  scores.training_seconds = candidate.seconds;
  for (const auto& weight : model.parameters()) scores.parameters += weight.numel();
  auto* sampler = model.sampler();
  if (!sampler)
    throw usage_error(fmt::format("the run {} cannot draw samples", lab.text(family.key)),
                      "name a run that can with --set " + family.key + "=...");
  lab.say("timing " + family.title);
  time_sampling(lab, *sampler, scores);
  judge_samples(lab, family, *sampler, examiner, scores);
  if (auto* decoder = model.decoder()) walk_latents(lab, family, *decoder, examiner, scores);
  if (auto* encoder = model.encoder()) read_factors(lab, family, *encoder, examiner, scores);
  if (auto* density = model.density()) rate_likelihood(lab, family, *density, examiner, scores);
  return scores;
}

Examiner examiner_for(Lab& lab) {
  Examiner examiner;
  DataOptions options;
  options.source = at_hand(lab.text("data"));
  options.size = 28;
  options.limit = lab.integer("limit");
  if (options.source == "glyphs") options.classes = numbered_classes(10);
  examiner.source = options.source;
  lab.say("loading the data");
  examiner.train = load_dataset(options, Split::train);
  examiner.test = load_dataset(options, Split::test);
  examiner.train_bytes = data_tensor(examiner.train);
  examiner.test_bytes = data_tensor(examiner.test);
  if (const auto passes = lab.integer("judge_passes"); passes > 0) {
    examiner.judge.emplace(examiner.train.channels, examiner.train.width, 10,
                           ClassifierOptions{.epochs = passes});
    examiner.judge->train(examiner.train_bytes, torch::tensor(examiner.train.labels));
  } else {
    examiner.judge.emplace(judge_classifier(examiner.train, torch::kCPU, [&](const std::string& text) {
                             lab.say(text);
                           }).classifier);
  }
  examiner.samples = std::min(lab.integer("samples"), examiner.test.count);
  const auto seed = static_cast<std::uint64_t>(lab.integer("seed"));
  const auto features_of = [&](const Tensor& bytes, std::uint64_t with) {
    return examiner.judge->features(bytes.index_select(0, choose_rows(bytes, examiner.samples, with)));
  };
  examiner.test_features = features_of(examiner.test_bytes, seed);
  examiner.floor_features = features_of(examiner.train_bytes, seed + 1);
  return examiner;
}

struct Cell {
  std::string text;
  std::optional<bool> good;  // none: cannot be judged
};

// The number of a cell, and whether it is good. `real` are the scores of real images, `fastest` of all families.
Cell cell_of(const Lab& lab, Criterion criterion, const FamilyScores& scores, const FamilyScores& real,
             double fastest) {
  const double share = lab.number("good"), least_gap = lab.number("good_gap"), slower = lab.number("slow");
  using enum Criterion;
  switch (criterion) {
    case sampling:
      return {fmt::format("{:.3g} ms, {}", scores.milliseconds, counted(scores.passes, "step")),
              scores.milliseconds <= slower * fastest};
    case quality:
      return {fmt::format("{:.3f}", scores.precision), scores.precision >= share * real.precision};
    case coverage: return {fmt::format("{:.3f}", scores.coverage), scores.coverage >= share * real.coverage};
    case latent:
      if (!scores.midpoint) return {"–", false};
      return {fmt::format("{:.3f}", *scores.midpoint), *scores.midpoint >= share * real.sure};
    case interpretable:
      // Without an encoder nothing can be said, unless there is no latent either.
      if (!scores.gap) return {"–", scores.midpoint ? std::nullopt : std::optional<bool>(false)};
      return {fmt::format("{:.3f}", scores.gap->mean), scores.gap->mean >= least_gap};
    default:
      if (scores.kind == "none") return {"none", std::nullopt};
      return {fmt::format("{:.2f} bits{}, {}", scores.bits, scores.black_and_white ? " (black or white)" : "",
                          scores.kind),
              scores.kind == "exact"};
  }
}

std::string sign(Tick tick) {
  using enum Tick;
  switch (tick) {
    case yes: return "✓";
    case no: return "✗";
    case open: return "?";
    case none: break;
  }
  return "–";
}

std::string sign(std::optional<bool> good) {
  return good ? sign(*good ? Tick::yes : Tick::no) : "–";
}

// What the number of a cell shows, for a sentence.
std::string reading(Criterion criterion, const FamilyScores& scores, const FamilyScores& real,
                    double fastest) {
  const auto percent = [](double part, double whole) { return fmt::format("{:.0f} %", 100 * part / whole); };
  using enum Criterion;
  switch (criterion) {
    case sampling:
      return fmt::format("a sample takes {:.3g} times as long as one of the fastest family, in {}{}",
                         scores.milliseconds / fastest, counted(scores.passes, "step"),
                         scores.passes == 1 ? "" : " that follow each other");
    case quality:
      return fmt::format("{} of the samples lie among the data, {} of what real images get",
                         percent(scores.precision, 1), percent(scores.precision, real.precision));
    case coverage:
      return fmt::format("{} of the data have a sample near them, {} of what real images get",
                         percent(scores.coverage, 1), percent(scores.coverage, real.coverage));
    case latent:
      if (!scores.midpoint) return "there is no latent to walk in";
      return fmt::format(
          "{} of the points halfway between two latents show a digit that the judge is sure of; of "
          "real images {}",
          percent(*scores.midpoint, 1), percent(real.sure, 1));
    case interpretable:
      if (!scores.gap) return "there is no code to read";
      return fmt::format(
          "the best dimension of the code is ahead of the second by {:.3f} of a factor's entropy",
          scores.gap->mean);
    default: return fmt::format("the likelihood is {}{}", scores.kind == "exact" ? "" : "a ", scores.kind);
  }
}

void show_details(Lab& lab, const std::vector<Family>& shown, const std::map<std::string, FamilyScores>& all,
                  const FamilyScores& real) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}", *value) : std::string("–");
  };
  LabTable table{{"", "steps", "training, s", "weights", "recall", "sure samples", "midpoint on the sphere",
                  "largest move", "MIG digit", "MIG right", "MIG down", "nats", "ms for a likelihood"},
                 {}};
  for (const auto& family : shown) {
    const auto& scores = all.at(family.key);
    const auto gap = [&](std::size_t i) {
      return scores.gap ? fmt::format("{:.3f}", scores.gap->gaps[i]) : std::string("–");
    };
    table.rows.push_back(
        {family.title, std::to_string(scores.steps),
         scores.training_seconds > 0 ? fmt::format("{:.0f}", scores.training_seconds) : "a run",
         std::to_string(scores.parameters), fmt::format("{:.3f}", scores.recall),
         fmt::format("{:.3f}", scores.sure), optional(scores.on_sphere), optional(scores.evenness), gap(0),
         gap(1), gap(2), scores.kind == "none" ? "–" : fmt::format("{:.1f}", scores.nats),
         scores.kind == "none" ? "–" : fmt::format("{:.3g}", scores.likelihood_milliseconds)});
  }
  table.rows.push_back({"real images", "–", "–", "–", fmt::format("{:.3f}", real.recall),
                        fmt::format("{:.3f}", real.sure), "–", "–", "–", "–", "–", "–", "–"});
  lab.table("More numbers",
            "Recall: data among the samples, k = 3. Sure samples: those whose class the judge names with "
            "confidence. Largest move: of 16 equal moves along a straight path between two latents, the "
            "largest change of the image over the mean change. MIG: of each factor. Nats: minus "
            "log-likelihood of a test image, in the units of its model.",
            std::move(table));
  LabChart chart{{"coverage of the data", false, 0, 1}, {"precision of the samples", false, 0, 1}, {}, {}};
  for (const auto& family : shown) {
    const auto& scores = all.at(family.key);
    chart.series.push_back({family.title, {scores.coverage}, {scores.precision}, LabSeries::Style::points});
  }
  chart.series.push_back({"real images", {real.coverage}, {real.precision}, LabSeries::Style::points});
  chart.square = true;
  lab.chart("Quality and coverage", "", std::move(chart));
}

}  // namespace

void good_models(Lab& lab) {
  const auto examiner = examiner_for(lab);
  FamilyScores real;
  const auto near = manifold_scores(examiner.test_features, examiner.floor_features, 3);
  real.precision = near.precision;
  real.recall = near.recall;
  real.coverage = manifold_scores(examiner.test_features, examiner.floor_features, 5).coverage;
  real.sure = sure_share(examiner, examiner.test_bytes, lab.number("confidence"));
  lab.picture("Test images", "",
              image_grid(to_model_range(examiner.test_bytes.narrow(
                             0, 0, std::min<std::int64_t>(60, examiner.test.count))),
                         20));

  std::map<std::string, FamilyScores> all;
  double fastest = std::numeric_limits<double>::infinity();
  for (const auto& family : families()) {
    all[family.key] = examine(lab, family, examiner);
    fastest = std::min(fastest, all[family.key].milliseconds);
  }

  LabTable table{{""}, {}}, apart{{"criterion", "family", "deck", "measured", "what the number says"}, {}};
  for (const auto& family : families()) table.columns.push_back(family.title);
  table.columns.push_back("real images");
  const std::array<std::string, kCriteria> of_real = {"–",
                                                      fmt::format("{:.3f}", real.precision),
                                                      fmt::format("{:.3f}", real.coverage),
                                                      fmt::format("{:.3f}", real.sure),
                                                      "–",
                                                      "–"};
  double agreed = 0, judged = 0;
  for (std::size_t row = 0; row < kCriteria; ++row) {
    const auto criterion = static_cast<Criterion>(row);
    std::vector<std::string> cells = {criterion_names[row]};
    for (const auto& family : families()) {
      const auto& scores = all.at(family.key);
      const auto cell = cell_of(lab, criterion, scores, real, fastest);
      const auto deck = family.deck[row];
      cells.push_back(fmt::format("**{}** {} ({})", cell.text, sign(cell.good), sign(deck)));
      if ((deck != Tick::yes && deck != Tick::no) || !cell.good) continue;
      judged += 1;
      if (*cell.good == (deck == Tick::yes)) {
        agreed += 1;
      } else {
        apart.rows.push_back({criterion_names[row], family.title, sign(deck), sign(cell.good),
                              reading(criterion, scores, real, fastest)});
      }
    }
    cells.push_back(of_real[row]);
    table.rows.push_back(std::move(cells));
  }
  lab.table("Do we have good models?",
            fmt::format("The number, its sign, and in brackets the sign of the deck, which has no column for "
                        "autoregressive models. Data: {}.",
                        examiner.train.name),
            std::move(table));
  if (apart.rows.empty()) apart.rows.push_back({"–", "–", "–", "–", "number and deck agree everywhere"});
  lab.table("Where number and deck disagree", "", std::move(apart));
  show_details(lab, families(), all, real);

  const auto gan = all.at("gan");
  const auto vae = all.at("vae");
  const auto diffusion = all.at("diffusion");
  const auto pixels = all.at("autoregressive");
  lab.measure("real", real.precision);
  double exact = 0;
  for (const auto& family : families()) {
    const bool should = family.key == "flow" || family.key == "autoregressive";
    exact += (all.at(family.key).kind == "exact") == should;
  }
  lab.measure("exact", exact);
  lab.measure("precision", vae.precision - gan.precision);
  lab.measure("coverage", real.coverage - gan.coverage);
  lab.measure("slow", diffusion.milliseconds / gan.milliseconds);
  lab.measure("pixels_slow", pixels.milliseconds / gan.milliseconds);
  lab.measure("gap", vae.gap ? vae.gap->mean : 0);
  lab.measure("signs", agreed / judged);
}

}  // namespace belamy::labs
