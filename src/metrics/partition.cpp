#include "metrics/partition.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "nn/boltzmann.h"

namespace belamy {

using torch::Tensor;

namespace {

constexpr std::int64_t kStateBlock = 4096;  // states processed together

// Row i holds the binary digits of first + i: [n, units] double.
Tensor binary_states(std::int64_t first, std::int64_t n, std::int64_t units) {
  const auto numbers = torch::arange(first, first + n, torch::kLong).unsqueeze(1);
  return numbers.bitwise_right_shift(torch::arange(units, torch::kLong)).bitwise_and(1).to(torch::kDouble);
}

// log of the sum over all states of `units` of exp(log_weight(states)).
template <class F>
double sum_over_states(std::int64_t units, const F& log_weight) {
  std::vector<Tensor> parts;
  const auto count = std::int64_t{1} << units;
  for (std::int64_t first = 0; first < count; first += kStateBlock) {
    parts.push_back(
        log_weight(binary_states(first, std::min(kStateBlock, count - first), units)).logsumexp(0));
  }
  return torch::stack(parts).logsumexp(0).item<double>();
}

double gaussian_volume(const nn::BoltzmannMachine& machine) {
  return 0.5 * static_cast<double>(machine.visible()) *
         std::log(2 * std::numbers::pi * machine.deviation() * machine.deviation());
}

}  // namespace

bool partition_is_countable(const nn::BoltzmannMachine& machine) {
  return machine.hidden() <= kExactUnits || (!machine.gaussian() && machine.visible() <= kExactUnits);
}

double exact_log_partition(const nn::BoltzmannMachine& machine) {
  const torch::NoGradGuard no_grad;
  if (!partition_is_countable(machine)) {
    throw usage_error(fmt::format("Z of {} x {} units cannot be enumerated; at most {} hidden units can",
                                  machine.visible(), machine.hidden(), kExactUnits),
                      "estimate it by annealed importance sampling");
  }
  const auto on_cpu = [](const Tensor& x) { return x.detach().to(torch::kCPU, torch::kDouble); };
  const auto w = on_cpu(machine.weight), b = on_cpu(machine.visible_bias), c = on_cpu(machine.hidden_bias);
  if (machine.gaussian()) {
    const double variance = machine.deviation() * machine.deviation();
    return gaussian_volume(machine) + sum_over_states(machine.hidden(), [&](const Tensor& h) {
             const auto shifted = b + h.mm(w.t());
             return h.mv(c) + (shifted.square().sum(1) - b.square().sum()) / (2 * variance);
           });
  }
  if (machine.hidden() <= machine.visible()) {
    return sum_over_states(machine.hidden(),
                           [&](const Tensor& h) { return h.mv(c) + at::softplus(b + h.mm(w.t())).sum(1); });
  }
  return sum_over_states(machine.visible(),
                         [&](const Tensor& v) { return v.mv(b) + at::softplus(c + v.mm(w)).sum(1); });
}

std::vector<double> annealing_path(std::int64_t count) {
  std::vector<double> path;
  for (std::int64_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(count - 1);
    const double a = 500.0 / 14500, b = 4500.0 / 14500;  // of 14,500: 500 to 0.5, 4,000 to 0.9, 10,000 to 1
    path.push_back(t < a   ? 0.5 * t / a
                   : t < b ? 0.5 + 0.4 * (t - a) / (b - a)
                           : 0.9 + 0.1 * (t - b) / (1 - b));
  }
  return path;
}

PartitionEstimate annealed_log_partition(const nn::BoltzmannMachine& machine, const Tensor& base_means,
                                         const AnnealOptions& options, at::Generator generator) {
  if (options.chains < 2 || options.temperatures < 2) {
    throw usage_error("annealed importance sampling needs at least 2 chains and 2 temperatures");
  }
  const torch::NoGradGuard no_grad;
  const auto weight = machine.weight.detach();
  const auto b = machine.visible_bias.detach(), c = machine.hidden_bias.detach();
  const bool gaussian = machine.gaussian();
  const auto n = options.chains;
  Tensor base;  // bias of the base machine's visible units
  Tensor v;     // [chains, V]
  double log_base = static_cast<double>(machine.hidden()) * std::numbers::ln2;
  if (gaussian) {
    v = b + machine.deviation() * torch::randn({n, machine.visible()}, generator, b.options());
    log_base += gaussian_volume(machine);
  } else {
    base = torch::logit(base_means.to(b.options()).clamp(1e-3, 1 - 1e-3));
    v = nn::draw_units(torch::zeros({n, machine.visible()}, b.options()), base, generator, false).sample;
    log_base += at::softplus(base.to(torch::kDouble)).sum().item<double>();
  }

  // log of the unnormalised density at inverse temperature t, without terms that do not depend on t. The
  // fields are computed once for each v, for the weight at two temperatures and the next draw.
  const auto log_density = [&](const Tensor& hidden_field, const Tensor& difference, double t) {
    const auto hidden = at::softplus((hidden_field + c).mul_(t)).sum(1).to(torch::kDouble);
    return gaussian ? hidden : hidden + t * difference;
  };
  const auto path = annealing_path(options.temperatures);
  auto log_weights = torch::zeros({n}, torch::TensorOptions(torch::kDouble).device(b.device()));
  for (std::size_t k = 1; k < path.size(); ++k) {
    const auto field = machine.hidden_field(v);
    const auto difference = gaussian ? Tensor() : v.mv(b - base).to(torch::kDouble);
    log_weights += log_density(field, difference, path[k]) - log_density(field, difference, path[k - 1]);
    if (k + 1 == path.size()) break;
    // One step of Gibbs sampling that leaves the density at this temperature invariant.
    const double t = path[k];
    const auto h = nn::draw_units(field * t, c * t, generator, false).sample;
    auto visible = machine.visible_field(h).mul_(t);
    v = gaussian ? visible.add_(b).add_(torch::randn(v.sizes(), generator, v.options()), machine.deviation())
                 : nn::draw_units(visible, torch::lerp(base, b, t), generator, false).sample;
  }

  const double log_mean = log_weights.logsumexp(0).item<double>() - std::log(static_cast<double>(n));
  const auto relative = (log_weights - log_mean).exp();  // of mean 1
  const double error = relative.std().item<double>() / std::sqrt(static_cast<double>(n));
  PartitionEstimate estimate;
  estimate.log_partition = log_base + log_mean;
  estimate.standard_error = error;
  estimate.low = estimate.log_partition + std::log(std::max(1 - 3 * error, 1e-300));
  estimate.high = estimate.log_partition + std::log1p(3 * error);
  estimate.log_weights = log_weights.cpu() + log_base;
  return estimate;
}

}  // namespace belamy
