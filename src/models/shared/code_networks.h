// Encoder and decoder networks of the autoencoder family: fully connected, or convolutions down to 4x4 with
// strides or with pooling.
#pragma once

#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

#include "nn/layers.h"

namespace belamy::models {

/// The settings that shape both networks; a model's own config derives from it.
struct CodeConfig : ModelConfig {
  std::string network = "fully-connected";
  std::vector<std::int64_t> hidden = {400};
  std::int64_t width = 32;
  std::string down = "stride";
  std::string activation = "relu";
  std::int64_t code = 20;

  void fields(Fields& f) override;
};

/// Data -> [N, outputs], without an activation at the end. `norm` is a name of nn::Norm for its convolutions;
/// empty: none.
std::shared_ptr<nn::Chain> make_encoder(const DataShape& shape, const CodeConfig& config,
                                        std::int64_t outputs, at::Generator generator,
                                        const std::string& norm = "batch",
                                        nn::Weighting weighting = nn::Weighting::plain);
/// [N, code] -> the data's shape, without an activation at the end.
std::shared_ptr<nn::Chain> make_decoder(const DataShape& shape, const CodeConfig& config,
                                        at::Generator generator);

/// What is wrong with the data for these networks; empty: nothing.
Fault check_code_networks(const DataShape& shape, const ModelConfig& config);
ImageSides code_sides(const Recipe& recipe);

/// [-1, 1] -> [0, 1] and back: the likelihoods of the papers are on [0, 1].
inline Tensor to_unit(const Tensor& data) {
  return (data + 1) * 0.5;
}
inline Tensor from_unit(const Tensor& unit) {
  return unit * 2 - 1;
}

}  // namespace belamy::models
