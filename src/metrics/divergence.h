// Divergences of distributions in nats: discrete, Gaussian, given by a density, or by samples.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <torch/types.h>

namespace belamy {

// Discrete distributions over the same K outcomes, as shares or counts: each is divided by its sum. Data
// errors: different lengths, no outcome, negative or non-finite values, a sum of 0.

/// KL(p || q) = sum p log(p / q); infinity if q lacks an outcome that p has.
double kl_divergence(std::span<const double> p, std::span<const double> q);

/// (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2: symmetric, 0 to log 2 (Lin 1991).
double js_divergence(std::span<const double> p, std::span<const double> q);

/// Half the sum of |p - q|: 0 to 1.
double total_variation(std::span<const double> p, std::span<const double> q);

/// A Gaussian on the line. Functions throw a usage error if its deviation is not above 0.
struct Gaussian {
  double mean = 0, deviation = 1;
  double log_density(double x) const;
};

/// KL(p || q) = log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2.
double kl_divergence(const Gaussian& p, const Gaussian& q);

/// KL(p || q) of Gaussians with means [D] and covariances [D, D], symmetric and positive definite, computed
/// in double by Cholesky factors. Data errors: shapes, a covariance that is not positive definite.
double kl_divergence(const torch::Tensor& mean_p, const torch::Tensor& covariance_p,
                     const torch::Tensor& mean_q, const torch::Tensor& covariance_q);

/// The logarithm of a density on the line, minus infinity where the density is 0. Logarithms keep ratios
/// exact in tails where the densities underflow.
using LogDensity = std::function<double(double)>;

/// The integral of `f` over [low, high] by adaptive Gauss-Kronrod quadrature of 7 and 15 points (as in
/// QUADPACK, Piessens et al. 1983), to an estimated absolute error of `tolerance`, with at most 10,000
/// panels. Starts with 64 panels, so as not to miss narrow peaks. Not finite if a value is not. Usage error:
/// low or high not finite, or not low < high.
double integrate(const std::function<double(double)>& f, double low, double high, double tolerance = 1e-10);

/// KL(p || q) of densities over [low, high]; both must be negligible elsewhere.
double kl_divergence(const LogDensity& p, const LogDensity& q, double low, double high);
/// JS(p, q) of the same.
double js_divergence(const LogDensity& p, const LogDensity& q, double low, double high);

// From samples on the line, [N] and [M]: both are counted in `bins` equal bins over their common range. Data
// errors: no number, values that are not finite. Usage error: no bin.

/// KL of the histograms: infinity if a bin has x but no y.
double histogram_kl(const torch::Tensor& x, const torch::Tensor& y, std::int64_t bins);
/// JS of the histograms: apart from sampling noise, never above that of the distributions.
double histogram_js(const torch::Tensor& x, const torch::Tensor& y, std::int64_t bins);

/// KL of the distributions of x [N, D] and y [M, D] from the distances to k-th nearest neighbours (Wang,
/// Kulkarni and Verdu 2009, eq. 5): D/N sum log(r_y / r_x) + log(M / (N - 1)). Consistent; may be below
/// 0. Data errors: k or fewer points on a side, more than k equal points (a distance of 0), values
/// that are not finite. Usage error: k < 1.
double neighbour_kl(const torch::Tensor& x, const torch::Tensor& y, std::int64_t k = 5);

}  // namespace belamy
