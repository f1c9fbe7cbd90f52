// Normalising flows in the plane, where volumes can be seen and the true density is known, and on images,
// where the likelihood of strange ones surprises.
#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <torch/autograd.h>

#include "belamy/recipe.h"

#include "data/synthetic.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "metrics/roc.h"
#include "pictures/grids.h"
#include "pictures/point_pictures.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// log p of the set `moons` at points [N, 2], in double precision. The set is a point at a uniform angle of one
// of two half circles, blurred by 0.05: a mean of Gaussians over the angle, by the rule of midpoints.
Tensor moons_log_density(const Tensor& points) {
  constexpr std::int64_t nodes = 2000;  // 0.0016 apart, for a blur of 0.05
  constexpr double deviation = 0.05;
  const auto angle = (torch::arange(nodes, torch::kDouble) + 0.5) * (std::numbers::pi / nodes);
  const auto upper = torch::stack({angle.cos(), angle.sin()}, 1);
  const auto lower = torch::tensor({1.0, 0.5}, torch::kDouble) - upper;
  const auto centres = torch::cat({upper, lower}).t();  // [2, 2 nodes]
  std::vector<Tensor> parts;
  for (const auto& some : points.to(torch::kDouble).split(500)) {
    const auto squared = some.square().sum(1, true) + centres.square().sum(0) - 2 * at::matmul(some, centres);
    parts.push_back((squared * (-0.5 / (deviation * deviation))).logsumexp(1));
  }
  return torch::cat(parts) - std::log(2.0 * nodes) - std::log(2 * std::numbers::pi * deviation * deviation);
}

struct GapEstimate {
  double mean, error;  // of the mean
};

GapEstimate flow_moments(const Tensor& values) {
  const auto x = values.to(torch::kDouble);
  return {x.mean().item<double>(),
          x.std().item<double>() / std::sqrt(static_cast<double>(std::max<std::int64_t>(2, x.numel())))};
}

std::unique_ptr<Recipe> points_recipe(const Lab& lab, const std::string& coupling) {
  return Recipe::parse(
      "[model]\nname = \"flow\"\nnetwork = \"dense\"\nmixing = \"swap\"\n", "lab flow",
      {fmt::format("model.coupling={}", coupling), fmt::format("model.steps=[{}]", lab.integer("couplings")),
       fmt::format("model.hidden=[{0}, {0}]", lab.integer("width")),
       fmt::format("train.steps={}", lab.integer("steps")),
       fmt::format("train.batch={}", lab.integer("batch")), fmt::format("train.seed={}", lab.integer("seed")),
       "optimizer.flow.schedule=cosine", "optimizer.flow.clip=10"});
}

// Lines of a square grid in the space of latents, [lines, nodes, 2].
Tensor grid_lines() {
  const auto along = torch::linspace(-2.5, 2.5, 121);
  std::vector<Tensor> lines;
  for (int i = -5; i <= 5; ++i) {
    const auto fixed = torch::full_like(along, 0.5 * i);
    lines.push_back(torch::stack({along, fixed}, 1));
    lines.push_back(torch::stack({fixed, along}, 1));
  }
  return torch::stack(lines);
}

// One series with gaps between the lines.
LabSeries series_of(const std::string& name, const Tensor& lines) {
  LabSeries series{name, {}, {}};
  series.style = LabSeries::Style::field;
  const auto n = lines.size(0);
  const auto gap = torch::full({n, 1, 2}, std::nan(""));
  const auto flat = torch::cat({lines, gap}, 1).flatten(0, 1);
  series.x = values_of(flat.select(1, 0));
  series.y = values_of(flat.select(1, 1));
  return series;
}

// The areas of the images of small squares at random latents, by the decoder's derivatives, against the
// log-determinant, which is what the likelihood has beyond the prior's. The mean relative difference. (Squares
// of a finite size would reach across the bends of the rectifiers.)
double volume_error(Model& model, Tensor latents) {
  const torch::AutoGradMode with_gradients(true);
  latents = latents.detach().requires_grad_();
  const auto x = model.decoder()->decode(latents);
  const auto derivative = [&](std::int64_t value) {  // [N, 2]
    return torch::autograd::grad({x.select(1, value).sum()}, {latents}, {}, /*retain_graph=*/true)[0].to(
        torch::kDouble);
  };
  const auto across = derivative(0), along = derivative(1);
  const auto area =
      (across.select(1, 0) * along.select(1, 1) - across.select(1, 1) * along.select(1, 0)).abs();
  const auto normal = -0.5 * latents.detach().square().sum(1) - std::log(2 * std::numbers::pi);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{1});
  const auto log_determinant =
      model.density()->log_likelihood(x.detach(), generator).detach() - normal;  // of x -> u
  return (area * log_determinant.to(torch::kDouble).exp() - 1).abs().mean().item<double>();
}

double mass_of(Density& density) {
  constexpr double step = 0.01;
  const auto xs = torch::arange(-2.0, 3.0, step, torch::kFloat);
  const auto ys = torch::arange(-1.5, 2.0, step, torch::kFloat);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{1});
  double sum = 0;
  for (const auto& some : torch::cartesian_prod({xs, ys}).split(20000)) {
    sum += density.log_likelihood(some, generator).to(torch::kDouble).exp().sum().item<double>();
  }
  return sum * step * step;
}

void study_points(Lab& lab) {
  const auto seed = lab.integer("seed");
  const auto data = make_synthetic("moons", 20000, seed);
  const auto test = data_tensor(make_synthetic("moons", lab.integer("test"), seed + 1000));
  const auto truth = moons_log_density(test);
  const auto entropy = -truth.mean().item<double>();
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed));
  const auto lines = grid_lines();

  LabChart learning{{"training step"}, {"divergence of the data from the flow (nats)", true}, {}, {}};
  LabChart grid{{"x", false, -1.7, 2.7}, {"y", false, -1.3, 1.8}, {}, {}, true};
  LabTable table{{"couplings", "cross-entropy (nats)", "divergence", "its standard error"}, {}};
  table.rows.push_back({"the data themselves", fmt::format("{:.3f}", entropy), "0", ""});
  std::map<std::string, GapEstimate> gaps;
  for (const std::string coupling : {"tanh", "additive"}) {
    const bool affine = coupling == "tanh";
    const std::string name = affine ? "affine" : "additive";
    const auto recipe = points_recipe(lab, coupling);
    Session session(*recipe, data, torch::kCPU);
    LabSeries curve{name, {}, {}};
    const auto steps = lab.integer("steps");
    GapEstimate gap{};
    std::int64_t next = 1;
    while (true) {
      const bool last = session.finished();
      if (session.step() == next || last) {
        const ModelState::Evaluation evaluation(session.state());
        auto& model = session.state().model();
        gap = flow_moments(truth - model.density()->log_likelihood(test, generator).to(torch::kDouble));
        curve.x.push_back(static_cast<double>(session.step()));
        curve.y.push_back(gap.mean);
        if (affine) {
          const auto image = model.decoder()->decode(lines.flatten(0, 1)).view(lines.sizes());
          grid.frames.push_back({fmt::format("step {}", session.step()), {series_of("grid", image)}});
        }
        lab.say(fmt::format("{} couplings, step {} of {}", name, session.step(), steps));
        next = std::max(next + 1, next * 2);
      }
      if (last) break;
      session.run_step();
    }
    learning.series.push_back(std::move(curve));
    gaps[name] = gap;
    table.rows.push_back({name, fmt::format("{:.3f}", entropy + gap.mean), fmt::format("{:.3f}", gap.mean),
                          fmt::format("{:.3f}", gap.error)});
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    const auto samples = model.sampler()->sample({1000, generator});
    lab.picture(fmt::format("Samples of the flow with {} couplings", name),
                "Over its log-density, with arrows along its gradient.",
                points_picture(samples, test.narrow(0, 0, std::min<std::int64_t>(1000, test.size(0))),
                               model.scorer()));
    if (!affine) continue;
    lab.measure("volume", volume_error(model, model.decoder()->draw_latent(400, generator)));
    lab.measure("mass", mass_of(*model.density()) - 1);
  }
  lab.measure("entropy", gaps["affine"].mean / gaps["affine"].error);
  lab.measure("gap", gaps["affine"].mean);
  lab.measure("additive", gaps["additive"].mean - gaps["affine"].mean);
  grid.frames.insert(grid.frames.begin(), {"latents", {series_of("grid", lines)}});
  lab.chart(
      "A square grid of latents, and what the flow makes of it",
      "Where the grid is dense, the flow puts much mass into little area: the density is high there. The "
      "slider shows the training.",
      std::move(grid));
  lab.table(
      "Likelihood of test points",
      fmt::format("{} points of `moons`, whose true density is an integral over an angle.", test.size(0)),
      std::move(table));
  lab.chart("What is missing to the truth", "The Kullback–Leibler divergence, estimated on the test points.",
            std::move(learning));
}

// The images that a flow learns, its own test set, and others that it never saw.
struct ImageSets {
  Dataset train;
  Tensor test, other;  // [N, 1, S, S] in [-1, 1]
  std::string usual, strange;
};

// Every pixel with Gaussian noise of 25 levels, rounded.
Dataset with_noise(Dataset images, std::uint64_t seed) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto noise = 25 * torch::randn({static_cast<std::int64_t>(images.pixels.size())}, generator);
  const auto* values = noise.data_ptr<float>();
  for (std::size_t i = 0; i < images.pixels.size(); ++i) {
    const auto grey = 64 + 0.5F * static_cast<float>(images.pixels[i]) + values[i];
    images.pixels[i] = static_cast<std::uint8_t>(std::lround(std::clamp(grey, 0.F, 255.F)));
  }
  return images;
}

ImageSets image_sets(const Lab& lab) {
  const std::int64_t side = lab.integer("side"), count = 1000;
  const auto first = [count](const Dataset& data) {
    return to_model_range(data_tensor(data).narrow(0, 0, std::min(count, data.count)));
  };
  if (lab.text("usual") == "fashion-mnist" && at_hand("fashion-mnist") != "glyphs" &&
      at_hand("mnist") != "glyphs") {
    DataOptions options;
    options.source = "fashion-mnist";
    options.size = side;
    auto train = load_dataset(options, Split::train);
    const auto test = first(load_dataset(options, Split::test));
    options.source = "mnist";
    return {std::move(train), test, first(load_dataset(options, Split::test)), "Fashion-MNIST", "MNIST"};
  }
  const auto test = first(with_noise(glyph_digits(side, Split::test), 2));
  const auto grey = torch::full_like(test, 64 * 2 / 255.0 - 1);
  return {with_noise(glyph_digits(side, Split::train), 1), test, grey, "noisy digits", "blank images"};
}

Tensor likelihoods(Density& density, const Tensor& images, std::uint64_t seed) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::vector<Tensor> parts;
  for (const auto& some : images.split(250)) parts.push_back(density.log_likelihood(some, generator));
  return torch::cat(parts).to(torch::kDouble);
}

double flow_area(const Tensor& usual, const Tensor& strange) {
  const auto scores = torch::cat({usual, strange});
  std::vector<bool> is_strange(static_cast<std::size_t>(scores.numel()), false);
  std::fill(is_strange.begin() + usual.numel(), is_strange.end(), true);
  return roc_area(scores, is_strange).area;
}

LabSeries bits_histogram(const std::string& name, const Tensor& bits, double low, double high) {
  LabSeries series{name, {}, {}, LabSeries::Style::steps};
  constexpr int bins = 60;
  const auto counts = values_of(torch::histc(bits, bins, low, high));
  for (int i = 0; i < bins; ++i) {
    series.x.push_back(low + (high - low) * (i + 0.5) / bins);
    series.y.push_back(counts[static_cast<std::size_t>(i)] / static_cast<double>(bits.numel()));
  }
  return series;
}

// A Glow on images of 6x6 pixels after some steps: the likelihood without the prior's part against the
// determinant of the Jacobian from pixels to latents. The greatest difference over some images.
double jacobian_error(Lab& lab, const ImageSets& sets) {
  constexpr std::int64_t side = 6, count = 8;
  auto data = sets.train;
  data.pixels.clear();
  data.height = data.width = side;
  data.count = std::min<std::int64_t>(256, sets.train.count);
  const auto small = at::adaptive_avg_pool2d(
      data_tensor(sets.train).narrow(0, 0, data.count).to(torch::kFloat), {side, side});
  const auto bytes = small.round().to(torch::kByte).contiguous();
  data.pixels.assign(bytes.data_ptr<std::uint8_t>(), bytes.data_ptr<std::uint8_t>() + bytes.numel());
  data.labels.clear();
  data.class_names.clear();
  data.names.clear();
  data.styles.clear();
  data.style_names.clear();
  const auto recipe = Recipe::parse("[model]\nname = \"flow\"\nlevels = 1\nhidden = [16, 16]\n", "lab flow",
                                    {"model.steps=[4]", "train.batch=64", "train.steps=20",
                                     fmt::format("train.seed={}", lab.integer("seed"))});
  Session session(*recipe, data, torch::kCPU);
  while (!session.finished()) session.run_step();
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto images = session.batches().head(count);
  const auto seed = std::uint64_t{4};
  const auto got = model.density()->log_likelihood(images, at::make_generator<at::CPUGeneratorImpl>(seed));
  // The encoder takes the middle of a byte where the likelihood takes a random place in it.
  const auto noise = torch::rand(images.sizes(), at::make_generator<at::CPUGeneratorImpl>(seed));
  const auto shifted = images + (noise - 0.5) * (2.0 / 255);
  const torch::AutoGradMode with_gradients(true);
  double worst = 0;
  for (std::int64_t n = 0; n < count; ++n) {
    const auto x = shifted.narrow(0, n, 1).clone().requires_grad_();
    const auto u = model.encoder()->encode(x).flatten();
    std::vector<Tensor> rows;
    for (std::int64_t i = 0; i < u.numel(); ++i) {
      rows.push_back(torch::autograd::grad({u[i]}, {x}, {}, /*retain_graph=*/true)[0].flatten());
    }
    // Pixels of [-1, 1] run over 255 steps, the likelihood's of [0, 1] over 256.
    const auto determinant =
        std::get<1>(at::linalg_slogdet(torch::stack(rows).to(torch::kDouble))).item<double>() +
        static_cast<double>(u.numel()) * std::log(512.0 / 255);
    const auto prior =
        (-0.5 * u.detach().to(torch::kDouble).square() - 0.5 * std::log(2 * std::numbers::pi)).sum();
    worst = std::max(worst, std::abs(got[n].item<double>() - prior.item<double>() - determinant));
  }
  return worst;
}

void study_images(Lab& lab) {
  const auto sets = image_sets(lab);
  lab.measure("jacobian", jacobian_error(lab, sets));
  const auto recipe =
      Recipe::parse("[model]\nname = \"flow\"\nhidden = [24, 24]\n", "lab flow",
                    {fmt::format("model.steps=[{}]", lab.integer("image_couplings")),
                     fmt::format("train.steps={}", lab.integer("image_steps")), "train.batch=32",
                     fmt::format("train.seed={}", lab.integer("seed")), "optimizer.flow.schedule=cosine",
                     "optimizer.flow.lr=3e-3", "optimizer.flow.warmup=50", "optimizer.flow.clip=2000"});
  Session session(*recipe, sets.train, torch::kCPU);
  while (!session.finished()) {
    if (session.step() % 50 == 0) {
      lab.say(fmt::format("{}, step {} of {}", sets.usual, session.step(), lab.integer("image_steps")));
    }
    session.run_step();
  }
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const double values = static_cast<double>(session.state().shape().values());
  const auto bits = [&](const Tensor& images, std::uint64_t seed) {
    return 8 - likelihoods(*model.density(), images, seed) / (values * std::numbers::ln2);
  };
  const auto train = bits(to_model_range(data_tensor(sets.train).narrow(0, 0, sets.test.size(0))), 1);
  const auto usual = bits(sets.test, 2), strange = bits(sets.other, 3);
  const auto middle = train.mean();
  lab.measure("surprise", (usual.mean() - strange.mean()).item<double>());
  const double by_likelihood = flow_area(usual, strange);
  const double by_distance = flow_area((usual - middle).abs(), (strange - middle).abs());
  lab.measure("area", by_likelihood);
  lab.measure("typical", by_distance);

  const auto some = sets.test.narrow(0, 0, std::min<std::int64_t>(100, sets.test.size(0)));
  const auto back = model.decoder()->decode(model.encoder()->encode(some));
  lab.measure("inverse", (back - some).abs().max().item<double>());

  LabTable table{{"images", "bits per dimension", "deviation"}, {}};
  const auto add = [&](const std::string& name, const Tensor& x) {
    table.rows.push_back({name, fmt::format("{:.3f}", x.mean().item<double>()),
                          fmt::format("{:.3f}", x.std().item<double>())});
  };
  add(sets.usual + ", training set", train);
  add(sets.usual + ", test set", usual);
  add(sets.strange, strange);
  lab.table("Likelihood of images that the flow knows, and of others",
            fmt::format("A small Glow, {0}x{0} pixels; {1} images of each. Fewer bits: more likely.",
                        lab.integer("side"), sets.test.size(0)),
            std::move(table));
  const auto all = torch::cat({usual, strange});
  const double low = all.min().item<double>(), high = all.max().item<double>();
  LabChart chart{{"bits per dimension"}, {"share of the images"}, {}, {}};
  chart.series.push_back(bits_histogram(sets.usual, usual, low, high));
  chart.series.push_back(bits_histogram(sets.strange, strange, low, high));
  lab.chart("The surprise",
            fmt::format("The flow learnt {} and finds {} more likely.", sets.usual, sets.strange),
            std::move(chart));
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  lab.picture("Images", fmt::format("From above: {}, samples of the flow, {}.", sets.usual, sets.strange),
              image_grid(torch::cat({sets.test.narrow(0, 0, 16), model.sampler()->sample({16, generator}),
                                     sets.other.narrow(0, 0, 16)}),
                         16));
}

}  // namespace

void flow(Lab& lab) {
  const OneThread one_thread;
  study_points(lab);
  study_images(lab);
}

}  // namespace belamy::labs
