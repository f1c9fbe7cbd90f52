#include "objectives/diffusion.h"

#include <algorithm>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace belamy::objectives {
namespace {

constexpr double kGreatestBeta = 0.999;
constexpr double kEvenShare = 0.1;  // of the times of a bound that are drawn evenly

template <class E>
E named(const std::vector<std::pair<std::string, E>>& all, const std::string& name) {
  for (const auto& [known, value] : all) {
    if (known == name) return value;
  }
  throw std::logic_error("no part of diffusion is called " + name);
}

template <class E>
std::vector<std::string> names_of(const std::vector<std::pair<std::string, E>>& all) {
  std::vector<std::string> names;
  for (const auto& [name, value] : all) names.push_back(name);
  return names;
}

const std::vector<std::pair<std::string, Prediction>> kPredictions = {
    {"noise", Prediction::noise}, {"data", Prediction::data}, {"velocity", Prediction::velocity}};
const std::vector<std::pair<std::string, Solver>> kSolvers = {
    {"ddim", Solver::ddim}, {"ddpm", Solver::ddpm}, {"heun", Solver::heun}, {"dpm2", Solver::dpm2}};

Tensor row_of(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

// [T + 1] -> the entries of times [N], shaped to broadcast with x [N, ...].
Tensor entries(const Tensor& table, const Tensor& times, const Tensor& x) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.dim()), 1);
  sizes[0] = -1;
  return table.to(x.device(), x.scalar_type()).index_select(0, times).view(sizes);
}

Tensor normal_beside(const Tensor& x, at::Generator& generator) {
  return torch::randn(x.sizes(), generator, x.options().requires_grad(false));
}

Tensor sum_of_rows(const Tensor& x) {
  return x.flatten(1).sum(1);
}

// The variance of q(x_{t-1} | x_t, x_0); at t = 1 it has none, and that of t = 2 replaces it.
double posterior_variance(const NoiseSchedule& schedule, std::int64_t t) {
  const auto from = std::max<std::int64_t>(t, 2);
  return posterior(schedule.at(from), schedule.at(from - 1)).variance;
}

// The variance of p(x_{t-1} | x_t).
double reverse_variance(const NoiseSchedule& schedule, std::int64_t t, const BoundOptions& options) {
  if (t == 1 && options.levels == 0) {
    const auto first = schedule.at(1);
    return first.ratio() * first.ratio();
  }
  if (options.large_variance && t > 1) return schedule.beta(t);
  return posterior_variance(schedule, t);
}

}  // namespace

NoiseSchedule::NoiseSchedule(const std::string& name, std::int64_t steps) {
  if (steps < 2) throw std::logic_error("a noise schedule needs two steps or more");
  const auto count = static_cast<double>(steps);
  const auto cosine = [count](std::int64_t t) {
    return std::pow(std::cos((static_cast<double>(t) / count + 0.008) / 1.008 * std::numbers::pi / 2), 2);
  };
  square_ = {1};
  for (std::int64_t t = 1; t <= steps; ++t) {
    double beta;
    if (name == "cosine") {
      beta = 1 - cosine(t) / cosine(t - 1);
    } else if (name == "linear") {
      beta = (1e-4 + (0.02 - 1e-4) * static_cast<double>(t - 1) / (count - 1)) * 1000 / count;
    } else {
      throw std::logic_error("no noise schedule is called " + name);
    }
    square_.push_back(square_.back() * (1 - std::min(beta, kGreatestBeta)));
  }
}

const std::vector<std::string>& NoiseSchedule::names() {
  static const std::vector<std::string> all = {"linear", "cosine"};
  return all;
}

NoiseLevel NoiseSchedule::at(std::int64_t time) const {
  const double square = square_.at(static_cast<std::size_t>(time));
  return {static_cast<double>(time), std::sqrt(square), std::sqrt(1 - square)};
}

NoiseLevel NoiseSchedule::at_ratio(double ratio) const {
  std::int64_t low = 1, high = steps();
  if (ratio <= at(low).ratio()) return at(low);
  if (ratio >= at(high).ratio()) return at(high);
  while (high - low > 1) {
    const auto middle = (low + high) / 2;
    (at(middle).ratio() <= ratio ? low : high) = middle;
  }
  const double from = std::log(at(low).ratio()), to = std::log(at(high).ratio());
  auto level = level_of_ratio(ratio);
  level.time = static_cast<double>(low) + (std::log(ratio) - from) / (to - from);
  return level;
}

double NoiseSchedule::beta(std::int64_t time) const {
  return 1 - square_.at(static_cast<std::size_t>(time)) / square_.at(static_cast<std::size_t>(time - 1));
}

std::vector<NoiseLevel> NoiseSchedule::spread(std::int64_t count, bool by_first) const {
  const auto all = std::clamp<std::int64_t>(count, 1, steps());
  const std::int64_t last = by_first && all > 1 ? 1 : 0, parts = all - last;
  std::vector<NoiseLevel> levels;
  for (auto left = parts; left >= 0; --left) {
    levels.push_back(at(last + ((steps() - last) * left + parts / 2) / parts));
  }
  if (last == 1) levels.push_back(at(0));
  return levels;
}

Tensor NoiseSchedule::alphas() const {
  return row_of(square_).sqrt().to(torch::kFloat);
}

Tensor NoiseSchedule::sigmas() const {
  return (1 - row_of(square_)).sqrt().to(torch::kFloat);
}

Prediction prediction_of(const std::string& name) {
  return named(kPredictions, name);
}

const std::vector<std::string>& prediction_names() {
  static const auto names = names_of(kPredictions);
  return names;
}

Solver solver_of(const std::string& name) {
  return named(kSolvers, name);
}

const std::vector<std::string>& solver_names() {
  static const auto names = names_of(kSolvers);
  return names;
}

bool is_second_order(Solver solver) {
  return solver == Solver::heun || solver == Solver::dpm2;
}

double forward_variance(const NoiseLevel& from, const NoiseLevel& to) {
  return 1 - (from.alpha * from.alpha) / (to.alpha * to.alpha);
}

Posterior posterior(const NoiseLevel& from, const NoiseLevel& to) {
  const double step = from.alpha / to.alpha, beta = forward_variance(from, to);
  const double variance = from.sigma * from.sigma, before = to.sigma * to.sigma;
  return {to.alpha * beta / variance, step * before / variance, beta * before / variance};
}

Tensor drop_labels(const Tensor& labels, std::int64_t none, double share, at::Generator generator) {
  const auto drawn = torch::rand(labels.sizes(), generator, labels.options().dtype(torch::kFloat));
  return labels.masked_fill(drawn < share, none);
}

Tensor guided(const Tensor& conditional, const Tensor& unconditional, double w) {
  return conditional + (conditional - unconditional) * w;
}

NoiseLevel level_of_ratio(double ratio) {
  const double alpha = 1 / std::sqrt(1 + ratio * ratio);
  return {ratio, alpha, ratio * alpha};
}

Tensor solver_step(const Denoiser& denoise, const Tensor& x, const NoiseLevel& from, const NoiseLevel& to,
                   const SolverOptions& options, const std::function<NoiseLevel(double)>& middle,
                   at::Generator generator) {
  const auto [data, share] = denoise(x, from);
  if (to.sigma == 0) return data * to.alpha;
  // In y = x / sigma the mean of the datum is the derivative by alpha / sigma.
  const auto moved = [&](const NoiseLevel& level, const Tensor& slope) {
    return x * (level.sigma / from.sigma) + slope * (level.alpha - from.alpha * level.sigma / from.sigma);
  };
  switch (options.solver) {
    case Solver::heun: return moved(to, (data + denoise(moved(to, data), to).data) / 2);
    case Solver::dpm2: {
      const auto half = middle(std::sqrt(from.ratio() * to.ratio()));
      return moved(to, denoise(moved(half, data), half).data);
    }
    case Solver::ddim:
    case Solver::ddpm: break;
  }
  const double eta = options.solver == Solver::ddpm ? 1 : options.eta;
  const double variance = eta * eta * posterior(from, to).variance;
  const double rest = std::sqrt(std::max(0.0, to.sigma * to.sigma - variance));
  const auto mean = data * to.alpha + noise_in(x, data, from.alpha, from.sigma) * rest;
  if (options.solver == Solver::ddpm && share.defined()) {
    const double low = std::log(variance), high = std::log(forward_variance(from, to));
    return mean + normal_beside(x, generator) * ((low + share * (high - low)) / 2).exp();
  }
  const bool large = options.solver == Solver::ddpm && options.large_variance;
  const double deviation = std::sqrt(large ? forward_variance(from, to) : variance);
  return deviation > 0 ? mean + normal_beside(x, generator) * deviation : mean;
}

Tensor discretised_normal(const Tensor& x, const Tensor& mean, const Tensor& deviation, std::int64_t levels) {
  const double half = 1 / static_cast<double>(levels - 1);
  const auto above = (x - mean + half) / deviation, below = (x - mean - half) / deviation;
  // From the upper tail where the interval is above the mean: the difference of two numbers near 1 would lose
  // all digits.
  const auto upper = [](const Tensor& z) { return at::erfc(z / std::numbers::sqrt2) / 2; };
  const auto flip = above + below > 0;
  const auto inner = at::where(flip, upper(below) - upper(above), upper(-above) - upper(-below));
  const auto mass = at::where(x > 1 - half, upper(below), at::where(x < half - 1, upper(-above), inner));
  return mass.clamp_min(1e-12).log();
}

BoundTerms::BoundTerms(const NoiseSchedule& schedule, const BoundOptions& options) : levels_(options.levels) {
  std::vector<double> of_data = {0}, low = {0}, high = {0}, fixed = {0};
  for (std::int64_t t = 1; t <= schedule.steps(); ++t) {
    of_data.push_back(posterior(schedule.at(t), schedule.at(t - 1)).of_data);
    low.push_back(std::log(posterior_variance(schedule, t)));
    high.push_back(std::log(schedule.beta(t)));
    fixed.push_back(std::log(reverse_variance(schedule, t, options)));
  }
  of_data_ = row_of(of_data);
  low_ = row_of(low);
  high_ = row_of(high);
  fixed_ = row_of(fixed);
}

Tensor BoundTerms::operator()(const Estimate& estimate, const Tensor& data, const Tensor& times) const {
  const auto low = entries(low_, times, data), high = entries(high_, times, data);
  const auto log_variance =
      estimate.share.defined() ? low + estimate.share * (high - low) : entries(fixed_, times, data);
  const auto square = (data - estimate.data).square(), precision = (-log_variance).exp();
  const auto apart = square * entries(of_data_, times, data).square();
  const auto transition = (log_variance - low - 1 + (low - log_variance).exp() + apart * precision) / 2;
  const auto of_value = levels_ > 0
                            ? -discretised_normal(data, estimate.data, (log_variance / 2).exp(), levels_)
                            : (square * precision + log_variance + std::log(2 * std::numbers::pi)) / 2;
  return at::where((times == 1).view(low.sizes()), of_value, transition);
}

Tensor bound_weights(const NoiseSchedule& schedule, const BoundOptions& options) {
  std::vector<double> weights = {0};
  for (std::int64_t t = 1; t <= schedule.steps(); ++t) {
    const auto q = posterior(schedule.at(t), schedule.at(t - 1));
    weights.push_back(q.of_data * q.of_data / (2 * reverse_variance(schedule, t, options)));
  }
  return row_of(weights).to(torch::kFloat);
}

BoundParts bound_parts(const NoiseSchedule& schedule, const TimedDenoiser& denoise, const Tensor& data,
                       const BoundOptions& options, at::Generator generator) {
  const auto n = data.size(0), steps = schedule.steps();
  const auto whole = torch::TensorOptions(torch::kLong).device(data.device());
  BoundParts parts;

  const auto end = schedule.at(steps);
  const double variance = end.sigma * end.sigma;
  parts.prior =
      sum_of_rows(data.square() * (end.alpha * end.alpha) + (variance - 1 - std::log(variance))) / 2;

  const BoundTerms terms(schedule, options);
  const auto at_times = [&](const Tensor& times) {
    const auto x = data * entries(schedule.alphas(), times, data) +
                   normal_beside(data, generator) * entries(schedule.sigmas(), times, data);
    return sum_of_rows(terms(denoise(x, times), data, times));
  };
  parts.data = at_times(torch::ones({n}, whole));
  std::vector<double> chance = {0, 0};  // of each time
  for (std::int64_t t = 2; t <= steps; ++t)
    chance.push_back(std::log(schedule.at(t).ratio() / schedule.at(t - 1).ratio()));
  parts.transitions = torch::zeros({n}, data.options());
  if (options.times == 0 || options.times >= steps - 1) {
    for (std::int64_t t = 2; t <= steps; ++t) parts.transitions += at_times(torch::full({n}, t, whole));
    return parts;
  }
  // Each datum's times are evenly spread over the distribution of times, from a start of its own.
  auto likely = row_of(chance);
  likely = likely / likely.sum() * (1 - kEvenShare);
  likely.slice(0, 2) += kEvenShare / static_cast<double>(steps - 1);
  const auto probability = likely.to(data.device()), edges = probability.cumsum(0);
  const auto start = torch::rand({n}, generator, data.options().dtype(torch::kDouble));
  const auto count = static_cast<double>(options.times);
  for (std::int64_t k = 0; k < options.times; ++k) {
    const auto times =
        at::searchsorted(edges, (start + static_cast<double>(k)) / count, /*out_int32=*/false, /*right=*/true)
            .clamp(2, steps);
    parts.transitions +=
        at_times(times) / (probability.index_select(0, times) * count).to(data.scalar_type());
  }
  return parts;
}

}  // namespace belamy::objectives
