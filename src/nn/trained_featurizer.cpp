#include "nn/trained_featurizer.h"

#include <torch/types.h>
#include <utility>

#include "data/weights.h"
#include "nn/vgg16.h"

namespace belamy {
namespace {

class Vgg16Featurizer : public Featurizer {
 public:
  explicit Vgg16Featurizer(nn::Vgg16 network) : network_(std::move(network)) {}

  std::vector<Tensor> features(const Tensor& images) override {
    return network_.features(images, {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"});
  }

 private:
  nn::Vgg16 network_;
};

}  // namespace

std::unique_ptr<Featurizer> vgg16_featurizer(const Safetensors& content, const std::string& origin,
                                             torch::Device device) {
  return std::make_unique<Vgg16Featurizer>(nn::Vgg16(content, origin, nn::Vgg16::Pooling::average, device));
}

std::unique_ptr<Featurizer> vgg16_featurizer(const std::string& weights, torch::Device device) {
  const auto found = read_weights(weights);
  return vgg16_featurizer(found.content, found.file.path.string(), device);
}

}  // namespace belamy
