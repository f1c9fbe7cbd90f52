// The networks of DCGAN (Radford, Metz & Chintala 2016), shared by several models.
#pragma once

#include "models/shared/adversarial_model.h"

namespace belamy::models {

struct ConvolutionalConfig : AdversarialConfig {
  std::int64_t width = 64;
  std::int64_t discriminator_width = 0;
  std::string smallest = "4";
  std::int64_t dense = 0;

  void fields(Fields& f) override;
  std::int64_t smallest_side() const { return smallest == "8" ? 8 : 4; }
};

/// What a model adds to a plain DCGAN.
struct ConvolutionalParts {
  Codes codes = {};          ///< inputs of the generator beside its noise
  std::int64_t planes = 0;   ///< values of a condition that the discriminator gets as planes beside the image
  std::int64_t outputs = 1;  ///< of the discriminator's final layer
  /// Appends another final part to a discriminator with `features` values for each datum.
  std::function<void(nn::Chain& discriminator, std::int64_t features)> end = {};
};

/// Strided convolutions in the discriminator, fractionally strided ones in the generator, 4x4 kernels; the dense
/// layers of InfoGAN's networks where they are wanted. A
/// side that is not a power of two is padded with black for the discriminator and cropped from the
/// generator's output.
class ConvolutionalGan : public AdversarialModel, public Featurizer {
 public:
  ConvolutionalGan(const DataShape& shape, const ConvolutionalConfig& config, at::Generator generator,
                   const ConvolutionalParts& parts = {});

  Featurizer* featurizer() override { return this; }
  /// The outputs of the discriminator's layers.
  std::vector<Tensor> features(const Tensor& images) override {
    return discriminator_->pictures(game().packs_of_one(images));
  }
};

ImageSides convolutional_sides(const Recipe&);
/// What is wrong with the game; empty: nothing.
Fault check_convolutional(const DataShape&, const Recipe& recipe);

}  // namespace belamy::models
