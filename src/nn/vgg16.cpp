#include "nn/vgg16.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "nn/trained.h"

namespace belamy::nn {
namespace {

constexpr int convolutions_of_groups[] = {2, 2, 3, 3, 3};
constexpr double half_range = 127.5;

bool is_pooling(const std::string& layer) {
  return layer.starts_with("pool");
}

}  // namespace

Vgg16::Vgg16(const Safetensors& file, const std::string& origin, Pooling pooling, torch::Device device)
    : pooling_(pooling) {
  const auto tensors = trained_tensors(file, origin, NetworkKind::vgg16_conv);
  const auto input = file.metadata.find(input_key);
  const bool torchvision = input != file.metadata.end() && input->second == torchvision_input;
  // Its input is divided by these, which the first convolution may as well do.
  const auto deviations = 2 * half_range * torch::tensor({0.229, 0.224, 0.225}).view({1, 3, 1, 1});
  for (const auto& layer : layers()) {
    if (is_pooling(layer)) {
      steps_.emplace_back();
      continue;
    }
    const auto name = "conv" + layer.substr(std::string("relu").size());
    auto weight = tensors.at(name + ".weight");
    if (steps_.empty()) weight = torchvision ? weight / deviations.to(weight) : weight.flip(1);
    steps_.push_back({weight.to(device).contiguous(torch::MemoryFormat::ChannelsLast),
                      tensors.at(name + ".bias").to(device)});
  }
  // For RGB. It cannot be folded into the first bias: the convolution pads with the mean, not with black.
  const auto means = torchvision ? 2 * half_range * torch::tensor({0.485f, 0.456f, 0.406f}, device)
                                 : torch::tensor({123.68f, 116.779f, 103.939f}, device);
  offset_ = (half_range - means).view({1, 3, 1, 1});
}

const std::vector<std::string>& Vgg16::layers() {
  static const auto names = [] {
    std::vector<std::string> all;
    int group = 0;
    for (const int convolutions : convolutions_of_groups) {
      ++group;
      for (int i = 1; i <= convolutions; ++i) all.push_back(fmt::format("relu{}_{}", group, i));
      all.push_back(fmt::format("pool{}", group));
    }
    return all;
  }();
  return names;
}

Tensor Vgg16::run(const Step& step, const Tensor& x) const {
  if (step.weight.defined()) return at::conv2d(x, step.weight, step.bias, 1, 1).relu_();
  return pooling_ == Pooling::max ? at::max_pool2d(x, 2) : at::avg_pool2d(x, 2);
}

std::vector<Tensor> Vgg16::features(const Tensor& images, const std::vector<std::string>& wanted) const {
  const auto places = places_of(wanted, layers(), "VGG16");
  if (places.empty()) return {};
  const auto last = *std::max_element(places.begin(), places.end());
  const auto rgb = coloured(images, "VGG16");
  std::int64_t least = 1;
  for (std::size_t i = 0; i <= last; ++i) least *= steps_[i].weight.defined() ? 1 : 2;
  if (std::min(rgb.size(2), rgb.size(3)) < least)
    throw usage_error(fmt::format("layer {} of VGG16 needs images of {} pixels or more, not {}x{}",
                                  layers()[last], least, rgb.size(3), rgb.size(2)),
                      "make the images larger, or use an earlier layer");

  std::vector<Tensor> maps(wanted.size());
  auto x = at::add(offset_, rgb, half_range).contiguous(torch::MemoryFormat::ChannelsLast);
  for (std::size_t i = 0; i <= last; ++i) {
    x = run(steps_[i], x);
    for (std::size_t k = 0; k < places.size(); ++k)
      if (places[k] == i) maps[k] = x;
  }
  return maps;
}

}  // namespace belamy::nn
