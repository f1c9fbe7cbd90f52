#include "metrics/divergence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numbers>
#include <queue>
#include <vector>

#include "belamy/error.h"

#include "metrics/pairwise.h"

namespace belamy {
namespace {

using torch::Tensor;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int first_panels = 64;
constexpr std::size_t most_panels = 10000;  // reached if rounding keeps the error above the tolerance
constexpr std::int64_t kDivergenceBlock = 1000;

std::vector<double> shares_of(std::span<const double> weights) {
  double sum = 0;
  for (const double w : weights) {
    if (!(w >= 0) || !std::isfinite(w))
      throw data_error(fmt::format("a distribution cannot hold the value {:g}", w));
    sum += w;
  }
  if (!(sum > 0)) throw data_error("a distribution cannot sum to 0");
  std::vector<double> shares(weights.begin(), weights.end());
  for (double& share : shares) share /= sum;
  return shares;
}

using Shares = std::pair<std::vector<double>, std::vector<double>>;

Shares both_shares(std::span<const double> p, std::span<const double> q) {
  if (p.size() != q.size() || p.empty()) {
    throw data_error(
        fmt::format("a divergence needs two distributions over the same outcomes, not over {} and {}",
                    p.size(), q.size()));
  }
  return {shares_of(p), shares_of(q)};
}

double kl_term(double p, double q) {
  if (p == 0) return 0;
  return q == 0 ? infinity : p * std::log(p / q);
}

void check_gaussian(const Gaussian& gaussian) {
  if (!(gaussian.deviation > 0))
    throw usage_error(fmt::format("a Gaussian needs a deviation above 0, not {:g}", gaussian.deviation));
}

Tensor factor(const Tensor& covariance) {
  const auto [lower, info] = torch::linalg_cholesky_ex(covariance);
  if (info.item<int>() != 0) throw data_error("a covariance is not positive definite");
  return lower;
}

// exp(log_p) (log_p - log_q), with the limit where p is 0.
double kl_integrand(double log_p, double log_q) {
  if (log_p == -infinity) return 0;
  return log_q == -infinity ? infinity : std::exp(log_p) * (log_p - log_q);
}

double log_mean(double a, double b) {
  const double high = std::max(a, b);
  if (high == -infinity) return high;
  return high + std::log(0.5 * (std::exp(a - high) + std::exp(b - high)));
}

struct Panel {
  double low, high, value, error;
  bool operator<(const Panel& other) const { return error < other.error; }
};

// Kronrod's 15 points on [-1, 1]: the nodes at and above 0, their weights, and the weights of Gauss's 7
// points, which are every second of them.
constexpr std::array<double, 8> places = {
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
    0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
    0.586087235467691130294144691258377, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0};
constexpr std::array<double, 8> kronrod = {
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
    0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
    0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714};
constexpr std::array<double, 4> gauss = {
    0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
    0.381830050505118944950369775488975, 0.417959183673469387755102040816327};

Panel panel(const std::function<double(double)>& f, double low, double high) {
  const double middle = 0.5 * (low + high), half = 0.5 * (high - low);
  double fine = 0, coarse = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    double value = f(middle + half * places[i]);
    if (places[i] > 0) value += f(middle - half * places[i]);
    fine += kronrod[i] * value;
    if (i % 2 == 1) coarse += gauss[i / 2] * value;
  }
  return {low, high, half * fine, half * std::abs(fine - coarse)};
}

// Shares of x and of y in equal bins over their common range.
Shares histograms(const Tensor& x, const Tensor& y, std::int64_t bins) {
  if (bins < 1) throw usage_error("a histogram needs at least one bin");
  if (x.dim() != 1 || y.dim() != 1) throw data_error("a histogram of samples needs numbers [N] and [M]");
  check_feature_sets(x.unsqueeze(1), y.unsqueeze(1), 1, "a histogram");
  const Tensor a = x.detach().cpu().to(torch::kDouble), b = y.detach().cpu().to(torch::kDouble);
  const double low = std::min(a.min().item<double>(), b.min().item<double>());
  const double high = std::max(a.max().item<double>(), b.max().item<double>());
  const double width = high > low ? (high - low) / static_cast<double>(bins) : 1;
  const auto count = [&](const Tensor& numbers) {
    const Tensor places = ((numbers - low) / width).to(torch::kLong).clamp(0, bins - 1);
    const Tensor counts = torch::bincount(places, {}, bins).to(torch::kDouble);
    return std::vector<double>(counts.data_ptr<double>(), counts.data_ptr<double>() + bins);
  };
  return {count(a), count(b)};
}

// [N, D], [M, D] -> [N]: the distance of each x to its k-th nearest y.
Tensor neighbour_distances(const Tensor& x, const Tensor& y, std::int64_t k) {
  std::vector<Tensor> distances;
  for (const Tensor& rows : x.split(kDivergenceBlock)) {
    // Without matrix products, which lose the digits of near neighbours.
    distances.push_back(std::get<0>(torch::cdist(rows, y, 2, 2).kthvalue(k, 1)));
  }
  return torch::cat(distances);
}

}  // namespace

double kl_divergence(std::span<const double> p, std::span<const double> q) {
  const auto [a, b] = both_shares(p, q);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += kl_term(a[i], b[i]);
  return std::max(sum, 0.0);
}

double js_divergence(std::span<const double> p, std::span<const double> q) {
  const auto [a, b] = both_shares(p, q);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double middle = 0.5 * (a[i] + b[i]);
    sum += 0.5 * (kl_term(a[i], middle) + kl_term(b[i], middle));
  }
  return std::max(sum, 0.0);
}

double total_variation(std::span<const double> p, std::span<const double> q) {
  const auto [a, b] = both_shares(p, q);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += 0.5 * std::abs(a[i] - b[i]);
  return sum;
}

double Gaussian::log_density(double x) const {
  check_gaussian(*this);
  const double z = (x - mean) / deviation;
  return -0.5 * z * z - std::log(deviation) - 0.5 * std::log(2 * std::numbers::pi);
}

double kl_divergence(const Gaussian& p, const Gaussian& q) {
  check_gaussian(p);
  check_gaussian(q);
  const double ratio = p.deviation / q.deviation, shift = (p.mean - q.mean) / q.deviation;
  return 0.5 * (ratio * ratio + shift * shift - 1) - std::log(ratio);
}

double kl_divergence(const Tensor& mean_p, const Tensor& covariance_p, const Tensor& mean_q,
                     const Tensor& covariance_q) {
  const auto d = mean_p.numel();
  const auto square = [d](const Tensor& c) { return c.dim() == 2 && c.size(0) == d && c.size(1) == d; };
  if (mean_p.dim() != 1 || mean_q.dim() != 1 || d < 1 || mean_q.numel() != d || !square(covariance_p) ||
      !square(covariance_q)) {
    throw data_error("the divergence of two Gaussians needs means [D] and covariances [D, D]");
  }
  const auto plain = [](const Tensor& t) { return t.detach().cpu().to(torch::kDouble); };
  const Tensor lower_p = factor(plain(covariance_p)), lower_q = factor(plain(covariance_q));
  const auto solve = [&](const Tensor& b) { return torch::linalg_solve_triangular(lower_q, b, false); };
  // tr(S_q^-1 S_p) = |L_q^-1 L_p|^2, and the log-determinants from the diagonals.
  const double trace = solve(lower_p).square().sum().item<double>();
  const double shift = solve((plain(mean_q) - plain(mean_p)).unsqueeze(1)).square().sum().item<double>();
  const double logs = (lower_q.diagonal().log() - lower_p.diagonal().log()).sum().item<double>();
  return 0.5 * (trace + shift - static_cast<double>(d)) + logs;
}

double integrate(const std::function<double(double)>& f, double low, double high, double tolerance) {
  if (!(low < high) || !std::isfinite(low) || !std::isfinite(high))
    throw usage_error(fmt::format("an integral needs a range, not {:g} to {:g}", low, high));
  const double range = high - low;
  std::priority_queue<Panel> panels;  // the one with the greatest error first
  double sum = 0, error = 0;
  const auto add = [&](double from, double to) {
    const Panel part = panel(f, from, to);
    sum += part.value;
    error += part.error;
    panels.push(part);
  };
  for (int i = 0; i < first_panels; ++i)
    add(low + range * i / first_panels, low + range * (i + 1) / first_panels);
  while (error > tolerance && panels.size() < most_panels && std::isfinite(sum)) {
    const Panel worst = panels.top();
    const double middle = 0.5 * (worst.low + worst.high);
    if (worst.error <= 0 || worst.high - worst.low < range * 0x1p-46) break;
    panels.pop();
    sum -= worst.value;
    error -= worst.error;
    add(worst.low, middle);
    add(middle, worst.high);
  }
  return sum;
}

double kl_divergence(const LogDensity& p, const LogDensity& q, double low, double high) {
  return integrate([&](double x) { return kl_integrand(p(x), q(x)); }, low, high);
}

double js_divergence(const LogDensity& p, const LogDensity& q, double low, double high) {
  const auto integrand = [&](double x) {
    const double a = p(x), b = q(x), middle = log_mean(a, b);
    return 0.5 * (kl_integrand(a, middle) + kl_integrand(b, middle));
  };
  return integrate(integrand, low, high);
}

double histogram_kl(const Tensor& x, const Tensor& y, std::int64_t bins) {
  const auto [p, q] = histograms(x, y, bins);
  return kl_divergence(p, q);
}

double histogram_js(const Tensor& x, const Tensor& y, std::int64_t bins) {
  const auto [p, q] = histograms(x, y, bins);
  return js_divergence(p, q);
}

double neighbour_kl(const Tensor& x, const Tensor& y, std::int64_t k) {
  if (k < 1) throw usage_error("an estimate by neighbours needs at least one (k >= 1)");
  check_feature_sets(x, y, k + 1, "the divergence by neighbours");
  const torch::NoGradGuard no_grad;
  const Tensor a = x.to(torch::kDouble), b = y.to(torch::kDouble);
  // In its own set the nearest point is the point itself, at distance 0.
  const Tensor own = neighbour_distances(a, a, k + 1), other = neighbour_distances(a, b, k);
  if (torch::minimum(own, other).min().item<double>() == 0) {
    throw data_error("the divergence by neighbours found more than k equal points",
                     "take a larger k, or remove repeated points");
  }
  const double n = static_cast<double>(a.size(0)), m = static_cast<double>(b.size(0));
  const double mean = (other / own).log().mean().item<double>();
  return static_cast<double>(a.size(1)) * mean + std::log(m / (n - 1));
}

}  // namespace belamy
