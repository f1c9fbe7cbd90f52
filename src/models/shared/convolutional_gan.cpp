#include "models/shared/convolutional_gan.h"

#include "models/shared/frame.h"
#include "nn/init.h"
#include "nn/norm.h"

namespace belamy::models {

void ConvolutionalConfig::fields(Fields& f) {
  AdversarialConfig::fields(f);
  f.add("width", width, {1, 1024},
        "channels of the layer next to the image; they double towards the smallest maps");
  f.add("discriminator_width", discriminator_width, {0, 1024},
        "channels of the discriminator's layer next to the image; 0: as width");
  f.add("smallest", smallest, std::vector<std::string>{"4", "8"},
        "side of the smallest maps in pixels; fewer layers of convolutions with 8");
  f.add("dense", dense, {0, 8192},
        "width of a dense hidden layer between the latent and the smallest maps, and of one behind the "
        "discriminator's; 0: none");
}

ConvolutionalGan::ConvolutionalGan(const DataShape& shape, const ConvolutionalConfig& config,
                                   at::Generator generator, const ConvolutionalParts& parts)
    : AdversarialModel(config, shape, config.latent, parts.codes) {
  const Frame frame(shape);
  const auto side = config.smallest_side();
  // Halvings beyond the one to the smallest maps.
  const auto stages = static_cast<int>(frame.levels()) - (side == 8 ? 3 : 2);

  auto channels = config.width << stages;
  auto values = latent_size();
  if (config.dense > 0) {
    generator_->add(std::make_shared<nn::Dense>(values, config.dense));
    if (config.generator_norm != "none")
      generator_->add(std::make_shared<nn::Norm>(config.generator_norm, config.dense, config.references()));
    generator_->add(nn::activation("relu"));
    values = config.dense;
  }
  generator_->add([](const Tensor& z) { return z.view({z.size(0), -1, 1, 1}); });
  generator_->add(std::make_shared<nn::ConvTranspose>(values, channels, side, 1, 0, false));  // [N, C, S, S]
  for (; channels >= config.width; channels /= 2) {
    if (config.generator_norm != "none") {
      generator_->add(std::make_shared<nn::Norm>(config.generator_norm, channels, config.references()));
    }
    generator_->add(nn::activation("relu"));
    const bool last = channels == config.width;
    generator_->add(
        std::make_shared<nn::ConvTranspose>(channels, last ? shape.channels : channels / 2, 4, 2, 1, last));
    if (last) break;
  }
  generator_->add(nn::activation("tanh"));
  if (frame.has_margin()) {
    generator_->add([frame](const Tensor& x) { return frame.cropped(x); });
    discriminator_->add([frame](const Tensor& x) { return frame.padded(x); });
  }

  if (parts.planes > 0) {
    discriminator_->add_conditional([](const Tensor& x, const Tensor& condition) {
      const auto planes = condition.view({x.size(0), -1, 1, 1}).expand({-1, -1, x.size(2), x.size(3)});
      return at::cat({x, planes}, 1);
    });
  }

  const auto weighting = weighting_of(config);
  const auto norm = config.norm_of_discriminator("batch");
  const auto first = config.discriminator_width ? config.discriminator_width : config.width;
  const auto halve = [&](std::int64_t in, std::int64_t out, bool bias) {
    return std::make_shared<nn::Conv>(in, out, 4, 2, 1, bias, weighting);
  };
  discriminator_->add(halve(packed_shape().channels + parts.planes, first, true))
      .add(nn::activation("leaky-relu"));
  channels = first;
  for (int i = 0; i < stages; ++i, channels *= 2) {
    discriminator_->add(halve(channels, channels * 2, norm.empty()));
    if (!norm.empty()) discriminator_->add(std::make_shared<nn::Norm>(norm, channels * 2));
    discriminator_->add(nn::activation("leaky-relu"));
  }
  discriminator_->add([](const Tensor& x) { return x.flatten(1); });  // [N, C * S * S]
  auto features = channels * side * side;
  if (config.dense > 0) {
    discriminator_->add(std::make_shared<nn::Dense>(features, config.dense, weighting));
    if (!norm.empty()) discriminator_->add(std::make_shared<nn::Norm>(norm, config.dense));
    discriminator_->add(nn::activation("leaky-relu"));
    features = config.dense;
  }
  if (parts.end) {
    parts.end(*discriminator_, features);
  } else {
    finish_discriminator(features, parts.outputs);
  }

  nn::initialise(*generator_, nn::Init::dcgan, generator);
  nn::initialise(*discriminator_, nn::Init::dcgan, generator);
  begin_game(generator);
}

ImageSides convolutional_sides(const Recipe&) {
  return {.square = true, .smallest = 9};
}

Fault check_convolutional(const DataShape&, const Recipe& recipe) {
  return check_game(recipe);
}

}  // namespace belamy::models
