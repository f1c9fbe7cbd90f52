#include "models/shared/code_networks.h"

#include <bit>
#include <torch/nn/modules/conv.h>

#include "belamy/recipe.h"

#include "nn/init.h"
#include "nn/layers.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

std::int64_t padded_side(const DataShape& shape) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape.width)));
}

// How many halvings lead from the padded side to 4x4.
std::int64_t halvings(const DataShape& shape) {
  return std::countr_zero(static_cast<std::uint64_t>(padded_side(shape))) - 2;
}

}  // namespace

void CodeConfig::fields(Fields& f) {
  f.add("network", network, std::vector<std::string>{"fully-connected", "convolutional"},
        "kind of layers in encoder and decoder");
  f.add("hidden", hidden, {1, 8192},
        "widths of the encoder's hidden layers, when fully connected; the decoder mirrors them");
  f.add("width", width, {1, 512},
        "channels of the layer next to the image, when convolutional; they double towards 4x4");
  f.add("down", down, std::vector<std::string>{"stride", "pool"},
        "how convolutional networks halve the size; stride: 4x4 kernels, transposed in the decoder; pool: "
        "3x3 kernels and 2x2 max pooling, nearest-neighbour upsampling in the decoder");
  f.add("activation", activation, nn::activation_names(), "activation of the hidden layers");
  f.add("code", code, {1, 4096}, "length of the code");
}

std::shared_ptr<nn::Chain> make_encoder(const DataShape& shape, const CodeConfig& config,
                                        std::int64_t outputs, at::Generator generator,
                                        const std::string& norm, nn::Weighting weighting) {
  const auto net = std::make_shared<nn::Chain>();
  const auto act = nn::activation(config.activation);
  auto width = shape.values();
  if (config.network == "convolutional") {
    const auto pad = padded_side(shape) - shape.width, before = pad / 2, after = pad - before;
    if (pad > 0) {
      net->add([=](const Tensor& x) { return at::constant_pad_nd(x, {before, after, before, after}, -1); });
    }
    auto in = shape.channels, out = config.width;
    for (std::int64_t i = 0; i < halvings(shape); ++i) {
      const bool pool = config.down == "pool";
      net->add(std::make_shared<nn::Conv>(in, out, pool ? 3 : 4, pool ? 1 : 2, 1, /*bias=*/norm.empty(),
                                          weighting));
      if (!norm.empty()) net->add(std::make_shared<nn::Norm>(norm, out));
      net->add(act);
      if (pool) net->add([](const Tensor& x) { return at::max_pool2d(x, 2); });
      in = out;
      out *= 2;
    }
    width = in * 16;
  }
  net->add([](const Tensor& x) { return x.flatten(1); });
  if (config.network == "fully-connected") {
    for (const auto next : config.hidden) {
      net->add(std::make_shared<nn::Dense>(width, next, weighting)).add(act);
      width = next;
    }
  }
  net->add(std::make_shared<nn::Dense>(width, outputs, weighting));
  nn::initialise(*net, nn::Init::glorot, generator);
  return net;
}

std::shared_ptr<nn::Chain> make_decoder(const DataShape& shape, const CodeConfig& config,
                                        at::Generator generator) {
  const auto net = std::make_shared<nn::Chain>();
  const auto act = nn::activation(config.activation);
  if (config.network == "convolutional") {
    auto channels = config.width << (halvings(shape) - 1);
    net->add(std::make_shared<nn::Dense>(config.code, channels * 16));
    net->add([channels](const Tensor& x) { return x.view({-1, channels, 4, 4}); });
    for (auto left = halvings(shape); left > 0; --left) {
      net->add(std::make_shared<nn::Norm>("batch", channels)).add(act);
      const auto out = left > 1 ? channels / 2 : shape.channels;
      if (config.down == "pool") {
        net->add([](const Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); });
        net->add(torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, out, 3).padding(1).bias(left == 1)));
      } else {
        net->add(std::make_shared<nn::ConvTranspose>(channels, out, 4, 2, 1, left == 1));
      }
      channels = out;
    }
    const auto cut = (padded_side(shape) - shape.width) / 2, height = shape.height, width = shape.width;
    net->add([=](const Tensor& x) { return x.slice(2, cut, cut + height).slice(3, cut, cut + width); });
  } else {
    auto width = config.code;
    for (auto next = config.hidden.rbegin(); next != config.hidden.rend(); ++next) {
      net->add(std::make_shared<nn::Dense>(width, *next)).add(act);
      width = *next;
    }
    net->add(std::make_shared<nn::Dense>(width, shape.values()));
    net->add([shape](const Tensor& x) { return x.view(shape.sizes(x.size(0))); });
  }
  nn::initialise(*net, nn::Init::glorot, generator);
  return net;
}

Fault check_code_networks(const DataShape& shape, const ModelConfig& config) {
  const auto& settings = static_cast<const CodeConfig&>(config);
  if (settings.network == "fully-connected") {
    if (settings.down != "pool") return {};
    return {"pooling needs convolutions", {"model.network=convolutional"}};
  }
  if (!shape.is_images()) return {"a convolutional network needs images", {"model.network=fully-connected"}};
  return {};
}

ImageSides code_sides(const Recipe& recipe) {
  if (config_of<CodeConfig>(recipe).network == "fully-connected") return {};
  return {.square = true, .smallest = 8};
}

}  // namespace belamy::models
