#include "labs/line.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace belamy::labs {

double LineMixture::log_density(double x) const {
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const auto& part : parts) most = std::max(most, part.log_density(x));
  for (const auto& part : parts) sum += std::exp(part.log_density(x) - most);
  return most + std::log(sum / static_cast<double>(parts.size()));
}

double LineMixture::density(double x) const {
  return std::exp(log_density(x));
}

Tensor LineMixture::sample(std::int64_t n, at::Generator generator) const {
  const auto f64 = torch::TensorOptions(torch::kFloat64);
  const auto k = static_cast<std::int64_t>(parts.size());
  std::vector<Tensor> drawn;
  for (std::int64_t i = 0; i < k; ++i) {
    const auto count = (n + k - 1 - i) / k;
    const auto share =
        (torch::arange(count, f64) + torch::rand({count}, generator, f64)) / static_cast<double>(count);
    const auto normal = torch::erfinv((2 * share - 1).clamp(-1 + 1e-15, 1 - 1e-15)) * std::sqrt(2.0);
    const auto& part = parts[static_cast<std::size_t>(i)];
    drawn.push_back(part.mean + part.deviation * normal);
  }
  return at::cat(drawn).to(torch::kFloat32).unsqueeze(1);
}

double LineMixture::low() const {
  double least = std::numeric_limits<double>::infinity();
  for (const auto& part : parts) least = std::min(least, part.mean - 8 * part.deviation);
  return least;
}

double LineMixture::high() const {
  double most = -std::numeric_limits<double>::infinity();
  for (const auto& part : parts) most = std::max(most, part.mean + 8 * part.deviation);
  return most;
}

double softplus(double t) {
  return std::max(t, 0.0) + std::log1p(std::exp(-std::abs(t)));
}

std::vector<double> places(double low, double high, int count) {
  std::vector<double> made;
  for (int i = 0; i < count; ++i) made.push_back(low + (high - low) * i / (count - 1));
  return made;
}

Tensor column(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).unsqueeze(1);
}

LabSeries curve(const std::string& name, const std::vector<double>& x, const std::function<double(double)>& f,
                bool dashed) {
  LabSeries series{name, x, {}};
  for (const double at : x) series.y.push_back(f(at));
  series.dashed = dashed;
  return series;
}

}  // namespace belamy::labs
