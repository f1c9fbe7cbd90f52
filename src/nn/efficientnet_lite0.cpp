#include "nn/efficientnet_lite0.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "nn/trained.h"

namespace belamy::nn {
namespace {

constexpr int block_count = 16;
constexpr int halving_blocks[] = {1, 3, 5, 11};

struct Padding {
  std::int64_t before, after;
};

// TensorFlow's SAME: the output has size / stride places, rounded up, and odd padding goes to the end.
Padding same_padding(std::int64_t size, std::int64_t kernel, std::int64_t stride) {
  const auto places = (size + stride - 1) / stride;
  const auto all = std::max<std::int64_t>(0, (places - 1) * stride + kernel - size);
  return {all / 2, all - all / 2};
}

}  // namespace

EfficientNetLite0::EfficientNetLite0(const Safetensors& file, const std::string& origin,
                                     torch::Device device) {
  const auto tensors = trained_tensors(file, origin, NetworkKind::efficientnet_lite0);
  const auto convolution = [&](const std::string& name, const std::string& norm, std::int64_t stride,
                               bool rectified) -> Convolution {
    auto [weight, bias] = folded(tensors, name, norm, device);
    return {std::move(weight), std::move(bias), stride, rectified};
  };
  layers_.push_back({{convolution("_conv_stem", "_bn0", 2, true)}});
  for (int i = 0; i < block_count; ++i) {
    const auto name = fmt::format("_blocks.{}.", i);
    const bool halves =
        std::find(std::begin(halving_blocks), std::end(halving_blocks), i) != std::end(halving_blocks);
    Layer block;
    if (tensors.count(name + "_expand_conv.weight"))
      block.convolutions.push_back(convolution(name + "_expand_conv", name + "_bn0", 1, true));
    block.convolutions.push_back(convolution(name + "_depthwise_conv", name + "_bn1", halves ? 2 : 1, true));
    block.convolutions.push_back(convolution(name + "_project_conv", name + "_bn2", 1, false));
    block.adds_input = !halves && i > 0 &&
                       block.convolutions.front().weight.size(1) == block.convolutions.back().weight.size(0);
    layers_.push_back(std::move(block));
  }
  layers_.push_back({{convolution("_conv_head", "_bn1", 1, true)}});
  weight_ = tensors.at("_fc.weight").to(device);
  bias_ = tensors.at("_fc.bias").to(device);
}

const std::vector<std::string>& EfficientNetLite0::layers() {
  static const auto names = [] {
    std::vector<std::string> all = {"stem"};
    for (int i = 0; i < block_count; ++i) all.push_back(fmt::format("block{}", i));
    all.emplace_back("head");
    return all;
  }();
  return names;
}

Tensor EfficientNetLite0::Convolution::operator()(const Tensor& x) const {
  const auto kernel = weight.size(2);
  const auto groups = x.size(1) / weight.size(1);  // as many as channels where it is depthwise
  const auto rows = same_padding(x.size(2), kernel, stride),
             columns = same_padding(x.size(3), kernel, stride);
  const bool even = rows.before == rows.after && columns.before == columns.after;
  const auto padded =
      even ? x : at::constant_pad_nd(x, {columns.before, columns.after, rows.before, rows.after});
  const auto inside =
      even ? std::vector<std::int64_t>{rows.before, columns.before} : std::vector<std::int64_t>{0, 0};
  auto y = at::conv2d(padded, weight, bias, {stride, stride}, inside, {1, 1}, groups);
  return rectified ? at::hardtanh_(y, 0, 6) : y;
}

std::vector<Tensor> EfficientNetLite0::maps(const Tensor& images,
                                            const std::vector<std::string>& wanted) const {
  const auto places = places_of(wanted, layers(), "EfficientNet-Lite0");
  if (places.empty()) return {};
  const auto last = *std::max_element(places.begin(), places.end());
  // (x - 127) / 128 where x = 127.5 (image + 1).
  auto x = coloured(images, "EfficientNet-Lite0")
               .mul(127.5 / 128)
               .add_(0.5 / 128)
               .contiguous(torch::MemoryFormat::ChannelsLast);
  std::vector<Tensor> maps(wanted.size());
  for (std::size_t i = 0; i <= last; ++i) {
    auto y = x;
    for (const auto& convolution : layers_[i].convolutions) y = convolution(y);
    x = layers_[i].adds_input ? y + x : y;
    for (std::size_t k = 0; k < places.size(); ++k)
      if (places[k] == i) maps[k] = x;
  }
  return maps;
}

Tensor EfficientNetLite0::features(const Tensor& images) const {
  return maps(images, {"head"})[0].mean({2, 3});
}

Tensor EfficientNetLite0::logits(const Tensor& features) const {
  return at::linear(features, weight_, bias_);
}

}  // namespace belamy::nn
