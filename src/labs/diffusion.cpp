// Diffusion with the exact score of a mixture: the order of solvers, the chain both ways, guidance. Then a short
// training on glyphs, for pictures of the chain.
#include "objectives/diffusion.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "belamy/recipe.h"

#include "data/dataset.h"
#include "labs/lab.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "metrics/transport.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

using objectives::Denoiser;
using objectives::NoiseLevel;
using objectives::NoiseSchedule;
using objectives::Solver;
using objectives::SolverOptions;

constexpr double kGreatestRatio = 20, kLeastRatio = 0.05;  // of sigma / alpha, for the order of a solver

// Equally likely Gaussians of one deviation in the plane.
struct PlaneMixture {
  Tensor means;  // [K, 2] f64
  double deviation;

  static PlaneMixture circle(std::int64_t count, double deviation) {
    const auto angle =
        torch::arange(count, torch::kDouble) * (2 * std::numbers::pi / static_cast<double>(count));
    return {torch::stack({angle.cos(), angle.sin()}, 1), deviation};
  }
  PlaneMixture part(std::int64_t k) const { return {means.narrow(0, k, 1), deviation}; }
  Tensor sample(std::int64_t n, at::Generator generator) const {
    const auto which = torch::arange(n) % means.size(0);
    return means.index_select(0, which) + deviation * torch::randn({n, 2}, generator, torch::kDouble);
  }
  // p(part | x) for x = alpha x_0 + sigma noise: [N, K].
  Tensor parts_of(const Tensor& x, double alpha, double sigma) const {
    const double wide = alpha * alpha * deviation * deviation + sigma * sigma;
    return at::softmax((x.unsqueeze(1) - means * alpha).square().sum(2) / (-2 * wide), 1);
  }
  // E[x_0 | x].
  Tensor mean_of(const Tensor& x, const NoiseLevel& level) const {
    const double variance = deviation * deviation;
    const double wide = level.alpha * level.alpha * variance + level.sigma * level.sigma;
    const auto each = means + (x.unsqueeze(1) - means * level.alpha) * (level.alpha * variance / wide);
    return (parts_of(x, level.alpha, level.sigma).unsqueeze(2) * each).sum(1);
  }
  Denoiser denoiser() const {
    return [*this](const Tensor& x, const NoiseLevel& level) { return mean_of(x, level); };
  }
};

// Solves from x at the first level to the last; `look` sees every state.
template <class Look>
Tensor solve_levels(const Denoiser& denoise, Tensor x, const std::vector<NoiseLevel>& levels,
                    const SolverOptions& options, const std::function<NoiseLevel(double)>& middle,
                    at::Generator generator, const Look& look) {
  for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
    x = objectives::solver_step(denoise, x, levels[i], levels[i + 1], options, middle, generator);
    look(i + 1, x);
  }
  return x;
}

Tensor solve_levels(const Denoiser& denoise, const Tensor& x, const std::vector<NoiseLevel>& levels,
                    const SolverOptions& options, const NoiseSchedule& schedule, at::Generator generator) {
  const auto middle = [&](double ratio) { return schedule.at_ratio(ratio); };
  return solve_levels(denoise, x, levels, options, middle, generator, [](std::size_t, const Tensor&) {});
}

Tensor solve_ratios(const Denoiser& denoise, const Tensor& x, std::int64_t steps, Solver solver) {
  std::vector<NoiseLevel> levels;
  for (std::int64_t i = 0; i <= steps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(steps);
    levels.push_back(
        objectives::level_of_ratio(kGreatestRatio * std::pow(kLeastRatio / kGreatestRatio, share)));
  }
  return solve_levels(denoise, x, levels, {.solver = solver}, objectives::level_of_ratio, at::Generator(),
                      [](std::size_t, const Tensor&) {});
}

const std::vector<std::pair<std::string, Solver>>& solvers() {
  static const std::vector<std::pair<std::string, Solver>> all = {
      {"ddim", Solver::ddim}, {"heun", Solver::heun}, {"dpm2", Solver::dpm2}};
  return all;
}

// The slope of log y over log x by least squares.
double slope_of(const LabSeries& line) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    const double x = std::log(line.x[i]), y = std::log(line.y[i]);
    n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

void measure_order(Lab& lab, const std::string& key, const std::string& title, const Denoiser& denoise,
                   const Tensor& start, const Tensor& exact) {
  LabChart chart{{"steps", true}, {"root mean square error", true}, {}, {}};
  for (const auto& [name, solver] : solvers()) {
    LabSeries line{name, {}, {}};
    for (const std::int64_t steps : {32, 64, 128, 256}) {
      const auto end = solve_ratios(denoise, start, steps, solver);
      line.x.push_back(static_cast<double>(steps));
      line.y.push_back((end - exact).square().mean().sqrt().item<double>());
    }
    const double order = -slope_of(line);
    lab.measure(key + name, order);
    line.name += fmt::format(", order {:.2f}", order);
    chart.series.push_back(std::move(line));
  }
  lab.chart(title, "Heun and DPM-Solver-2 evaluate the denoiser twice in each step.", std::move(chart));
}

void measure_orders(Lab& lab, const PlaneMixture& mixture, at::Generator generator) {
  const auto from = objectives::level_of_ratio(kGreatestRatio), to = objectives::level_of_ratio(kLeastRatio);
  const auto noise = torch::randn({lab.integer("order_points"), 2}, generator, torch::kDouble);
  const auto start = noise * (kGreatestRatio * from.alpha);
  lab.say("order of the solvers");
  const auto fine = solve_ratios(mixture.denoiser(), start, lab.integer("reference_steps"), Solver::heun);
  measure_order(lab, "order-", "Order on the mixture", mixture.denoiser(), start, fine);

  const auto one = mixture.part(0);
  const auto shrink = std::hypot(one.deviation, kLeastRatio) / std::hypot(one.deviation, kGreatestRatio);
  const auto end = (one.means + (start / from.alpha - one.means) * shrink) * to.alpha;
  measure_order(lab, "order-gaussian-", "Order on one Gaussian, against the closed form", one.denoiser(),
                start, end);

  const NoiseSchedule schedule("cosine", 1000);
  const std::int64_t count = 20000;
  const auto quantiles =
      torch::erfinv((torch::arange(count, torch::kDouble) + 0.5) / count * 2 - 1) * std::numbers::sqrt2;
  const auto ends = solve_levels(one.denoiser(), torch::stack({quantiles, quantiles}, 1),
                                 schedule.spread(50, true), {.solver = Solver::heun}, schedule, generator);
  lab.measure("end-deviation", ends.std(0).mean().item<double>() / one.deviation);
}

LabSeries points_of(const std::string& name, const Tensor& points) {
  const auto few = points.narrow(0, 0, std::min<std::int64_t>(points.size(0), 1000));
  return {name, values_of(few.select(1, 0)), values_of(few.select(1, 1)), LabSeries::Style::points};
}

double away(const Tensor& a, const Tensor& b) {
  return sliced_wasserstein(a.to(torch::kFloat), b.to(torch::kFloat));
}

void measure_chain(Lab& lab, const PlaneMixture& mixture, at::Generator generator) {
  lab.say("the chain, forwards and backwards");
  const NoiseSchedule schedule("linear", 1000);
  const auto n = lab.integer("points");
  const auto normal = [&] { return torch::randn({n, 2}, generator, torch::kDouble); };
  const auto data = mixture.sample(n, generator), noise = normal();
  const double floor = away(mixture.sample(n, generator), data), noise_floor = away(normal(), normal());

  LabChart forward{{"x", false, -4, 4}, {"y", false, -4, 4}, {}, {}, true};
  for (const std::int64_t t : {0, 100, 200, 300, 400, 600, 800, 1000}) {
    const auto level = schedule.at(t);
    forward.frames.push_back(
        {fmt::format("step {}", t), {points_of("data and noise", data * level.alpha + noise * level.sigma)}});
  }
  const auto last = schedule.at(1000);
  lab.measure("forward", away(data * last.alpha + noise * last.sigma, normal()) / noise_floor);
  lab.chart("Forwards: from data to noise", "The slider chooses the step of 1000, linear schedule.",
            std::move(forward));

  for (const bool noisy : {false, true}) {
    LabChart backward{{"x", false, -4, 4}, {"y", false, -4, 4}, {}, {}, true};
    const auto levels = schedule.spread(1000);
    const auto start = normal();
    backward.frames.push_back({"step 1000", {points_of("samples", start)}});
    const auto end = solve_levels(
        mixture.denoiser(), start, levels, {.solver = noisy ? Solver::ddpm : Solver::ddim},
        objectives::level_of_ratio, generator, [&](std::size_t i, const Tensor& x) {
          const auto t = levels[i].time;
          for (const double shown : {800, 600, 400, 300, 200, 100, 0}) {
            if (t == shown)
              backward.frames.push_back({fmt::format("step {:g}", t), {points_of("samples", x)}});
          }
        });
    if (!noisy) lab.measure("backward", away(end, data) / floor);
    lab.chart(
        noisy ? "Backwards with noise: DDPM" : "Backwards without noise: DDIM",
        fmt::format("1000 steps with the exact denoiser. Distance to the data at the end {:.4f}; of two sets "
                    "of data {:.4f}.",
                    away(end, data), floor),
        std::move(backward));
  }

  LabChart distances{{"steps", true}, {"sliced Wasserstein distance to the data", true}, {}, {}};
  struct Way {
    std::string name;
    SolverOptions options;
  };
  double of_ddim = 0;
  for (const auto& [name, options] :
       {Way{"DDIM", {.solver = Solver::ddim}}, Way{"DDIM with eta 1", {.solver = Solver::ddim, .eta = 1}},
        Way{"DDPM, variance beta", {.solver = Solver::ddpm, .large_variance = true}},
        Way{"Heun", {.solver = Solver::heun}}, Way{"DPM-Solver-2", {.solver = Solver::dpm2}}}) {
    LabSeries line{name, {}, {}};
    for (const std::int64_t steps : {2, 5, 10, 20, 50, 100, 500}) {
      const auto levels = schedule.spread(steps, objectives::is_second_order(options.solver));
      const auto end = solve_levels(mixture.denoiser(), normal(), levels, options, schedule, generator);
      line.x.push_back(static_cast<double>(steps));
      line.y.push_back(away(end, data));
      if (steps != 10) continue;
      if (name == "DDIM") of_ddim = line.y.back();
      if (options.eta == 1) lab.measure("ten-steps", line.y.back() / of_ddim);
    }
    distances.series.push_back(std::move(line));
  }
  distances.series.push_back({"two sets of data", {2, 500}, {floor, floor}, LabSeries::Style::line, true});
  lab.chart("How many steps are needed", "Exact denoiser, linear schedule of 1000 steps, steps even in time.",
            std::move(distances));
}

void measure_guidance(Lab& lab, const PlaneMixture& mixture, at::Generator generator) {
  lab.say("guidance");
  const NoiseSchedule schedule("linear", 1000);
  const auto n = lab.integer("points");
  const auto part = mixture.part(0);
  const auto quality = [&](const Tensor& x) {
    return mixture.parts_of(x, 1, 0).select(1, 0).mean().item<double>();
  };
  const auto variety = [](const Tensor& x) { return x.var(0).mean().sqrt().item<double>(); };
  const auto real = part.sample(n, generator);
  LabTable table{{"$w$", "mean $p(c \\mid x)$", "deviation within the class"}, {}};
  table.rows.push_back({"data", fmt::format("{:.3f}", quality(real)), fmt::format("{:.3f}", variety(real))});
  LabChart planes{{"x", false, -2, 4},
                  {"y", false, -3, 3},
                  {points_of("all classes", mixture.sample(n, generator))},
                  {},
                  true};
  planes.series[0].style = LabSeries::Style::points;
  const auto start = torch::randn({n, 2}, generator, torch::kDouble);
  double first_quality = 0, first_variety = 0, last_quality = 0, last_variety = 0;
  int disorder = 0;
  for (const double w : {0.0, 0.5, 1.0, 2.0, 4.0, 8.0}) {
    const Denoiser denoise = [&](const Tensor& x, const NoiseLevel& level) {
      return objectives::guided(part.mean_of(x, level), mixture.mean_of(x, level), w);
    };
    const auto drawn = solve_levels(denoise, start, schedule.spread(250, true), {.solver = Solver::heun},
                                    schedule, generator);
    const double good = quality(drawn), wide = variety(drawn);
    if (w == 0) {
      first_quality = good, first_variety = wide;
    } else if (good <= last_quality || wide >= last_variety) {
      ++disorder;
    }
    last_quality = good, last_variety = wide;
    if (w == 4) {
      lab.measure("quality-gain", good - first_quality);
      lab.measure("variety-loss", wide / first_variety);
    }
    table.rows.push_back({fmt::format("{:g}", w), fmt::format("{:.3f}", good), fmt::format("{:.3f}", wide)});
    planes.frames.push_back({fmt::format("w = {:g}", w), {points_of("samples of the class", drawn)}});
  }
  lab.measure("quality-exact", first_quality - quality(real));
  lab.measure("disorder", disorder);
  lab.table("Quality against variety", "Samples of the class at angle 0, exact denoisers.", std::move(table));
  lab.chart("What guidance does", "The slider chooses the weight w.", std::move(planes));
}

void show_chain_of_glyphs(Lab& lab, at::Generator generator) {
  constexpr std::int64_t kRows = 6, kColumns = 12;
  DataOptions options;
  options.size = 16;
  options.classes = {"A", "B", "C"};
  const auto data = load_dataset(options, Split::train);
  lab.say("training on glyphs");
  const auto recipe = Recipe::parse(
      "[model]\nname = \"diffusion\"\n", "the lab",
      {"model.width=32", "model.multipliers=[1, 2]", "model.patch=2", "model.schedule=cosine",
       "model.prediction=velocity", "train.batch=64", fmt::format("train.seed={}", lab.integer("seed")),
       "optimizer.denoiser.lr=2e-3", "optimizer.denoiser.warmup=50", "optimizer.denoiser.schedule=cosine",
       fmt::format("train.steps={}", lab.integer("training"))});
  Session session(*recipe, data, torch::kCPU);
  while (!session.finished()) session.run_step();

  const NoiseSchedule schedule("cosine", 1000);
  const auto examples = session.batches().head(kRows);
  const auto noise = torch::randn(examples.sizes(), generator);
  std::vector<Tensor> columns;
  for (std::int64_t k = 0; k < kColumns; ++k) {
    const auto level = schedule.at(1000 * k / (kColumns - 1));
    columns.push_back((examples * level.alpha + noise * level.sigma).clamp(-1, 1));
  }
  lab.picture("Forwards, on glyphs", "Each row is a glyph on its way to noise, cosine schedule.",
              image_grid(at::stack(columns, 1).flatten(0, 1), kColumns));
  const ModelState::Evaluation evaluation(session.state());
  const auto chain = session.state().model().sampler()->chain({kRows, generator}, kColumns);
  lab.picture("Backwards, on glyphs",
              fmt::format("Each row is a chain from noise to a sample, after {} training steps.",
                          lab.integer("training")),
              image_grid(chain.transpose(0, 1).flatten(0, 1), kColumns));
}

}  // namespace

void diffusion(Lab& lab) {
  const OneThread one_thread;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto mixture = PlaneMixture::circle(lab.integer("classes"), lab.number("deviation"));
  measure_orders(lab, mixture, generator);
  measure_chain(lab, mixture, generator);
  measure_guidance(lab, mixture, generator);
  show_chain_of_glyphs(lab, generator);
}

}  // namespace belamy::labs
