// The networks of DCGAN, for every model that plays its game with them: Radford, Metz & Chintala 2016.
#pragma once

#include "models/shared/adversarial_model.h"

namespace belamy::models {

struct ConvolutionalConfig : AdversarialConfig {
  std::int64_t width = 64;
  std::int64_t discriminator_width = 0;

  void fields(Fields& f) override;
};

/// What a model has besides: nothing for a plain GAN.
struct ConvolutionalParts {
  Codes codes = {};  ///< beside the generator's noise
  std::int64_t planes =
      0;  ///< values of the condition, which the discriminator sees as planes beside the image
  std::int64_t outputs = 1;  ///< of the discriminator's final layer
  /// Appends another final layer, to a discriminator with so many features a datum.
  std::function<void(nn::Chain& discriminator, std::int64_t features)> end = {};
};

/// Strided convolutions in the discriminator, fractionally-strided in the generator, 4x4 kernels. A side that
/// is no power of two is padded with black for the discriminator and cut out of the generator's output.
class ConvolutionalGan : public AdversarialModel, public Featurizer {
 public:
  ConvolutionalGan(const DataShape& shape, const ConvolutionalConfig& config, at::Generator generator,
                   const ConvolutionalParts& parts = {});

  Featurizer* featurizer() override { return this; }
  /// The discriminator's layers.
  std::vector<Tensor> features(const Tensor& images) override {
    return discriminator_->pictures(game().packs_of_one(images));
  }
};

ImageSides convolutional_sides(const Recipe&);
/// What is wrong with the game; empty: nothing.
std::string check_convolutional(const DataShape&, const Recipe& recipe);

}  // namespace belamy::models
