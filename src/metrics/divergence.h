// Divergences of distributions, all in nats: discrete, Gaussian, given by a density, or known by samples.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <torch/types.h>

namespace belamy {

// Discrete distributions over the same K outcomes, as shares or as counts: each is divided by its sum. Data
// errors: different lengths, nothing, negative or non-finite values, a sum of 0.

/// KL(p || q) = sum p log(p / q): infinity where q lacks an outcome that p has. KL(q || p), the reverse, is
/// the same function with its arguments exchanged.
double kl_divergence(std::span<const double> p, std::span<const double> q);

/// (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2: symmetric, 0 to log 2 (Lin 1991).
double js_divergence(std::span<const double> p, std::span<const double> q);

/// Half the sum of |p - q|: 0 to 1.
double total_variation(std::span<const double> p, std::span<const double> q);

/// A Gaussian on the line. Usage error where one is used with a deviation that is not above 0.
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

/// The logarithm of a density on the line, minus infinity where it is 0. As a logarithm, because a ratio of
/// densities lives on in tails where the densities themselves underflow.
using LogDensity = std::function<double(double)>;

/// The integral of `f` over [low, high] by adaptive Gauss-Kronrod quadrature of 7 and 15 points (as in
/// QUADPACK, Piessens et al. 1983), to an estimated absolute error of `tolerance` or as far as 10,000 panels
/// go. Starts with 64 of them, so that narrow bumps are seen. Not finite where a value is not. Usage error:
/// not low < high, both finite.
double integrate(const std::function<double(double)>& f, double low, double high, double tolerance = 1e-10);

/// KL(p || q) of densities over [low, high], outside of which both have to be negligible.
double kl_divergence(const LogDensity& p, const LogDensity& q, double low, double high);
/// JS(p, q), likewise.
double js_divergence(const LogDensity& p, const LogDensity& q, double low, double high);

// From samples on the line, [N] and [M]: both are counted in `bins` equal bins over their common range. Data
// errors: fewer than 1 number, values that are not finite. Usage error: fewer than 1 bin.

/// KL of the histograms: infinity as soon as one bin holds x and no y.
double histogram_kl(const torch::Tensor& x, const torch::Tensor& y, std::int64_t bins);
/// JS of the histograms, never above that of the distributions but for the noise of counting.
double histogram_js(const torch::Tensor& x, const torch::Tensor& y, std::int64_t bins);

/// KL of the distributions behind x [N, D] and y [M, D] by the distances to k-th nearest neighbours (Wang,
/// Kulkarni and Verdu 2009, eq. 5): D/N sum log(r_y / r_x) + log(M / (N - 1)). Consistent, and may come out
/// below 0. Data errors: not more than k points on a side, more than k equal points (a distance of 0), values
/// that are not finite. Usage error: k < 1.
double neighbour_kl(const torch::Tensor& x, const torch::Tensor& y, std::int64_t k = 5);

}  // namespace belamy
