// Deep convolutional GAN: Radford, Metz & Chintala 2016 (arXiv:1511.06434).
//
//   The game of Goodfellow et al. 2014 between all-convolutional networks: strided convolutions in the
//   discriminator, fractionally-strided in the generator, batch norm in both but at D's input and G's output,
//   ReLU / leaky ReLU, tanh.
//
// Departures: the widths are settings; a side that is not a power of two is padded with black to the next one
// for the discriminator and cut out of the generator's output; z ~ N(0, 1) by default (the paper: uniform).

#include <bit>
#include <torch/torch.h>

#include "models/shared/adversarial_model.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

struct DcganConfig : AdversarialConfig {
  std::int64_t width = 64;
  std::int64_t discriminator_width = 0;

  void fields(Fields& f) override {
    AdversarialConfig::fields(f);
    f.add("width", width, {1, 1024}, "channels of the layer next to the image; doubles towards the 4x4 end");
    f.add("discriminator_width", discriminator_width, {0, 1024},
          "the same for the discriminator; 0: as width");
  }
};

class Dcgan final : public AdversarialModel {
 public:
  Dcgan(const DataShape& shape, const DcganConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, config.latent) {
    const auto side = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape.width)));
    const auto stages =
        std::countr_zero(static_cast<std::uint64_t>(side)) - 3;  // halvings beyond the one to 4x4
    const auto before = (side - shape.width) / 2, after = side - shape.width - before;
    const bool cut = side != shape.width;

    auto channels = config.width << stages;
    generator_->add([](const Tensor& z) { return z.view({z.size(0), -1, 1, 1}); });
    generator_->add(
        std::make_shared<nn::ConvTranspose>(config.latent, channels, 4, 1, 0, false));  // [N, C, 4, 4]
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
    if (cut) {
      generator_->add([before, shape](const Tensor& x) {
        return x.slice(2, before, before + shape.height).slice(3, before, before + shape.width);
      });
      discriminator_->add([before, after](const Tensor& x) {
        return at::constant_pad_nd(x, {before, after, before, after}, -1);
      });
    }

    const auto weighting = discriminator_weighting();
    const auto norm = config.norm_of_discriminator("batch");
    const auto first = config.discriminator_width ? config.discriminator_width : config.width;
    const auto halve = [&](std::int64_t in, std::int64_t out, bool bias) {
      return std::make_shared<nn::Conv>(in, out, 4, 2, 1, bias, weighting);
    };
    discriminator_->add(halve(packed_shape().channels, first, true)).add(nn::activation("leaky-relu"));
    channels = first;
    for (int i = 0; i < stages; ++i, channels *= 2) {
      discriminator_->add(halve(channels, channels * 2, norm.empty()));
      if (!norm.empty()) discriminator_->add(std::make_shared<nn::Norm>(norm, channels * 2));
      discriminator_->add(nn::activation("leaky-relu"));
    }
    discriminator_->add([](const Tensor& x) { return x.flatten(1); });  // [N, C * 4 * 4]
    finish_discriminator(channels * 16);

    nn::initialise(*generator_, nn::Init::dcgan, generator);
    nn::initialise(*discriminator_, nn::Init::dcgan, generator);
    begin_game(generator);
  }
};

std::string check(const DataShape& shape, const Recipe& recipe) {
  if (shape.width != shape.height) return "dcgan needs square images; set data.size";
  if (shape.width < 9) return "dcgan needs images of 9 pixels a side or more; set data.size=16 or above";
  return check_game(recipe);
}

}  // namespace

ModelInfo dcgan() {
  return describe<Dcgan, DcganConfig>({
      .name = "dcgan",
      .family = "gan",
      .summary = "deep convolutional generative adversarial network",
      .paper =
          "Radford, Metz & Chintala, Unsupervised Representation Learning with Deep Convolutional Generative "
          "Adversarial Networks, ICLR 2016",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .check = check,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8"},
      .variants = game_and_network_variants(),
  });
}

}  // namespace belamy::models
