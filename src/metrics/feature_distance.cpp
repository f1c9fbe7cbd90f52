#include "metrics/feature_distance.h"

#include <torch/types.h>

#include "data/weights.h"

namespace belamy {
namespace {

const std::vector<std::string> kDistanceLayers = {"relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"};

nn::Vgg16 network_in(const Weights& weights, torch::Device device) {
  return {weights.content, weights.file.path.string(), nn::Vgg16::Pooling::max, device};
}

}  // namespace

FeatureDistance::FeatureDistance(const std::string& name, torch::Device device)
    : network_([&] {
        const auto weights = read_weights(name);
        sha256_ = weights.file.sha256;
        return network_in(weights, device);
      }()) {}

torch::Tensor FeatureDistance::operator()(const torch::Tensor& a, const torch::Tensor& b) const {
  const auto of_a = network_.features(a, kDistanceLayers), of_b = network_.features(b, kDistanceLayers);
  const auto unit = [](const torch::Tensor& map) { return map / (map.square().sum(1, true) + 1e-10).sqrt(); };
  torch::Tensor sum;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const auto each = (unit(of_a[i]) - unit(of_b[i])).square().sum(1).flatten(1).mean(1);
    sum = sum.defined() ? sum + each : each;
  }
  return sum / static_cast<double>(of_a.size());
}

}  // namespace belamy
