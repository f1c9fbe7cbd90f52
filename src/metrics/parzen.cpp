#include "metrics/parzen.h"

#include <cmath>
#include <numbers>

#include "belamy/error.h"

#include "metrics/pairwise.h"

namespace belamy {

using torch::Tensor;

namespace {

constexpr std::int64_t kParzenBlock = 500;  // rows of data; 20 MB of distances with 10,000 samples

// [N, widths] f64. All widths together, since the distances take most of the time.
Tensor log_likelihoods(const Tensor& data, const Tensor& samples, const std::vector<double>& widths) {
  const torch::NoGradGuard no_grad;
  for (const double sigma : widths) {
    if (!(sigma > 0))
      throw usage_error(fmt::format("a Parzen window of width {}", sigma), "it must be above 0");
  }
  const auto flat = [](const Tensor& x) { return x.dim() > 1 ? x.flatten(1) : x.unsqueeze(1); };
  check_feature_sets(flat(data), flat(samples), 1, "the Parzen window");
  // Centred, so that squared_distances does not lose precision.
  const auto at = flat(samples).to(torch::kFloat), centre = at.mean(0, true), around = at - centre;
  const auto dimensions = static_cast<double>(at.size(1));
  const double count = std::log(static_cast<double>(at.size(0)));
  std::vector<Tensor> parts;
  for (const auto& rows : flat(data).to(torch::kFloat).split(kParzenBlock)) {
    const auto distances = squared_distances(rows - centre, around);
    std::vector<Tensor> columns;
    for (const double sigma : widths) {
      const double constant = dimensions * std::log(sigma * std::sqrt(2 * std::numbers::pi)) + count;
      columns.push_back((distances * (-0.5 / (sigma * sigma))).logsumexp(1).to(torch::kDouble) - constant);
    }
    parts.push_back(torch::stack(columns, 1));
  }
  return torch::cat(parts);
}

}  // namespace

Tensor parzen_log_likelihood(const Tensor& data, const Tensor& samples, double sigma) {
  return log_likelihoods(data, samples, {sigma}).squeeze(1);
}

ParzenEstimate parzen_estimate(const Tensor& samples, const Tensor& validation, const Tensor& test,
                               const std::vector<double>& widths) {
  const auto best = log_likelihoods(validation, samples, widths).mean(0).argmax().item<std::int64_t>();
  ParzenEstimate estimate{widths.at(static_cast<std::size_t>(best)), 0, 0};
  const auto each = parzen_log_likelihood(test, samples, estimate.sigma);
  estimate.mean = each.mean().item<double>();
  if (each.size(0) > 1)
    estimate.standard_error = each.std().item<double>() / std::sqrt(static_cast<double>(each.size(0)));
  return estimate;
}

std::vector<double> parzen_widths() {
  std::vector<double> widths;
  for (int i = 0; i < 10; ++i) widths.push_back(std::pow(10.0, i / 9.0 - 1));
  return widths;
}

double bits_per_dimension(double nats, std::int64_t dimensions, std::int64_t levels) {
  const double bits = nats / (static_cast<double>(dimensions) * std::numbers::ln2);
  return levels == 0 ? bits + 8 : bits;
}

}  // namespace belamy
