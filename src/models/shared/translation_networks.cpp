#include "models/shared/translation_networks.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

#include "nn/init.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

constexpr std::int64_t kSmallest = 16;     // pixels a side
constexpr std::int64_t kWidest = 8;        // times the width of the layer next to the image
constexpr std::int64_t kDeepest = 8;       // halvings of a U-Net
constexpr std::int64_t kNoisyLayers = 3;   // innermost layers of its decoder that may have dropout
constexpr std::int64_t kNoisyMap = 8;      // pixels a side, at most, of a map with dropout
constexpr std::int64_t kResidualUnit = 4;  // two halvings

// Pads both sides evenly, up to the next multiple of `unit`.
Tensor reflect_to(const Tensor& x, std::int64_t unit) {
  const auto missing = [unit](std::int64_t side) { return (unit - side % unit) % unit; };
  const auto down = missing(x.size(2)), right = missing(x.size(3));
  if (down == 0 && right == 0) return x;
  return at::reflection_pad2d(x, {right / 2, right - right / 2, down / 2, down - down / 2});
}

Tensor cut_to(const Tensor& x, std::int64_t height, std::int64_t width) {
  const auto top = (x.size(2) - height) / 2, left = (x.size(3) - width) / 2;
  return x.slice(2, top, top + height).slice(3, left, left + width);
}

void add_reflection(nn::Chain& chain, std::int64_t border) {
  chain.add([border](const Tensor& x) { return at::reflection_pad2d(x, {border, border, border, border}); });
}

void add_norm(nn::Chain& chain, const std::string& norm, std::int64_t channels) {
  if (!norm.empty()) chain.add(std::make_shared<nn::Norm>(norm, channels));
}

void add_conv(nn::Chain& chain, std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
              std::int64_t padding, const std::string& norm, nn::Weighting weighting = nn::Weighting::plain,
              std::int64_t dilation = 1) {
  chain.add(std::make_shared<nn::Conv>(in, out, kernel, stride, padding, /*bias=*/norm.empty(), weighting,
                                       /*gain=*/1, dilation));
  add_norm(chain, norm, out);
}

class ResidualBlock : public torch::nn::Module {
 public:
  ResidualBlock(std::int64_t channels, const std::string& norm, std::int64_t dilation) {
    chain_ = register_module("chain", std::make_shared<nn::Chain>());
    if (dilation == 1) add_reflection(*chain_, 1);
    // A wide border of zeros: a reflection must be narrower than the map.
    add_conv(*chain_, channels, channels, 3, 1, dilation == 1 ? 0 : dilation, norm, nn::Weighting::plain,
             dilation);
    chain_->add(nn::activation("relu"));
    add_reflection(*chain_, 1);
    add_conv(*chain_, channels, channels, 3, 1, 0, norm);
  }
  Tensor forward(const Tensor& x) const { return x + chain_->forward(x); }

 private:
  std::shared_ptr<nn::Chain> chain_;
};

std::int64_t shorter_side(const DataShape& shape) {
  return std::min(shape.height, shape.width);
}

}  // namespace

void TranslationConfig::fields(Fields& f) {
  objective_fields(f);
  matching_fields(f);
  regulariser_fields(f);
  spectral_field(f);
  f.add("width", width, {1, 1024}, "channels of the generator's layer next to the image");
  f.add("discriminator_width", discriminator_width, {0, 1024},
        "channels of the discriminator's layer next to the image; 0: as width");
  f.add(
      "discriminator_layers", discriminator_layers, {1, 6},
      "layers of the discriminator that halve the image: it judges patches of 16, 34, 70, 142, ... pixels a "
      "side; small images get fewer");
  f.add("norm", norm, std::vector<std::string>{"instance", "batch"}, "normalisation of the hidden layers");
}

Fault check_translation(const TranslationConfig& config) {
  if (auto wrong = check_game(config)) return wrong;
  if (config.penalises_gradients() && config.norm == "batch") {
    return {"gradient penalties apply to single data, but batch norm mixes the data of a batch",
            {"model.norm=instance"}};
  }
  return {};
}

ImageSides translation_sides(const Recipe&) {
  return {.smallest = kSmallest};
}

Fault check_same_channels(const DataShape& shape) {
  const auto other = shape.others[0].channels;
  if (shape.channels == other) return {};
  return {fmt::format("the loss compares images of both domains, which have {} and {} channels",
                      shape.channels, other),
          {fmt::format("data.channels={}", std::min(shape.channels, other))}};
}

void add_halvings(nn::Chain& chain, std::int64_t in, std::int64_t width, const std::string& norm) {
  chain.add([](const Tensor& x) { return reflect_to(x, kResidualUnit); });
  add_reflection(chain, 3);
  add_conv(chain, in, width, 7, 1, 0, norm);
  chain.add(nn::activation("relu"));
  for (const auto channels : {width, 2 * width}) {
    add_conv(chain, channels, 2 * channels, 3, 2, 1, norm);
    chain.add(nn::activation("relu"));
  }
}

void add_residual_blocks(nn::Chain& chain, std::int64_t channels, std::int64_t count, const std::string& norm,
                         std::int64_t dilation) {
  for (std::int64_t i = 0; i < count; ++i)
    chain.add(std::make_shared<ResidualBlock>(channels, norm, dilation));
}

void add_doublings(nn::Chain& chain, const DataShape& shape, std::int64_t width, const std::string& norm) {
  for (const auto channels : {2 * width, width}) {
    chain.add(std::make_shared<nn::ConvTranspose>(2 * channels, channels, 4, 2, 1, norm.empty()));
    add_norm(chain, norm, channels);
    chain.add(nn::activation("relu"));
  }
  add_reflection(chain, 3);
  add_conv(chain, width, shape.channels, 7, 1, 0, "");
  chain.add(nn::activation("tanh"));
  chain.add(
      [height = shape.height, width = shape.width](const Tensor& x) { return cut_to(x, height, width); });
}

std::shared_ptr<nn::Chain> make_residual_generator(const DataShape& from, const DataShape& to,
                                                   std::int64_t width, std::int64_t blocks,
                                                   const std::string& norm, at::Generator generator) {
  const auto chain = std::make_shared<nn::Chain>();
  add_halvings(*chain, from.channels, width, norm);
  add_residual_blocks(*chain, 4 * width, blocks, norm);
  add_doublings(*chain, to, width, norm);
  nn::initialise(*chain, nn::Init::dcgan, generator);
  return chain;
}

UNet::UNet(const DataShape& from, const DataShape& to, std::int64_t width, const std::string& norm,
           double dropout, at::Generator generator) {
  const auto side = shorter_side(from);
  const auto depth = std::min<std::int64_t>(kDeepest, std::bit_width(static_cast<std::uint64_t>(side)) - 1);
  const auto unit = std::int64_t{1} << depth, padded = (side + unit - 1) / unit * unit;
  const auto channels = [&](std::int64_t i) { return width * std::min(kWidest, std::int64_t{1} << i); };
  for (std::int64_t i = 0; i < depth; ++i) {
    const bool outer = i == 0, inner = i == depth - 1;
    const auto name = std::to_string(i);
    // The outer layer is not normalised, nor is the innermost, whose map may be a single pixel.
    auto& down = *down_.emplace_back(register_module("down" + name, std::make_shared<nn::Chain>()));
    if (!outer) down.add(nn::activation("leaky-relu"));
    add_conv(down, outer ? from.channels : channels(i - 1), channels(i), 4, 2, 1, outer || inner ? "" : norm);

    auto& up = *up_.emplace_back(register_module("up" + name, std::make_shared<nn::Chain>()));
    up.add(nn::activation("relu"));
    const auto out = outer ? to.channels : channels(i - 1);
    up.add(std::make_shared<nn::ConvTranspose>(inner ? channels(i) : 2 * channels(i), out, 4, 2, 1, outer));
    if (outer) {
      up.add(nn::activation("tanh"));
      continue;
    }
    add_norm(up, norm, out);
    if (dropout > 0 && i >= depth - kNoisyLayers && padded >> i <= kNoisyMap) {
      up.add(std::make_shared<nn::Dropout>(dropout, generator));
    }
  }
  nn::initialise(*this, nn::Init::dcgan, generator);
}

Tensor UNet::forward(const Tensor& x) {
  auto map = reflect_to(x, std::int64_t{1} << depth());
  std::vector<Tensor> maps;
  for (const auto& down : down_) maps.push_back(map = down->forward(map));
  for (auto i = depth() - 1; i > 0; --i) map = at::cat({up_[i]->forward(map), maps[i - 1]}, 1);
  return cut_to(up_[0]->forward(map), x.size(2), x.size(3));
}

PatchDiscriminator::PatchDiscriminator(std::int64_t channels, const DataShape& shape,
                                       const TranslationConfig& config, at::Generator generator)
    : sizes_({1, channels, shape.height, shape.width}) {
  chain_ = register_module("chain", std::make_shared<nn::Chain>());
  const auto weighting = weighting_of(config);
  const auto width = config.discriminator_width ? config.discriminator_width : config.width;
  // Two layers without stride follow and take one pixel each, so that 4 pixels become 2.
  const auto room = std::bit_width(static_cast<std::uint64_t>(shorter_side(shape))) - 3;
  const auto layers = std::min<std::int64_t>(config.discriminator_layers, room);
  auto in = channels;
  for (std::int64_t i = 0; i <= layers; ++i) {
    const auto out = width * std::min(kWidest, std::int64_t{1} << i);
    add_conv(*chain_, in, out, 4, i < layers ? 2 : 1, 1, i > 0 ? config.norm : "", weighting);
    chain_->add(nn::activation("leaky-relu"));
    in = out;
  }
  features_end_ = chain_->size();
  add_conv(*chain_, in, 1, 4, 1, 1, "", weighting);
  chain_->add([](const Tensor& x) { return x.to(torch::kFloat); });  // as nn::Dense
  nn::initialise(*chain_, nn::Init::dcgan, generator);
}

std::unique_ptr<Game> critics_game(torch::nn::Module& owner, const TranslationConfig& config,
                                   const PatchDiscriminator& critic, const std::string& letter) {
  auto setup = critic.setup();
  setup.name = "critic_" + letter;
  setup.generator_name = "generators-" + letter;
  setup.real = "real-" + letter;
  setup.fake = "fake-" + letter;
  setup.suffix = "_" + letter;
  return std::make_unique<Game>(owner, config, setup);
}

}  // namespace belamy::models
