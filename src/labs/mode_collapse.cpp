// Mode collapse on mixtures of Gaussians: a run that rotates through the modes, the cycle between two modes,
// and the effect of each cure, over several seeds. All runs are the library's `gan` with one key changed.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <thread>

#include "belamy/recipe.h"

#include "core/random.h"
#include "core/text.h"
#include "labs/lab.h"
#include "metrics/modes.h"
#include "nn/draws.h"
#include "pictures/point_pictures.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

constexpr int kFilmPictures = 8;

struct Cure {
  std::string name;
  std::vector<std::string> settings;
};

std::vector<Cure> cures(std::int64_t unroll, std::int64_t batch) {
  const auto k = [](std::int64_t steps) { return fmt::format("model.unroll={}", steps); };
  std::vector<Cure> all = {{"none", {}}, {"unrolled, k = 1", {k(1)}}};
  if (unroll > 5) all.push_back({"unrolled, k = 5", {k(5)}});
  if (unroll > 1) all.push_back({fmt::format("unrolled, k = {}", unroll), {k(unroll)}});
  all.push_back({"minibatch discrimination", {"model.minibatch_discrimination=16"}});
  all.push_back({"packing, m = 2", {"model.packing=2", fmt::format("train.batch={}", 2 * batch)}});
  all.push_back({"WGAN-GP", {"model.objective=wasserstein", "model.gradient_penalty=1"}});
  all.push_back({"R1", {"model.r1=0.1"}});
  return all;
}

std::unique_ptr<Recipe> recipe_for(const Lab& lab, std::int64_t steps, std::int64_t seed,
                                   const std::vector<std::string>& more) {
  const auto width = lab.integer("width");
  std::vector<std::string> settings = {

      fmt::format("train.steps={}", steps),
      fmt::format("train.seed={}", seed),
      fmt::format("train.batch={}", lab.integer("batch")),
      fmt::format("model.generator=[{0}, {0}]", width),
      fmt::format("model.discriminator=[{0}, {0}]", width),
      fmt::format("model.latent={}", lab.integer("latent")),
      "model.unit=" + lab.text("unit"),
      "model.objective=" + lab.text("objective"),
      "model.generator_norm=none",
      "model.dropout=0",
      "optimizer.generator.average=0",
      fmt::format("optimizer.generator.beta1={}", lab.number("beta1")),
      fmt::format("optimizer.discriminator.beta1={}", lab.number("beta1")),
      fmt::format("optimizer.generator.lr={}", lab.number("generator_rate")),
      fmt::format("optimizer.discriminator.lr={}", lab.number("discriminator_rate")),
  };
  settings.insert(settings.end(), more.begin(), more.end());
  return Recipe::parse("[model]\nname = \"gan\"\n", "the lab", settings);
}

// 20,000 points of a mixture.
Dataset draw_points(const std::string& name, const Mixture& mixture) {
  Dataset data{.name = name, .count = 20000, .dimension = mixture.dimension, .mixture = mixture};
  Random random(1);
  const auto dimension = static_cast<std::size_t>(mixture.dimension);
  const auto modes = mixture.centres.size() / dimension;
  for (std::int64_t i = 0; i < data.count; ++i) {
    const auto mode = random.below(modes);
    for (std::size_t d = 0; d < dimension; ++d) {
      data.points.push_back(
          static_cast<float>(mixture.centres[mode * dimension + d] + mixture.deviation * random.normal()));
    }
  }
  return data;
}

Tensor samples_of(Session& session, std::int64_t n) {
  const ModelState::Evaluation evaluation(session.state());
  auto generator = session.state().generator().clone();  // a copy: looking must not change the run
  return session.state().model().sampler()->sample({n, generator});
}

ModeCoverage coverage_of(Session& session, const Mixture& mixture, std::int64_t n) {
  return mode_coverage(samples_of(session, n), mixture);
}

// Runs work(0) ... work(count - 1) on two threads, each computing on its own.
void on_two_threads(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    at::set_num_threads(1);
    for (auto i = next++; i < count; i = next++) work(i);
  };
  const auto threads = at::get_num_threads();
  std::thread other(run);
  run();
  other.join();
  at::set_num_threads(threads);
}

struct CollapseOutcome {
  double covered = 0, quality = 0, reverse_kl = 0;
};

double mean(const std::vector<CollapseOutcome>& runs, double CollapseOutcome::*of) {
  double sum = 0;
  for (const auto& run : runs) sum += run.*of;
  return sum / static_cast<double>(runs.size());
}

Image picture_of(Session& session) {
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto same_latents = nn::seeded_like(session.state().generator(), 1);
  return points_picture(model.sampler()->sample({1024, same_latents}), session.batches().head(2000),
                        model.scorer());
}

// A plain run in pictures, and how often the mode with most samples changes.
void film(Lab& lab, const Dataset& data) {
  const auto steps = lab.integer("steps");
  const auto recipe = recipe_for(lab, steps, 1, {});
  Session session(*recipe, data, torch::kCPU);
  std::vector<Image> pictures;
  LabSeries favourite{"mode with most samples", {}, {}, LabSeries::Style::steps};
  LabSeries covered{"modes covered", {}, {}, LabSeries::Style::steps};
  const auto every = std::max<std::int64_t>(steps / 150, 1);
  double changes = 0;
  for (std::int64_t step = 0; step <= steps; ++step) {
    if (step % std::max<std::int64_t>(steps / kFilmPictures, 1) == 0 && step > 0) {
      pictures.push_back(picture_of(session));
    }
    if (step % every == 0) {
      const auto seen = coverage_of(session, *data.mixture, 1000);
      const auto most = std::max_element(seen.counts.begin(), seen.counts.end()) - seen.counts.begin();
      if (seen.covered > 0) {
        if (!favourite.y.empty() && favourite.y.back() != static_cast<double>(most)) ++changes;
        favourite.x.push_back(static_cast<double>(step));
        favourite.y.push_back(static_cast<double>(most));
      }
      covered.x.push_back(static_cast<double>(step));
      covered.y.push_back(static_cast<double>(seen.covered));
    }
    if (step < steps) session.run_step();
  }
  lab.picture("The plain GAN in training",
              fmt::format("Every {} steps of the same run, no cure: data, samples, the discriminator's "
                          "surface, and arrows along which it draws the samples.",
                          steps / kFilmPictures),
              contact_sheet(pictures, 4, 4, 1));
  lab.chart("Which mode the plain GAN prefers", "A constant line would mean a generator that has settled.",
            {{"training step"}, {"mode"}, {favourite, covered}});
  lab.measure("rotation", changes);
}

// Two modes on the line, A on the left and B on the right: the share of samples at A.
void two_modes(Lab& lab) {
  const auto steps = lab.integer("cycle_steps");
  // A generator that learns much faster than its discriminator always finds the single best answer.
  const auto recipe =
      recipe_for(lab, steps, 1, {fmt::format("optimizer.generator.lr={}", lab.number("cycle_rate"))});
  const auto data =
      draw_points("two modes", {1, {-lab.number("radius"), lab.number("radius")}, lab.number("deviation")});
  Session session(*recipe, data, torch::kCPU);
  LabSeries share{"share of samples at A", {}, {}};
  double turns = 0;
  bool at_a = false, known = false;
  for (std::int64_t step = 0; step < steps; ++step) {
    session.run_step();
    if (step % std::max<std::int64_t>(steps / 400, 1) != 0) continue;
    const double a = (samples_of(session, 500) < 0).to(torch::kFloat).mean().item<double>();
    share.x.push_back(static_cast<double>(step));
    share.y.push_back(a);
    // A turn: nearly all samples have moved from one mode to the other.
    if (a > 0.9 || a < 0.1) {
      if (known && at_a != (a > 0.5)) ++turns;
      at_a = a > 0.5;
      known = true;
    }
  }
  lab.chart("The cycle between A and B", "The data has a half at A and a half at B.",
            {{"training step"}, {"share of samples at A", false, 0, 1}, {share}});
  lab.measure("turns", turns);
}

void compare(Lab& lab, const Dataset& data) {
  const auto seeds = static_cast<std::size_t>(lab.integer("seeds"));
  const auto all = cures(lab.integer("unroll"), lab.integer("batch"));
  std::vector<std::vector<CollapseOutcome>> outcomes(all.size(), std::vector<CollapseOutcome>(seeds));
  std::atomic<std::size_t> done = 0;
  on_two_threads(all.size() * seeds, [&](std::size_t i) {
    const auto cure = i / seeds, seed = i % seeds;
    const auto recipe =
        recipe_for(lab, lab.integer("steps"), static_cast<std::int64_t>(seed) + 1, all[cure].settings);
    Session session(*recipe, data, torch::kCPU);
    while (!session.finished()) session.run_step();
    const auto seen = coverage_of(session, *data.mixture, lab.integer("samples"));
    outcomes[cure][seed] = {static_cast<double>(seen.covered), seen.high_quality_share, seen.reverse_kl};
    lab.say(fmt::format("run {} of {}", ++done, all.size() * seeds));
  });

  LabTable table{{"cure", "modes covered: mean", "worst", "best", "high-quality share", "reverse KL (nats)"},
                 {}};
  double best = 0, most = 0;
  std::size_t helped = 0;
  const double plain = mean(outcomes[0], &CollapseOutcome::covered);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double covered = mean(outcomes[i], &CollapseOutcome::covered);
    const auto [worst, top] = std::minmax_element(
        outcomes[i].begin(), outcomes[i].end(),
        [](const CollapseOutcome& a, const CollapseOutcome& b) { return a.covered < b.covered; });
    table.rows.push_back({all[i].name, fmt::format("{:.1f}", covered), fmt::format("{:g}", worst->covered),
                          fmt::format("{:g}", top->covered),
                          fmt::format("{:.1f} %", 100 * mean(outcomes[i], &CollapseOutcome::quality)),
                          fmt::format("{:.2f}", mean(outcomes[i], &CollapseOutcome::reverse_kl))});
    if (i > 0 && covered > plain) ++helped;
    best = std::max(best, covered);
    if (all[i].name.starts_with("unrolled")) most = covered;
  }
  lab.table(fmt::format("What each cure does on the {}", data.name),
            fmt::format("{}, {}, the same networks; only the one key differs.", counted(seeds, "seed"),
                        counted(lab.integer("steps"), "step")),
            std::move(table));
  lab.measure("unrolled", most - plain);
  lab.measure("best", best / static_cast<double>(data.mixture->centres.size() / 2));
  lab.measure("helped", static_cast<double>(helped));
}

}  // namespace

void mode_collapse(Lab& lab) {
  const double radius = lab.number("radius");
  Mixture mixture{2, {}, lab.number("deviation")};
  const bool ring = lab.text("data") == "ring";
  for (int i = 0; i < (ring ? 8 : 25); ++i) {
    const double angle = 2 * std::numbers::pi * i / 8;
    mixture.centres.push_back(ring ? radius * std::cos(angle) : radius * (i % 5 - 2) / 2);
    mixture.centres.push_back(ring ? radius * std::sin(angle) : radius * (i / 5 - 2) / 2);
  }
  const auto data = draw_points(lab.text("data"), mixture);
  const auto points = torch::tensor(data.points).view({data.count, 2});
  lab.measure("data", mode_coverage(points, mixture).high_quality_share);
  film(lab, data);
  two_modes(lab);
  compare(lab, data);
}

}  // namespace belamy::labs
