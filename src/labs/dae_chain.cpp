// The Markov chain of a denoising autoencoder: exact on Gaussians, where everything has a closed form; then
// learned, on points in the plane and on glyphs.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "belamy/recipe.h"

#include "data/synthetic.h"
#include "labs/lab.h"
#include "labs/line.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "metrics/chains.h"
#include "metrics/transport.h"
#include "nn/corruption.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Corrupt and draw from the exact P(x | x'), again and again, for data of equally likely Gaussians of one
// deviation s and noise of deviation `noise`: given x', a part has the weight that N(mean, s^2 + noise^2)
// gives it, and there x ~ N(mean + a (x' - mean), a noise^2) with a = s^2 / (s^2 + noise^2). -> [C,
// steps] f64.
Tensor exact_chain(const LineMixture& data, double noise, const Tensor& start, std::int64_t steps,
                   at::Generator generator) {
  const auto chains = start.size(0);
  const auto f64 = torch::TensorOptions(torch::kFloat64);
  const auto normals = torch::randn({2, steps, chains}, generator, f64);
  const auto uniforms = torch::rand({steps, chains}, generator, f64);
  const auto states = torch::empty({steps, chains}, f64);
  const auto drawn = normals.accessor<double, 3>();
  const auto chance = uniforms.accessor<double, 2>();
  auto out = states.accessor<double, 2>();
  const auto from = start.accessor<double, 1>();
  std::vector<double> weights(data.parts.size());
  for (std::int64_t c = 0; c < chains; ++c) {
    double x = from[c];
    for (std::int64_t t = 0; t < steps; ++t) {
      const double noisy = x + noise * drawn[0][t][c];
      double sum = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto& part = data.parts[i];
        const double wide = part.deviation * part.deviation + noise * noise;
        sum += weights[i] = std::exp(-0.5 * (noisy - part.mean) * (noisy - part.mean) / wide);
      }
      std::size_t chosen = 0;
      for (double left = chance[t][c] * sum; chosen + 1 < weights.size() && left >= weights[chosen];
           ++chosen) {
        left -= weights[chosen];
      }
      const auto& part = data.parts[chosen];
      const double variance = part.deviation * part.deviation, a = variance / (variance + noise * noise);
      x = part.mean + a * (noisy - part.mean) + std::sqrt(a) * noise * drawn[1][t][c];
      out[t][c] = x;
    }
  }
  return states.t().contiguous();
}

void measure_gaussian(Lab& lab, at::Generator generator) {
  const LineMixture data{{{0, 1}}};
  const auto chains = lab.integer("chains"), steps = lab.integer("exact_steps");
  LabTable table{{"noise", "$a$", "variance", "effective sample size of 1000 states", "by the formula"}, {}};
  LabChart decay{{"lag (steps)"}, {"autocorrelation"}, {}, {}};
  double worst_correlation = 0, worst_size = 0, worst_variance = 0;
  for (const double noise : {0.25, 0.5, 1.0, 2.0}) {
    const double a = 1 / (1 + noise * noise);
    const auto start = torch::randn({chains}, generator, torch::kFloat64);
    const auto states = exact_chain(data, noise, start, steps, generator);
    const auto rho = autocorrelation(states, 10);
    LabSeries measured{fmt::format("noise {:g}", noise), {}, {}, LabSeries::Style::points};
    for (std::size_t lag = 0; lag < rho.size(); ++lag) {
      worst_correlation = std::max(worst_correlation, std::abs(rho[lag] - std::pow(a, lag)));
      measured.x.push_back(static_cast<double>(lag));
      measured.y.push_back(rho[lag]);
    }
    decay.series.push_back(measured);
    decay.series.push_back(curve(
        fmt::format("a to the lag, {:g}", noise), measured.x, [a](double lag) { return std::pow(a, lag); },
        true));
    const auto count = static_cast<double>(states.numel());
    const double size = effective_sample_size(states) / count, expected = (1 - a) / (1 + a);
    const double variance = states.var().item<double>();
    worst_size = std::max(worst_size, std::abs(size / expected - 1));
    worst_variance = std::max(worst_variance, std::abs(variance - 1));
    table.rows.push_back({fmt::format("{:g}", noise), fmt::format("{:.3f}", a),
                          fmt::format("{:.3f}", variance), fmt::format("{:.0f}", 1000 * size),
                          fmt::format("{:.0f}", 1000 * expected)});
  }
  lab.measure("correlation", worst_correlation);
  lab.measure("size", worst_size);
  lab.measure("variance", worst_variance);
  lab.table("Gaussian data, exact denoiser",
            "The data's variance is 1. With little noise one independent draw takes many steps.",
            std::move(table));
  lab.chart("How fast the chain forgets", "Dashed: the closed form.", std::move(decay));
}

void measure_modes(Lab& lab, at::Generator generator) {
  const double far = lab.number("distance") / 2;
  const LineMixture data{{{-far, 0.5}, {far, 0.5}}};
  const auto chains = lab.integer("chains"), steps = lab.integer("mode_steps");
  const auto start = torch::linspace(-2 * far, 2 * far, chains, torch::kFloat64);
  const auto real = data.sample(20000, generator).flatten().to(torch::kFloat64);
  LabChart paths{{"step"}, {"state"}, {}, {}};
  LabTable table{{"noise", "$\\hat R$", "effective sample size", "of states", "distance to the data"}, {}};
  for (const auto& [key, noise] :
       {std::pair("little", lab.number("little_noise")), {"enough", lab.number("enough_noise")}}) {
    const auto states = exact_chain(data, noise, start, steps, generator);
    const auto settled = states.narrow(1, steps / 10, steps - steps / 10);
    const double r_hat = split_r_hat(settled), away = wasserstein_1d(settled.flatten(), real);
    lab.measure(std::string(key) + "-r-hat", r_hat);
    if (std::string(key) == "enough") lab.measure("enough-distance", away);
    table.rows.push_back({fmt::format("{:g}", noise), fmt::format("{:.3f}", r_hat),
                          fmt::format("{:.0f}", effective_sample_size(settled)),
                          fmt::format("{}", settled.numel()), fmt::format("{:.3f}", away)});
    LabSeries path{fmt::format("noise {:g}", noise), {}, {}};
    for (std::int64_t t = 0; t < std::min<std::int64_t>(steps, 300); ++t) {
      path.x.push_back(static_cast<double>(t));
      path.y.push_back(states[0][t].item<double>());
    }
    paths.series.push_back(path);
  }
  lab.chart("One chain, two modes", "Both start in the left mode; the denoiser is exact in both.",
            std::move(paths));
  lab.table("Two modes, exact denoiser", "Chains from starts across both modes; the first tenth is left out.",
            std::move(table));
}

std::vector<std::string> settings_of(const Lab& lab, const std::vector<std::string>& own) {
  std::vector<std::string> all = {"train.batch=128", fmt::format("train.seed={}", lab.integer("seed")),
                                  "optimizer.denoiser.schedule=cosine"};
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

// The chain from the model's own capability: what `reconstruct` makes of a noisy state is the mean of P. ->
// after each step, of [N, ...].
template <class Draw, class Look>
void run_chain(Session& session, Tensor state, const std::string& noise, double level, std::int64_t steps,
               at::Generator generator, const Draw& draw, const Look& look) {
  const ModelState::Evaluation evaluation(session.state());
  auto& model = *session.state().model().reconstructor();
  const double low = session.state().shape().is_images() ? -1 : 0;
  for (std::int64_t t = 1; t <= steps; ++t) {
    const auto mean = model.reconstruct(nn::corrupt(state, noise, level, low, 1, generator));
    state = draw(mean);
    look(t, mean, state);
  }
}

void measure_points(Lab& lab, at::Generator generator) {
  const auto data = make_synthetic("moons", 20000, 1);
  const auto real = data_tensor(data);
  const auto test = data_tensor(make_synthetic("moons", 4000, 2));
  const auto chains = lab.integer("chains"), steps = lab.integer("point_steps");
  const auto start = real.mean(0) + 2 * real.std(0) * torch::randn({chains, 2}, generator);
  LabTable table{
      {"noise", "learned deviation of P", "$\\hat R$", "effective sample size", "distance to the data"}, {}};
  table.rows.push_back(
      {"data", "", "", "", fmt::format("{:.3f}", sliced_wasserstein(real.narrow(0, 0, 4000), test))});
  LabChart planes{{"x"}, {"y"}, {}, {}, true};
  const auto shown = [](const std::string& name, const Tensor& points) {
    const auto few = points.narrow(0, 0, std::min<std::int64_t>(points.size(0), 1500));
    return LabSeries{name, values_of(few.select(1, 0)), values_of(few.select(1, 1)),
                     LabSeries::Style::points};
  };
  planes.frames.push_back({"data", {shown("data", test)}});
  const std::map<std::string, double> levels = {{"little", lab.number("point_little")},
                                                {"middle", lab.number("point_middle")},
                                                {"much", lab.number("point_much")}};
  for (const std::string key : {"little", "middle", "much"}) {
    const double noise = levels.at(key);
    lab.say(fmt::format("training on points, noise {:g}", noise));
    const auto recipe = Recipe::parse(
        "[model]\nname = \"denoising-autoencoder\"\n", "the lab",
        settings_of(lab, {"model.decoder=gaussian", "model.corruption=gaussian", "model.hidden=[128]",
                          "model.code=128", fmt::format("model.corruption_level={}", noise),
                          "optimizer.denoiser.lr=3e-3",
                          fmt::format("train.steps={}", lab.integer("point_training"))}));
    Session session(*recipe, data, torch::kCPU);
    while (!session.finished()) session.run_step();
    const double spread =
        session.state().model().named_parameters()["spread.log_deviation"].exp().item<double>();
    std::vector<Tensor> states;
    run_chain(
        session, start, "gaussian", noise, steps, generator,
        [&](const Tensor& mean) { return mean + spread * torch::randn(mean.sizes(), generator); },
        [&](std::int64_t t, const Tensor&, const Tensor& state) {
          if (t > steps / 10) states.push_back(state);
        });
    const auto walked = at::stack(states, 1);  // [C, T, 2]
    const auto x = walked.select(2, 0), y = walked.select(2, 1);
    const double r_hat = std::max(split_r_hat(x), split_r_hat(y));
    const auto all = walked.flatten(0, 1);
    const auto some = all.index_select(
        0, torch::randperm(all.size(0), generator).narrow(0, 0, std::min<std::int64_t>(4000, all.size(0))));
    const double away = sliced_wasserstein(some, test);
    lab.measure(key + "-points-r-hat", r_hat);
    lab.measure(key + "-points-distance", away);
    table.rows.push_back(
        {fmt::format("{:g}", noise), fmt::format("{:.3f}", spread), fmt::format("{:.3f}", r_hat),
         fmt::format("{:.0f} of {}", std::min(effective_sample_size(x), effective_sample_size(y)), x.numel()),
         fmt::format("{:.3f}", away)});
    planes.frames.push_back({fmt::format("noise {:g}", noise), {shown("states of the chains", some)}});
  }
  lab.table("Two moons, learned denoiser", "Distance: sliced Wasserstein, in the data's units.",
            std::move(table));
  lab.chart("Where the chains go", "The slider chooses the noise.", std::move(planes));
}

void show_glyphs(Lab& lab, at::Generator generator) {
  DataOptions options;
  options.size = 16;
  const auto data = load_dataset(options, Split::train);
  lab.say("training on glyphs");
  const auto recipe = Recipe::parse(
      "[model]\nname = \"denoising-autoencoder\"\n", "the lab",
      settings_of(lab, {"model.hidden=[]", "model.code=800", "model.corruption_level=0.3",
                        "model.walk_back=1", fmt::format("train.steps={}", lab.integer("glyph_training"))}));
  Session session(*recipe, data, torch::kCPU);
  while (!session.finished()) session.run_step();
  constexpr std::int64_t kChains = 8, kColumns = 16;
  std::vector<Tensor> columns = {torch::rand({kChains, 1, 16, 16}, generator) * 2 - 1};
  run_chain(
      session, columns[0], "salt-and-pepper", 0.3, kColumns * kColumns, generator,
      [&](const Tensor& mean) { return at::bernoulli((mean + 1) / 2, generator) * 2 - 1; },
      [&](std::int64_t t, const Tensor& mean, const Tensor&) {
        const auto next = static_cast<std::int64_t>(columns.size());
        if (next < kColumns && t == next * next) columns.push_back(mean);
      });
  lab.picture("The chain over time, on glyphs",
              "Each row is a chain that starts from noise; the columns are steps 0, 1, 4, 9, 16, ... of it, "
              "and show the mean of P.",
              image_grid(at::stack(columns, 1).flatten(0, 1), kColumns));
}

}  // namespace

void dae_chain(Lab& lab) {
  const OneThread one_thread;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  measure_gaussian(lab, generator);
  measure_modes(lab, generator);
  measure_points(lab, generator);
  show_glyphs(lab, generator);
}

}  // namespace belamy::labs
