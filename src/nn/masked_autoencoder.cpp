#include "nn/masked_autoencoder.h"

#include <algorithm>
#include <string>
#include <torch/types.h>
#include <torch/utils.h>
#include <utility>

#include "nn/init.h"
#include "nn/products.h"

namespace belamy::nn {

Tensor MaskedDense::forward(const Tensor& x, const Tensor& mask) {
  return affine(x, weight() * mask, bias());
}

MaskedAutoencoder::MaskedAutoencoder(const Shape& shape, at::Generator generator) : shape_(shape) {
  const auto long_options = torch::TensorOptions(torch::kLong).device(generator.device());
  const auto add_degrees = [&](const std::vector<Tensor>& of_sets) {
    const auto name = degrees_.empty() ? std::string("order") : "degrees-" + std::to_string(degrees_.size());
    degrees_.push_back(register_buffer(name, torch::stack(of_sets)));
  };
  std::vector<Tensor> orders;
  for (std::int64_t m = 0; m < shape.masks; ++m) {
    orders.push_back((shape.shuffled ? torch::randperm(shape.values, generator, long_options)
                                     : torch::arange(shape.values, long_options)) +
                     1);
  }
  add_degrees(orders);
  auto width = shape.values;
  for (const auto next : shape.hidden) {
    // From the least degree of the layer below, so that every unit has an input, to D - 1: a unit that
    // depends on all values has no output.
    std::vector<Tensor> of_sets;
    const auto most = std::max<std::int64_t>(1, shape.values - 1);
    const auto& below = degrees_.back();
    for (std::int64_t m = 0; m < shape.masks; ++m) {
      const auto least = std::min(most, below[m].min().item<std::int64_t>());
      of_sets.push_back(torch::randint(least, most + 1, {next}, generator, long_options));
    }
    add_degrees(of_sets);
    layers_.push_back(register_module("hidden-" + std::to_string(layers_.size() + 1),
                                      std::make_shared<MaskedDense>(width, next, true)));
    width = next;
  }
  layers_.push_back(register_module("output", std::make_shared<MaskedDense>(width, shape.values, true)));
  if (shape.direct) {
    direct_ = register_module("direct", std::make_shared<MaskedDense>(shape.values, shape.values, false));
  }
  initialise(*this, Init::glorot, generator);
  if (direct_) {
    const torch::NoGradGuard no_grad;
    direct_->matrix().zero_();
  }
}

std::vector<Tensor> MaskedAutoencoder::masks_of(std::int64_t set) {
  std::vector<std::pair<const void*, std::uint32_t>> from;
  for (const auto& degrees : degrees_) from.emplace_back(degrees.unsafeGetTensorImpl(), degrees._version());
  if (set == masks_set_ && from == masks_from_) return masks_;
  const torch::NoGradGuard no_grad;
  const auto row = [](const Tensor& degrees) { return degrees.unsqueeze(0); };
  const auto column = [](const Tensor& degrees) { return degrees.unsqueeze(1); };
  std::vector<Tensor> masks;
  for (std::size_t l = 1; l < degrees_.size(); ++l) {
    masks.push_back((column(degrees_[l][set]) >= row(degrees_[l - 1][set])).to(torch::kFloat));
  }
  const auto order = degrees_.front()[set];
  masks.push_back((column(order) > row(degrees_.back()[set])).to(torch::kFloat));
  if (direct_) masks.push_back((column(order) > row(order)).to(torch::kFloat));
  masks_ = masks;
  masks_set_ = set;
  masks_from_ = from;
  return masks_;
}

Tensor MaskedAutoencoder::forward(const Tensor& x, std::int64_t set) {
  const auto masks = masks_of(set);
  auto h = x;
  for (std::size_t l = 0; l + 1 < layers_.size(); ++l) h = torch::relu(layers_[l]->forward(h, masks[l]));
  auto logits = layers_.back()->forward(h, masks[layers_.size() - 1]);
  if (direct_) logits = logits + direct_->forward(x, masks.back());
  return logits.to(torch::kFloat);
}

MaskedAutoencoder::Walk::Walk(MaskedAutoencoder& network, std::int64_t n, std::int64_t set) {
  const torch::NoGradGuard no_grad;
  Tensor below;  // how the units below are sorted
  for (std::size_t l = 0; l < network.degrees_.size() + 1; ++l) {
    const bool output = l == network.degrees_.size();
    const auto degrees = network.degrees_[output ? 0 : l][set];
    const auto sorted = degrees.argsort();
    Layer layer;
    const auto counts = degrees.bincount({}, network.shape_.values + 1).cumsum(0).to(torch::kCPU);
    const auto* first = counts.data_ptr<std::int64_t>();
    layer.until.assign(first, first + counts.numel());
    if (l > 0) {
      auto& dense = *network.layers_[l - 1];
      layer.weight = dense.matrix().detach().index_select(0, sorted).index_select(1, below);
      layer.bias = dense.offset().detach().index_select(0, sorted);
    } else {
      places_ = degrees - 1;
      places_host_ = sorted.to(torch::kCPU);
      if (network.direct_) {
        direct_ = network.direct_->matrix().detach().index_select(0, sorted).index_select(1, sorted);
      }
    }
    const auto& like = network.layers_[0]->matrix();
    if (!output) layer.activity = torch::zeros({n, degrees.size(0)}, like.options().requires_grad(false));
    layers_.push_back(std::move(layer));
    below = sorted;
  }
}

std::int64_t MaskedAutoencoder::Walk::value(std::int64_t place) const {
  return places_host_.data_ptr<std::int64_t>()[place];
}

Tensor MaskedAutoencoder::Walk::values() const {
  return layers_.front().activity.index_select(1, places_);
}

Tensor MaskedAutoencoder::Walk::at(std::int64_t place) {
  const torch::NoGradGuard no_grad;
  const auto known = static_cast<std::size_t>(place);  // values, and the degree that is now complete
  for (std::size_t l = 1; place > 0 && l + 1 < layers_.size(); ++l) {
    auto& layer = layers_[l];
    const auto& below = layers_[l - 1];
    const auto first = layer.until[known - 1], count = layer.until[known] - first;
    if (count == 0) continue;
    const auto inputs = below.until[known];
    const auto x = below.activity.narrow(1, 0, inputs);
    const auto weight = layer.weight.narrow(0, first, count).narrow(1, 0, inputs);
    layer.activity.narrow(1, first, count)
        .copy_(torch::relu(at::linear(x, weight, layer.bias.narrow(0, first, count))));
  }
  const auto& last = layers_[layers_.size() - 2];
  const auto inputs = last.until[known];
  auto logits =
      at::mv(last.activity.narrow(1, 0, inputs), layers_.back().weight[place].narrow(0, 0, inputs)) +
      layers_.back().bias[place];
  if (direct_.defined() && place > 0) {
    logits =
        logits + at::mv(layers_.front().activity.narrow(1, 0, place), direct_[place].narrow(0, 0, place));
  }
  return logits;
}

void MaskedAutoencoder::Walk::put(std::int64_t place, const Tensor& x) {
  const torch::NoGradGuard no_grad;
  layers_.front().activity.select(1, place).copy_(x);
}

}  // namespace belamy::nn
