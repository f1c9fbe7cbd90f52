// A restricted Boltzmann machine of three visible and two hidden units: small enough to compute Z, the
// gradient and contrastive divergence exactly.
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <torch/special.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "labs/lab.h"
#include "labs/line.h"
#include "labs/one_thread.h"
#include "metrics/partition.h"
#include "nn/boltzmann.h"

namespace belamy::labs {
namespace {

constexpr std::int64_t kVisible = 3, kHidden = 2;
constexpr std::int64_t kParameters = kVisible * kHidden + kVisible + kHidden;

// Every state of `units` bits, the first unit being the highest: [2^units, units] double.
Tensor all_states(std::int64_t units) {
  const auto numbers = torch::arange(std::int64_t{1} << units).unsqueeze(1);
  const auto places = torch::arange(units - 1, -1, -1);
  return numbers.bitwise_right_shift(places).bitwise_and(1).to(torch::kDouble);
}

// The machine as one vector [W row by row, b, c] in double precision, with all of its states.
struct Enumerated {
  Tensor v = all_states(kVisible), h = all_states(kHidden);  // [8, 3], [4, 2]
  Tensor weight, visible_bias, hidden_bias;

  explicit Enumerated(const Tensor& theta) {
    weight = theta.narrow(0, 0, kVisible * kHidden).view({kVisible, kHidden});
    visible_bias = theta.narrow(0, kVisible * kHidden, kVisible);
    hidden_bias = theta.narrow(0, kVisible * kHidden + kVisible, kHidden);
  }
  Tensor energies() const {  // [8, 4]
    return -(v.mv(visible_bias).unsqueeze(1) + h.mv(hidden_bias) + v.mm(weight).mm(h.t()));
  }
  double log_partition() const { return (-energies()).flatten().logsumexp(0).item<double>(); }
  Tensor log_probabilities() const { return (-energies()).logsumexp(1) - log_partition(); }  // [8]
  Tensor hidden_given_visible() const { return (-energies()).softmax(1); }                   // [8, 4]
  Tensor visible_given_hidden() const { return (-energies()).softmax(0).t(); }               // [4, 8]
  // One step of Gibbs sampling, v -> h -> v': [8, 8], rows sum to 1.
  Tensor transition() const { return hidden_given_visible().mm(visible_given_hidden()); }
  // E[v h], E[v], E[h] when v is distributed as `p` [8]: a vector like theta.
  Tensor statistics(const Tensor& p) const {
    const auto means = (v.mm(weight) + hidden_bias).sigmoid();  // E[h | v]
    const auto weighted = v * p.unsqueeze(1);
    return at::cat({weighted.t().mm(means).flatten(), weighted.sum(0), (means * p.unsqueeze(1)).sum(0)});
  }
};

double mean_log_likelihood(const Tensor& theta, const Tensor& data) {
  return Enumerated(theta).log_probabilities().dot(data).item<double>();
}

// The expected gradient of CD-k; k < 0: the true one.
Tensor gradient(const Tensor& theta, const Tensor& data, std::int64_t k) {
  const Enumerated machine(theta);
  auto model = k < 0 ? machine.log_probabilities().exp() : data;
  const auto transition = machine.transition();
  for (std::int64_t i = 0; i < k; ++i) model = model.matmul(transition);
  return machine.statistics(data) - machine.statistics(model);
}

Tensor finite_differences(const Tensor& theta, const Tensor& data) {
  constexpr double kStep = 1e-5;
  auto slopes = torch::zeros_like(theta);
  for (std::int64_t i = 0; i < kParameters; ++i) {
    auto up = theta.clone(), down = theta.clone();
    up[i] += kStep;
    down[i] -= kStep;
    slopes[i] = (mean_log_likelihood(up, data) - mean_log_likelihood(down, data)) / (2 * kStep);
  }
  return slopes;
}

std::shared_ptr<nn::BoltzmannMachine> machine_of(const Tensor& theta, at::Generator generator) {
  const auto machine = std::make_shared<nn::BoltzmannMachine>(kVisible, kHidden, 0, generator);
  const Enumerated values(theta);
  const torch::NoGradGuard no_grad;
  machine->weight.copy_(values.weight);
  machine->visible_bias.copy_(values.visible_bias);
  machine->hidden_bias.copy_(values.hidden_bias);
  return machine;
}

// CD-1 in practice, with drawn units: the largest distance of its mean from the exact expectation, in
// standard errors of the mean.
double drawn_against_exact(const Tensor& theta, const Tensor& data, std::int64_t n, at::Generator generator) {
  const auto machine = machine_of(theta, generator);
  const auto places = torch::multinomial(data, n, true, generator);
  const auto v = all_states(kVisible).index_select(0, places).to(torch::kFloat);
  const auto hidden = machine->draw_hidden(v, generator);
  const auto visible = machine->draw_visible(hidden.sample, generator).sample;
  const auto products = [&](const Tensor& x, const Tensor& means) {  // [n, parameters]
    return at::cat({(x.unsqueeze(2) * means.unsqueeze(1)).flatten(1), x, means}, 1).to(torch::kDouble);
  };
  const auto each = products(v, hidden.mean) - products(visible, machine->hidden_means(visible));
  const auto error = each.std(0) / std::sqrt(static_cast<double>(n));
  return ((each.mean(0) - gradient(theta, data, 1)) / error).abs().max().item<double>();
}

// KL(data || model) in nats after each step of learning with CD-k, or with the true gradient.
std::vector<double> learn(const Tensor& data, std::int64_t k, std::int64_t steps, double rate,
                          std::uint64_t seed) {
  auto theta =
      torch::randn({kParameters}, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble) * 0.1;
  const double entropy = -torch::special::xlogy(data, data).sum().item<double>();
  std::vector<double> divergence;
  for (std::int64_t i = 0; i < steps; ++i) {
    theta += rate * gradient(theta, data, k);
    divergence.push_back(-entropy - mean_log_likelihood(theta, data));
  }
  return divergence;
}

std::string bits(const Tensor& state) {
  std::string text;
  for (std::int64_t i = 0; i < state.size(0); ++i) text += state[i].item<double>() > 0 ? '1' : '0';
  return text;
}

}  // namespace

void rbm_by_hand(Lab& lab) {
  const OneThread one_thread;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  // The numbers of the text: W, then b, then c.
  const auto theta = torch::tensor({1., -1., 0., 2., -1., 1., 0., -1., 1., 1., 0.}, torch::kDouble);
  // Half of the data are 110, three tenths 011, two tenths 101.
  const auto data = torch::tensor({0., 0., 0., 0.3, 0., 0.2, 0.5, 0.}, torch::kDouble);
  const Enumerated machine(theta);

  // Z three ways.
  lab.measure("z", std::exp(machine.log_partition()));
  const auto real = machine_of(theta, generator);
  const double exact = exact_log_partition(*real);
  lab.measure("factorised", std::abs(exact - machine.log_partition()));
  const auto annealed = annealed_log_partition(
      *real, torch::full({kVisible}, 0.5), {.chains = lab.integer("chains"), .temperatures = 200}, generator);
  lab.measure("annealed", std::abs(annealed.log_partition - exact) / annealed.standard_error);

  LabTable states{{"v", "energy with $h=00$", "$F(v)$", "$p(v)$", "data", "after one step from the data"},
                  {}};
  const auto energies = machine.energies() + 0.0;  // no "-0"
  const auto p = machine.log_probabilities().exp(), moved = data.matmul(machine.transition());
  for (std::int64_t i = 0; i < machine.v.size(0); ++i) {
    const auto number = [i](const Tensor& x) { return fmt::format("{:.4f}", x[i].item<double>()); };
    states.rows.push_back({bits(machine.v[i]), fmt::format("{:.0f}", energies[i][0].item<double>()),
                           number(-(-energies).logsumexp(1)), number(p), number(data), number(moved)});
  }
  lab.table("Every state of the visible units",
            fmt::format("$Z = {:.4f}$.", std::exp(machine.log_partition())), states);

  // The gradient, and that of CD-k.
  const auto true_gradient = gradient(theta, data, -1);
  lab.measure("gradient", (true_gradient - finite_differences(theta, data)).abs().max().item<double>());
  LabSeries bias{"length of CD-k's error", {}, {}};
  for (std::int64_t k = 1; k <= 16; ++k) {
    bias.x.push_back(static_cast<double>(k));
    bias.y.push_back((gradient(theta, data, k) - true_gradient).norm().item<double>());
  }
  lab.measure("bias", bias.y[0] / true_gradient.norm().item<double>());
  const auto rates = std::get<0>(torch::linalg_eig(machine.transition())).abs();
  const double second = std::get<0>(rates.sort()).index({-2}).item<double>();
  lab.measure("decay", std::pow(bias.y[13] / bias.y[9], 1.0 / 4) / second);
  lab.measure("drawn", drawn_against_exact(theta, data, lab.integer("draws"), generator));
  lab.chart("The error of CD-k",
            fmt::format("Each Gibbs step shrinks it by the second eigenvalue of the chain, {:.4f}.", second),
            {{.title = "k, Gibbs steps"},
             {.title = "distance from the true gradient", .logarithmic = true},
             {bias}});

  // Learning with the expected gradients, so that they differ only in their bias.
  LabTable ends{{"start", "true gradient", "CD-1", "CD-10"}, {}};
  LabChart chart{{.title = "step"}, {.title = "KL(data || model), nats", .logarithmic = true}, {}};
  double best = std::numeric_limits<double>::infinity(), least1 = best, most10 = 0;
  for (std::int64_t start = 1; start <= lab.integer("starts"); ++start) {
    lab.say(fmt::format("start {} of {}", start, lab.integer("starts")));
    std::vector<double> last;
    for (const std::int64_t k : {-1, 1, 10}) {
      const auto course = learn(data, k, lab.integer("steps"), lab.number("rate"),
                                static_cast<std::uint64_t>(lab.integer("seed") * 1000 + start));
      last.push_back(course.back());
      if (k == 10) continue;
      LabSeries line{fmt::format("{}, start {}", k < 0 ? "true gradient" : "CD-1", start), {}, {}};
      line.dashed = k == 1;
      for (std::size_t i = 0; i < course.size(); i += std::max<std::size_t>(1, course.size() / 200)) {
        line.x.push_back(static_cast<double>(i + 1));
        line.y.push_back(course[i]);
      }
      chart.series.push_back(line);
    }
    ends.rows.push_back({fmt::format("{}", start), fmt::format("{:.4f}", last[0]),
                         fmt::format("{:.4f}", last[1]), fmt::format("{:.4f}", last[2])});
    best = std::min(best, last[0]);
    least1 = std::min(least1, last[1] / last[0]);
    most10 = std::max(most10, last[2] / last[1]);
  }
  lab.measure("learned", best);
  lab.measure("cd1", least1);
  lab.measure("cd10", most10);
  lab.chart("Learning the three patterns", "Solid: the true gradient. Dashed: CD-1 from the same weights.",
            chart);
  lab.table("KL(data || model) at the end, nats",
            "The start decides which optimum is found; CD-1 stops short of both.", ends);
}

}  // namespace belamy::labs
