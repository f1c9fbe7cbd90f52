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
      : AdversarialModel(config), shape_(shape) {
    side_ = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape.width)));
    const auto stages =
        std::countr_zero(static_cast<std::uint64_t>(side_)) - 3;  // halvings beyond the one to 4x4

    generator_ = register_module("generator", std::make_shared<nn::Chain>());
    auto channels = config.width << stages;
    generator_->add(
        std::make_shared<nn::ConvTranspose>(config.latent, channels, 4, 1, 0, false));  // [N, C, 4, 4]
    for (; channels >= config.width; channels /= 2) {
      generator_->add(torch::nn::BatchNorm2d(channels)).add(nn::activation("relu"));
      const bool last = channels == config.width;
      generator_->add(
          std::make_shared<nn::ConvTranspose>(channels, last ? shape.channels : channels / 2, 4, 2, 1, last));
      if (last) break;
    }
    generator_->add(nn::activation("tanh"));

    discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
    const auto first = config.discriminator_width ? config.discriminator_width : config.width;
    const auto halve = [](std::int64_t in, std::int64_t out, bool bias) {
      return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 4).stride(2).padding(1).bias(bias));
    };
    discriminator_->add(halve(shape.channels, first, true)).add(nn::activation("leaky-relu"));
    channels = first;
    for (int i = 0; i < stages; ++i, channels *= 2) {
      discriminator_->add(halve(channels, channels * 2, false))
          .add(torch::nn::BatchNorm2d(channels * 2))
          .add(nn::activation("leaky-relu"));
    }
    discriminator_->add(torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, 1, 4)));  // [N, 1, 1, 1]

    nn::initialise(*generator_, nn::Init::dcgan, generator);
    nn::initialise(*discriminator_, nn::Init::dcgan, generator);
    add_player("discriminator", {discriminator_});
    add_player("generator", {generator_});
  }

 protected:
  Tensor generate(const Tensor& latents) override {
    const auto image = generator_->forward(latents.view({latents.size(0), -1, 1, 1}));
    const auto cut = (side_ - shape_.width) / 2;
    return cut == 0 ? image : image.slice(2, cut, cut + shape_.height).slice(3, cut, cut + shape_.width);
  }
  Tensor judge(const Tensor& data) override {
    const auto pad = side_ - shape_.width;
    const auto before = pad / 2, after = pad - before;
    const auto image = pad == 0 ? data : at::constant_pad_nd(data, {before, after, before, after}, -1);
    return discriminator_->forward(image).flatten();
  }

 private:
  DataShape shape_;
  std::int64_t side_ = 0;
  std::shared_ptr<nn::Chain> generator_, discriminator_;
};

std::string check(const DataShape& shape, const ModelConfig&) {
  if (shape.width != shape.height) return "dcgan needs square images; set data.size";
  if (shape.width < 9) return "dcgan needs images of 9 pixels a side or more; set data.size=16 or above";
  return "";
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
      .capabilities = {Capability::sampler, Capability::decoder},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .check = check,
      .tiny = {"model.width=8", "model.latent=8"},
  });
}

}  // namespace belamy::models
