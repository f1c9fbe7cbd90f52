// Uniform numbers to normal ones: by the formula of Box and Muller, and by a small GAN with the same
// two inputs.
#include <cmath>
#include <torch/optim/adam.h>

#include "core/random.h"
#include "labs/lab.h"
#include "labs/perceptron.h"
#include "metrics/kolmogorov.h"
#include "objectives/adversarial.h"
#include "objectives/penalties.h"

namespace belamy::labs {
namespace {

/// Uniform pairs [N, 2] in (0, 1]^2 -> normal pairs [N, 2].
torch::Tensor transformed(const torch::Tensor& uv) {
  const auto radius = (-2 * uv.select(1, 0).log()).sqrt(), angle = 2 * M_PI * uv.select(1, 1);
  return torch::stack({radius * angle.cos(), radius * angle.sin()}, 1);
}

/// In (0, 1], so that the logarithm is finite.
torch::Tensor uniform_pairs(std::int64_t count, Random& random) {
  auto uv = torch::empty({count, 2}, torch::kFloat64);
  auto* values = uv.data_ptr<double>();
  for (std::int64_t i = 0; i < 2 * count; ++i) values[i] = 1 - random.uniform();
  return uv;
}

double exponential(double r2) {
  return r2 <= 0 ? 0 : 1 - std::exp(-r2 / 2);
}

struct Moments {
  double mean, variance, skewness, kurtosis;
};

Moments moments(const torch::Tensor& x) {
  const auto centred = x - x.mean();
  const double variance = centred.square().mean().item<double>(), sigma = std::sqrt(variance);
  return {x.mean().item<double>(), variance, centred.pow(3).mean().item<double>() / (sigma * variance),
          centred.pow(4).mean().item<double>() / (variance * variance)};
}

/// The largest deviation from those of N(0, 1), in standard errors.
double deviation(const Moments& m, double n) {
  return std::max({std::abs(m.mean) * std::sqrt(n), std::abs(m.variance - 1) * std::sqrt(n / 2),
                   std::abs(m.skewness) * std::sqrt(n / 6), std::abs(m.kurtosis - 3) * std::sqrt(n / 24)});
}

double correlation(const torch::Tensor& a, const torch::Tensor& b) {
  const auto x = a - a.mean(), y = b - b.mean();
  return ((x * y).mean() / (x.square().mean() * y.square().mean()).sqrt()).item<double>();
}

LabSeries histogram(const std::string& name, const torch::Tensor& x) {
  LabSeries series{name, {}, {}, LabSeries::Style::steps};
  constexpr int bins = 80;
  const auto counts = values_of(torch::histc(x, bins, -4, 4));
  for (int i = 0; i < bins; ++i) {
    series.x.push_back(-4 + 8.0 * (i + 0.5) / bins);
    series.y.push_back(counts[static_cast<std::size_t>(i)] / (static_cast<double>(x.numel()) * 8 / bins));
  }
  return series;
}

/// F_n - Phi at 400 quantiles of the samples.
LabSeries difference(const std::string& name, const torch::Tensor& x) {
  LabSeries series{name, {}, {}};
  const auto sorted = values_of(std::get<0>(x.sort()));
  for (int i = 0; i <= 400; ++i) {
    const auto at = static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * i / 400);
    series.x.push_back(sorted[at]);
    series.y.push_back((static_cast<double>(at) + 0.5) / static_cast<double>(sorted.size()) -
                       normal_distribution(sorted[at]));
  }
  return series;
}

using Map = std::function<torch::Tensor(const torch::Tensor&)>;

/// The images of lines with constant u or v.
LabSeries image_of_lines(const std::string& name, const Map& map, bool fixed_u) {
  LabSeries series{name, {}, {}};
  const double gap = std::numeric_limits<double>::quiet_NaN();
  constexpr int lines = 16, points = 120;
  for (int line = 0; line < lines; ++line) {
    auto uv = torch::empty({points + 1, 2}, torch::kFloat64);
    uv.select(1, fixed_u ? 0 : 1).fill_((line + 0.5) / lines);
    uv.select(1, fixed_u ? 1 : 0).copy_(torch::linspace(1e-4, 1, points + 1, torch::kFloat64));
    const auto xy = map(uv);
    const auto x = values_of(xy.select(1, 0)), y = values_of(xy.select(1, 1));
    series.x.insert(series.x.end(), x.begin(), x.end());
    series.y.insert(series.y.end(), y.begin(), y.end());
    series.x.push_back(gap);
    series.y.push_back(gap);
  }
  return series;
}

LabChart sheet(const Map& map) {
  LabChart chart{{"x", false, -4, 4}, {"y", false, -4, 4}};
  chart.square = true;
  chart.series = {image_of_lines("u constant", map, true), image_of_lines("v constant", map, false)};
  return chart;
}

/// The GAN: non-saturating loss and R1; the generator uses the running mean of its weights.
std::shared_ptr<nn::Chain> learn(Lab& lab, at::Generator generator, LabSeries& progress) {
  const auto width = lab.integer("width"), batch = lab.integer("batch"), steps = lab.integer("steps");
  const auto make = perceptron({2, width, width, 2}, "leaky-relu", generator);
  const auto mean = perceptron({2, width, width, 2}, "leaky-relu", generator);
  const auto judge = perceptron({2, width, width, 1}, "leaky-relu", generator);
  const auto adam = [&](const nn::Chain& chain) {
    return torch::optim::Adam(chain.parameters(),
                              torch::optim::AdamOptions(lab.number("rate")).betas({0.5, 0.99}));
  };
  auto of_judge = adam(*judge), of_make = adam(*make);
  const objectives::Adversarial objective("non-saturating");
  const auto inputs = [&](std::int64_t count) { return at::rand({count, 2}, generator) * 2 - 1; };
  const auto t = [&](const torch::Tensor& x) { return judge->forward(x).squeeze(1); };
  const auto held = inputs(5000);
  for (std::int64_t step = 1; step <= steps; ++step) {
    const auto real = at::randn({batch, 2}, generator);
    of_judge.zero_grad();
    (objective.discriminator(t(real), t(make->forward(inputs(batch)).detach())) +
     lab.number("penalty") * objectives::zero_centred(t, real))
        .backward();
    of_judge.step();
    of_make.zero_grad();
    objective.generator(t(make->forward(inputs(batch)))).backward();
    of_make.step();
    torch::NoGradGuard no_grad;
    const auto from = make->parameters(), to = mean->parameters();
    const double keep = std::min(0.998, static_cast<double>(step) / static_cast<double>(step + 10));
    for (std::size_t i = 0; i < to.size(); ++i) to[i].lerp_(from[i], 1 - keep);
    if (step % std::max<std::int64_t>(1, steps / 60) == 0) {
      const auto xy = mean->forward(held);
      progress.x.push_back(static_cast<double>(step));
      progress.y.push_back(std::max(kolmogorov_test(xy.select(1, 0), normal_distribution).distance,
                                    kolmogorov_test(xy.select(1, 1), normal_distribution).distance));
      lab.say(fmt::format("step {} of {}, D_n {:.3f}", step, steps, progress.y.back()));
    }
  }
  return mean;
}

}  // namespace

void box_muller(Lab& lab) {
  at::set_num_threads(1);  // the networks are too small for more
  const auto count = lab.integer("samples");
  const auto n = static_cast<double>(count);
  Random random(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto uv = uniform_pairs(count, random);
  const auto xy = transformed(uv);
  const auto x = xy.select(1, 0), y = xy.select(1, 1);

  const auto in_bits = [](int bits) {
    return transformed(torch::tensor({{std::ldexp(1.0, -bits), 1.0}}, torch::kFloat64))
        .abs()
        .max()
        .item<double>();
  };
  const auto squares = (uv.select(1, 0) * 2 - 1) * std::sqrt(3.0);
  lab.measure("x", kolmogorov_test(x, normal_distribution).scaled);
  lab.measure("y", kolmogorov_test(y, normal_distribution).scaled);
  lab.measure("radius", kolmogorov_test(x.square() + y.square(), exponential).scaled);
  lab.measure("moments", std::max(deviation(moments(x), n), deviation(moments(y), n)));
  lab.measure("correlations", std::sqrt(n) * std::max(std::abs(correlation(x, y)),
                                                      std::abs(correlation(x.square(), y.square()))));
  lab.measure("tail_24", in_bits(24));
  lab.measure("tail_53", in_bits(53));
  lab.measure("power", kolmogorov_test(squares, normal_distribution).scaled);

  LabSeries progress{"larger of the two coordinates", {}, {}};
  const auto network =
      learn(lab, at::detail::createCPUGenerator(static_cast<std::uint64_t>(lab.integer("seed"))), progress);
  torch::NoGradGuard no_grad;
  const Map learnt = [&](const torch::Tensor& at) {
    return network->forward((at * 2 - 1).to(torch::kFloat32)).to(torch::kFloat64);
  };
  const auto made = learnt(uv);
  const auto lx = made.select(1, 0), ly = made.select(1, 1);
  const auto kx = kolmogorov_test(lx, normal_distribution), ky = kolmogorov_test(ly, normal_distribution);
  lab.measure("learnt", std::max(kx.distance, ky.distance));
  const auto axis = torch::linspace(0, 1, 301, torch::kFloat64);
  lab.measure("learnt_end", learnt(torch::cartesian_prod({axis, axis})).abs().max().item<double>());

  LabTable tests{{"", "$D_n$", "$\\sqrt n D_n$", "p-value", "mean", "variance", "skewness", "kurtosis"}, {}};
  const auto row = [&](const std::string& name, const torch::Tensor& values) {
    const auto test = kolmogorov_test(values, normal_distribution);
    const auto m = moments(values);
    tests.rows.push_back({name, fmt::format("{:.5f}", test.distance), fmt::format("{:.3f}", test.scaled),
                          test.p_value < 1e-6 ? "below 10⁻⁶" : fmt::format("{:.4f}", test.p_value),
                          fmt::format("{:.4f}", m.mean), fmt::format("{:.4f}", m.variance),
                          fmt::format("{:.4f}", m.skewness), fmt::format("{:.4f}", m.kurtosis)});
  };
  row("formula, X", x);
  row("formula, Y", y);
  row("learnt, X", lx);
  row("learnt, Y", ly);
  row("uniform of variance 1", squares);
  lab.table("Tests of normality",
            fmt::format("{} numbers each. With so many, every learnt generator fails the strict test; its "
                        "$D_n$ says how far off it is.",
                        count),
            std::move(tests));

  LabSeries density{"density of N(0, 1)", {}, {}};
  for (int i = 0; i <= 160; ++i) {
    density.x.push_back(-4 + i / 20.0);
    density.y.push_back(std::exp(-density.x.back() * density.x.back() / 2) / std::sqrt(2 * M_PI));
  }
  lab.chart("Formula", "", {{"x"}, {"density"}, {histogram("samples, X", x), density}});
  lab.chart("Learnt generator", "", {{"x"}, {"density"}, {histogram("samples, X", lx), density}});
  lab.chart("Distribution functions minus Φ", "Of X. Note the larger scale of the learnt one.",
            {{"x"}, {"F_n(x) - Φ(x)"}, {difference("formula", x), difference("learnt", lx)}});
  lab.chart("The learnt generator in training", "On 5000 numbers of its own.",
            {{"step"}, {"D_n", true}, {progress}});
  lab.chart("Where the unit square lands: formula", "Rings and rays.", sheet(transformed));
  lab.chart("Where the unit square lands: learnt", "A smooth sheet that ends somewhere.", sheet(learnt));
}

}  // namespace belamy::labs
