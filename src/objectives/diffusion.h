// Diffusion: the noise that a datum gets, what a network predicts of it, samplers, and the bound on the
// likelihood. Pure functions; the network is a function argument.
//
//   x_t = alpha_t x_0 + sigma_t noise,   alpha_t^2 + sigma_t^2 = 1,   t = 0 (the datum) to T (noise)
//
// alpha_t^2 is the "alpha-bar" of Ho et al. 2020 (arXiv:2006.11239); log(alpha / sigma) is the "lambda" of
// Lu et al. 2022 (arXiv:2206.00927), sigma / alpha the noise level of Karras et al. 2022 (arXiv:2206.00364).
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <torch/types.h>
#include <utility>
#include <vector>

namespace belamy::objectives {

using torch::Tensor;

/// A point on the way from the datum to noise. `time` is 0 to T, and need not be a whole number.
struct NoiseLevel {
  double time = 0, alpha = 1, sigma = 0;

  /// sigma / alpha: the deviation of the noise in x_t / alpha_t = x_0 + ratio noise.
  double ratio() const { return sigma / alpha; }
};

/// How the noise grows over T steps.
class NoiseSchedule {
 public:
  /// linear: beta_t from 1e-4 to 0.02 in equal steps, times 1000 / T, so that any T ends in nearly the same
  /// noise (Ho et al. 2020; Nichol & Dhariwal 2021). cosine: alpha_t = cos((t / T + 0.008) / 1.008 * pi / 2),
  /// relative to that of t = 0 (Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 17). No beta exceeds 0.999. T
  /// at least 2.
  NoiseSchedule(const std::string& name, std::int64_t steps);
  static const std::vector<std::string>& names();

  std::int64_t steps() const { return static_cast<std::int64_t>(square_.size()) - 1; }
  NoiseLevel at(std::int64_t time) const;
  /// The level of a ratio sigma / alpha; between whole times, log(alpha / sigma) is interpolated linearly.
  /// Ratios beyond those of times 1 and T get the levels of times 1 and T.
  NoiseLevel at_ratio(double ratio) const;
  /// 1 - alpha_t^2 / alpha_{t-1}^2.
  double beta(std::int64_t time) const;
  /// `count` + 1 levels from T down to 0, evenly spaced in time; at most T + 1. With `by_first` the last step
  /// starts at time 1, and the others are even. Solvers of order 2 need that, because the step to 0 is of
  /// order 1.
  std::vector<NoiseLevel> spread(std::int64_t count, bool by_first = false) const;
  /// alpha and sigma at the times 0 to T: [T + 1] f32 each.
  Tensor alphas() const;
  Tensor sigmas() const;

 private:
  std::vector<double> square_;  // alpha^2 of the times 0 to T
};

/// What a network predicts of x_t: its noise, the datum x_0, or v = alpha noise - sigma x_0 (Salimans & Ho
/// 2022, arXiv:2202.00512).
enum class Prediction { noise, data, velocity };
Prediction prediction_of(const std::string& name);  ///< by name: "noise", "data", "velocity"
const std::vector<std::string>& prediction_names();

// `alpha` and `sigma` are numbers, or tensors that broadcast with x.

/// The prediction that is right for this datum and this noise.
template <class S>
Tensor predicted(Prediction kind, const Tensor& data, const Tensor& noise, const S& alpha, const S& sigma) {
  switch (kind) {
    case Prediction::noise: return noise;
    case Prediction::data: return data;
    case Prediction::velocity: break;
  }
  return noise * alpha - data * sigma;
}
/// x_0 from the prediction for x.
template <class S>
Tensor data_in(Prediction kind, const Tensor& prediction, const Tensor& x, const S& alpha, const S& sigma) {
  switch (kind) {
    case Prediction::noise: return (x - prediction * sigma) / alpha;
    case Prediction::data: return prediction;
    case Prediction::velocity: break;
  }
  return x * alpha - prediction * sigma;
}
/// The noise in x = alpha x_0 + sigma noise.
template <class S>
Tensor noise_in(const Tensor& x, const Tensor& data, const S& alpha, const S& sigma) {
  return (x - data * alpha) / sigma;
}

/// q(x_s | x_t, x_0) = N(of_data x_0 + of_noisy x_t, variance) for s < t: Ho et al. 2020, eq. 6 and 7.
struct Posterior {
  double of_data, of_noisy, variance;
};
Posterior posterior(const NoiseLevel& from, const NoiseLevel& to);
/// The variance of x_t given x_s, which is beta for s = t - 1: the larger of the two choices for the variance
/// of a reverse step. That of `posterior` is the smaller one. `from` is the level of t, `to` that of s.
double forward_variance(const NoiseLevel& from, const NoiseLevel& to);

/// The labels, each replaced by `none` with probability `share`: Ho & Salimans 2022
/// (arXiv:2207.12598), algorithm 1. [N] int64.
Tensor drop_labels(const Tensor& labels, std::int64_t none, double share, at::Generator generator);
/// (1 + w) conditional - w unconditional: the convention of Ho & Salimans 2022, eq. 6. w = 0 is the
/// conditional model. The same holds for predictions of noise, data and v, since each is affine in the
/// others.
Tensor guided(const Tensor& conditional, const Tensor& unconditional, double w);

// ---- Samplers ----

/// What a network says of x_t.
struct Estimate {
  Estimate(Tensor mean_of_data) : data(std::move(mean_of_data)) {}  // NOLINT: most networks say no more
  Estimate(Tensor mean_of_data, Tensor share_of_variance)
      : data(std::move(mean_of_data)), share(std::move(share_of_variance)) {}

  Tensor data;  ///< the mean of x_0 given x_t
  /// How far the logarithm of the variance of a reverse step is from the smaller choice, that of the posterior, to
  /// the larger one, `forward_variance`: Nichol & Dhariwal 2021, eq. 15. For each value; undefined if the variance
  /// is not learned.
  Tensor share;
};

/// x at a level -> what the network says of it.
using Denoiser = std::function<Estimate(const Tensor& x, const NoiseLevel& level)>;

enum class Solver {
  ddim,  ///< order 1; noise if eta > 0: Song et al. 2021 (arXiv:2010.02502), eq. 12. At eta 0 Euler's method
  ddpm,  ///< ancestral: Ho et al. 2020, algorithm 2
  heun,  ///< order 2, two evaluations a step: the mean of the slopes at both ends, as in Karras et al. 2022
  dpm2   ///< order 2, two evaluations a step, the second at the middle of log(alpha / sigma): Lu et al. 2022
};
/// Whether the solver is heun or dpm2. Both work on x / sigma as a function of alpha / sigma, like the
/// DPM-Solver++ of Lu et al. 2022b (arXiv:2211.01095). The slope of this function is the mean of x_0, so
/// slopes are bounded. Karras et al. work on x / alpha. From the noise of a cosine schedule,
/// sigma / alpha = 2e4, their first step would explode; the greatest noise of Karras et al. is 80.
bool is_second_order(Solver solver);
Solver solver_of(const std::string& name);
const std::vector<std::string>& solver_names();

struct SolverOptions {
  Solver solver = Solver::ddim;
  double eta = 0;  ///< for ddim: 0 no noise, 1 the noise of the posterior
  bool large_variance =
      false;  ///< for ddpm without a learned variance: forward_variance, not the posterior's
};

/// x after one step of the solver. Steps to sigma = 0 are of order 1 and without noise. `middle` gives the
/// level of a ratio sigma / alpha; only dpm2 calls it.
Tensor solver_step(const Denoiser& denoise, const Tensor& x, const NoiseLevel& from, const NoiseLevel& to,
                   const SolverOptions& options, const std::function<NoiseLevel(double)>& middle,
                   at::Generator generator);

/// The level of a ratio sigma / alpha without a schedule; its `time` is the ratio.
NoiseLevel level_of_ratio(double ratio);

// ---- The bound ----

/// x_t [N, ...] and t [N] int64 -> what the network says of it.
using TimedDenoiser = std::function<Estimate(const Tensor& x, const Tensor& times)>;

struct BoundOptions {
  /// 0: the data are continuous. Otherwise each value is one of this many equally spaced levels in [-1, 1].
  std::int64_t levels = 0;
  /// For a variance that is not learned: forward_variance for a reverse step, in place of the posterior's.
  bool large_variance = false;
  /// The number of times t at which the KL terms of each datum are computed. They are drawn, more often where
  /// log(alpha / sigma) changes quickly, and weighted so that their sum is unbiased. 0: all times.
  std::int64_t times = 0;
};

/// The parts of minus the bound: [N] each, nats. Ho et al. 2020, eq. 5.
struct BoundParts {
  Tensor prior;        ///< L_T: KL(q(x_T | x_0) || N(0, 1))
  Tensor transitions;  ///< L_1 + ... + L_{T-1}: the KL of the reverse steps to the posteriors
  Tensor data;         ///< L_0: -log p(x_0 | x_1)

  Tensor bound() const { return -(prior + transitions + data); }  ///< on log p(x_0)
};
/// L_0 is minus the logarithm of a Gaussian density, or for discrete data of its mass in the interval of each
/// value; the two outer intervals are open. The variance of this Gaussian is that of the posterior at t = 2
/// for discrete data, as in Ho et al.'s program, and sigma_1^2 / alpha_1^2 for continuous data. A learned
/// variance lies between that of the posterior at t = 2 and beta_1.
BoundParts bound_parts(const NoiseSchedule& schedule, const TimedDenoiser& denoise, const Tensor& data,
                       const BoundOptions& options, at::Generator generator);

/// The part of minus the bound that belongs to one time, for each value of the data: the KL of the reverse step
/// to the posterior, or minus log p(x_0 | x_1) at t = 1. Nats.
class BoundTerms {
 public:
  BoundTerms(const NoiseSchedule& schedule, const BoundOptions& options);
  /// data [N, ...], times [N] int64 -> [N, ...].
  Tensor operator()(const Estimate& estimate, const Tensor& data, const Tensor& times) const;

 private:
  std::int64_t levels_;
  Tensor of_data_;  // [T + 1] each, at the times 0 (unused) to T: factor of x_0 in the posterior's mean
  Tensor low_, high_,
      fixed_;  // logarithms of variances: the posterior's, beta, that of a step that learns none
};

/// The factor of |x_0 - mean of x_0|^2 in the bound for the times 0 (unused: 0) to T: [T + 1] f32.
Tensor bound_weights(const NoiseSchedule& schedule, const BoundOptions& options);

/// log of the mass of N(mean, deviation^2) in the interval around each value of x, elementwise. Each value is
/// one of `levels` equally spaced levels in [-1, 1]; the two outer intervals are open. Masses below 1e-12
/// count as 1e-12.
Tensor discretised_normal(const Tensor& x, const Tensor& mean, const Tensor& deviation, std::int64_t levels);

}  // namespace belamy::objectives
