#include "nn/flow.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/init.h"
#include "nn/products.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

// [C] beside [N, C, ...].
Tensor beside(const Tensor& of_channels, const Tensor& x) {
  return x.dim() == 2 ? of_channels : of_channels.view({-1, 1, 1});
}

// Each channel has so many values in an example.
std::int64_t places(const Tensor& x) {
  return x.dim() == 2 ? 1 : x.size(2) * x.size(3);
}

// 1 on the squares that are given, else 0: [H, W].
Tensor checkerboard(const Tensor& like, bool odd) {
  const auto options = like.options().dtype(torch::kLong).requires_grad(false);
  const auto rows = at::arange(like.size(2), options), columns = at::arange(like.size(3), options);
  const auto colour = (rows.unsqueeze(1) + columns).remainder(2);
  return (odd ? colour : 1 - colour).to(like.scalar_type());
}

void start_with_zeros(torch::nn::Module& layer) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : layer.parameters()) parameter.zero_();
}

}  // namespace

Flow& Flow::add(const std::string& name, std::shared_ptr<Invertible> layer) {
  layers_.push_back(register_module(name, std::move(layer)));
  return *this;
}

Mapped Flow::map(const Tensor& x) {
  Mapped all{x, {}};
  for (const auto& layer : layers_) {
    auto [value, log_determinant] = layer->map(all.value);
    all.value = std::move(value);
    if (!log_determinant.defined()) continue;
    all.log_determinant =
        all.log_determinant.defined() ? all.log_determinant + log_determinant : log_determinant;
  }
  return all;
}

Tensor Flow::inverse(const Tensor& y) {
  auto x = y;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) x = (*layer)->inverse(x);
  return x;
}

std::int64_t Coupling::given_channels(std::int64_t channels, Given given) {
  switch (given) {
    case Given::first: return (channels + 1) / 2;
    case Given::second: return channels / 2;
    default: return channels;
  }
}

std::int64_t Coupling::moved_channels(std::int64_t channels, Given given) {
  const bool halves = given == Given::first || given == Given::second;
  return halves ? channels - given_channels(channels, given) : channels;
}

std::int64_t Coupling::outputs(std::int64_t channels, Given given, Scaling scaling) {
  return moved_channels(channels, given) * (scaling == Scaling::none ? 1 : 2);
}

Coupling::Coupling(std::int64_t channels, Given given, Scaling scaling, std::shared_ptr<Chain> network)
    : channels_(channels), given_(given), scaling_(scaling), network_(std::move(network)) {
  if (moved_channels(channels, given) == 0) throw std::logic_error("a coupling needs two channels");
  for (const auto& item : network_->named_children()) register_module(item.key(), item.value());
  if (scaling == Scaling::tanh) {
    gain_ = register_parameter("gain", torch::ones({moved_channels(channels, given)}));
  }
}

Coupling::Change Coupling::change(const Tensor& given) const {
  const auto outputs = network_->forward(given);
  if (scaling_ == Scaling::none) return {{}, outputs};
  const auto both = outputs.chunk(2, 1);
  const auto& h = both[0];
  switch (scaling_) {
    case Scaling::tanh: return {at::tanh(h) * beside(present(gain_), h), both[1]};
    case Scaling::sigmoid: return {at::log_sigmoid(h + 2), both[1]};
    default: return {2 * at::tanh(h / 2), both[1]};
  }
}

Coupling::Parts Coupling::parts(const Tensor& x) const {
  const auto first = given_channels(channels_, Given::first);
  const auto a = x.narrow(1, 0, first), b = x.narrow(1, first, channels_ - first);
  return given_ == Given::first ? Parts{a, b} : Parts{b, a};
}

Tensor Coupling::join(const Tensor& given, const Tensor& moved) const {
  return given_ == Given::first ? at::cat({given, moved}, 1) : at::cat({moved, given}, 1);
}

Mapped Coupling::map(const Tensor& x) {
  if (on_checkerboard()) {
    const auto mask = checkerboard(x, given_ == Given::odd), rest = 1 - mask;
    const auto [log_scale, shift] = change(x * mask);
    if (!log_scale.defined()) return {x + shift * rest, {}};
    const auto masked = log_scale * rest;
    return {at::addcmul(shift * rest, x, masked.exp()), masked.flatten(1).sum(1)};
  }
  const auto [given, moved] = parts(x);
  const auto [log_scale, shift] = change(given);
  if (!log_scale.defined()) return {join(given, moved + shift), {}};
  return {join(given, moved * log_scale.exp() + shift), log_scale.flatten(1).sum(1)};
}

Tensor Coupling::inverse(const Tensor& y) {
  if (on_checkerboard()) {
    const auto mask = checkerboard(y, given_ == Given::odd), rest = 1 - mask;
    const auto [log_scale, shift] = change(y * mask);
    const auto shifted = y - shift * rest;
    return log_scale.defined() ? shifted * (-log_scale * rest).exp() : shifted;
  }
  const auto [given, moved] = parts(y);
  const auto [log_scale, shift] = change(given);
  if (!log_scale.defined()) return join(given, moved - shift);
  return join(given, (moved - shift) * (-log_scale).exp());
}

std::shared_ptr<Chain> dense_conditioner(std::int64_t in, const std::vector<std::int64_t>& hidden,
                                         std::int64_t out, at::Generator generator) {
  const auto network = std::make_shared<Chain>();
  auto width = in;
  for (const auto next : hidden) {
    network->add(std::make_shared<Dense>(width, next)).add(activation("relu"));
    width = next;
  }
  const auto last = std::make_shared<Dense>(width, out);
  network->add(last);
  initialise(*network, Init::he, generator);
  start_with_zeros(*last);
  return network;
}

std::shared_ptr<Chain> convolutional_conditioner(std::int64_t in, const std::vector<std::int64_t>& hidden,
                                                 std::int64_t out, at::Generator generator) {
  const auto network = std::make_shared<Chain>();
  auto width = in;
  for (const auto next : hidden) {
    const std::int64_t kernel = network->empty() ? 3 : 1;
    network->add(
        std::make_shared<Conv>(width, next, kernel, 1, kernel / 2, /*bias=*/true, Weighting::scaled));
    network->add(activation("relu"));
    width = next;
  }
  const auto last = std::make_shared<Conv>(width, out, 3, 1, 1, /*bias=*/true);
  network->add(last);
  initialise(*network, Init::he, generator);
  start_with_zeros(*last);
  return network;
}

ActNorm::ActNorm(std::int64_t channels, bool alike) : alike_(alike) {
  log_scale_ = register_parameter("log-scale", torch::zeros({channels}));
  shift_ = register_parameter("shift", torch::zeros({channels}));
}

Mapped ActNorm::map(const Tensor& x) {
  if (DataStart::is_on()) {
    const auto [mean, deviation] = channel_moments(alike_ ? x.reshape({-1, 1}) : x);
    log_scale_.copy_(-deviation.log());
    shift_.copy_(-mean / deviation);
  }
  const auto& log_scale = present(log_scale_);
  return {at::addcmul(beside(present(shift_), x), x, beside(log_scale.exp(), x)),
          log_scale.sum() * places(x)};
}

Tensor ActNorm::inverse(const Tensor& y) {
  return (y - beside(present(shift_), y)) * beside((-present(log_scale_)).exp(), y);
}

DiagonalScaling::DiagonalScaling(std::int64_t channels) {
  log_scale_ = register_parameter("log-scale", torch::zeros({channels}));
}

Mapped DiagonalScaling::map(const Tensor& x) {
  if (DataStart::is_on()) {
    const auto variance = [](const Tensor& values) { return channel_moments(values).second.square(); };
    const auto n = static_cast<double>(x.size(0));
    log_scale_.copy_(((n * variance(x) + variance(x.reshape({-1, 1}))) / (n + 1)).log() / -2);
  }
  const auto& log_scale = present(log_scale_);
  return {x * beside(log_scale.exp(), x), log_scale.sum() * places(x)};
}

Tensor DiagonalScaling::inverse(const Tensor& y) {
  return y * beside((-present(log_scale_)).exp(), y);
}

InvertibleConvolution::InvertibleConvolution(std::int64_t channels, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const auto options = torch::TensorOptions().device(generator.device());
  const auto rotation = std::get<0>(at::linalg_qr(torch::randn({channels, channels}, generator, options)));
  const auto [permutation, lower, upper] = at::linalg_lu(rotation.cpu());
  const auto diagonal = upper.diagonal();
  lower_ = register_parameter("lower", lower.tril(-1).contiguous());
  upper_ = register_parameter("upper", upper.triu(1).contiguous());
  log_diagonal_ = register_parameter("log-diagonal", diagonal.abs().log());
  signs_ = register_buffer("signs", diagonal.sign());
  order_ = register_buffer("order", permutation.argmax(1));
}

Tensor InvertibleConvolution::weight() const {
  const auto& log_diagonal = present(log_diagonal_);
  const auto ones = at::diag_embed(torch::ones_like(log_diagonal));
  const auto lower = present(lower_).tril(-1) + ones;
  const auto upper = present(upper_).triu(1) + at::diag_embed(signs_ * log_diagonal.exp());
  return product(lower, upper).index_select(0, order_);
}

namespace {

Tensor at_each_place(const Tensor& weight, const Tensor& x) {
  return x.dim() == 2 ? affine(x, weight) : at::conv2d(x, weight.view({weight.size(0), -1, 1, 1}));
}

}  // namespace

Mapped InvertibleConvolution::map(const Tensor& x) {
  return {at_each_place(weight(), x), present(log_diagonal_).sum() * places(x)};
}

Tensor InvertibleConvolution::inverse(const Tensor& y) {
  return at_each_place(at::linalg_inv(weight().to(torch::kDouble)).to(y.scalar_type()), y);
}

Permutation::Permutation(const std::vector<std::int64_t>& order) {
  order_ = register_buffer("order", torch::tensor(order));
  back_ = register_buffer("back", order_.argsort());
}

Mapped Permutation::map(const Tensor& x) {
  return {x.index_select(1, order_), {}};
}

Tensor Permutation::inverse(const Tensor& y) {
  return y.index_select(1, back_);
}

std::vector<std::int64_t> Permutation::reversed(std::int64_t channels) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(channels));
  std::iota(order.rbegin(), order.rend(), 0);
  return order;
}

std::vector<std::int64_t> Permutation::evens_first(std::int64_t channels) {
  std::vector<std::int64_t> order;
  for (std::int64_t first = 0; first < 2; ++first) {
    for (auto i = first; i < channels; i += 2) order.push_back(i);
  }
  return order;
}

std::vector<std::int64_t> Permutation::shuffled(std::int64_t channels, at::Generator generator) {
  const auto drawn =
      torch::rand({channels}, generator, torch::TensorOptions().device(generator.device())).argsort().cpu();
  return {drawn.data_ptr<std::int64_t>(), drawn.data_ptr<std::int64_t>() + channels};
}

Mapped Squeeze::map(const Tensor& x) {
  return {at::pixel_unshuffle(x, 2), {}};
}

Tensor Squeeze::inverse(const Tensor& y) {
  return at::pixel_shuffle(y, 2);
}

Flattening::Flattening(std::int64_t channels, std::int64_t height, std::int64_t width)
    : channels_(channels), height_(height), width_(width) {}

Mapped Flattening::map(const Tensor& x) {
  return {x.flatten(1), {}};
}

Tensor Flattening::inverse(const Tensor& y) {
  return y.view({y.size(0), channels_, height_, width_});
}

Split::Split(std::int64_t channels, std::int64_t height, std::int64_t width, std::shared_ptr<Invertible> rest)
    : half_(channels / 2), height_(height), width_(width), rest_(register_module("rest", std::move(rest))) {
  if (channels % 2 != 0) throw std::logic_error("half of an odd number of channels");
}

Mapped Split::map(const Tensor& x) {
  const auto [value, log_determinant] = rest_->map(x.narrow(1, 0, half_));
  return {at::cat({value, x.narrow(1, half_, half_).flatten(1)}, 1), log_determinant};
}

Tensor Split::inverse(const Tensor& y) {
  const auto values = half_ * height_ * width_;
  const auto done = y.narrow(1, values, values).reshape({y.size(0), half_, height_, width_});
  return at::cat({rest_->inverse(y.narrow(1, 0, values)), done}, 1);
}

CouplingFlow::CouplingFlow(std::int64_t dimension, std::int64_t couplings, std::int64_t width,
                           at::Generator generator)
    : dimension_(dimension) {
  for (std::int64_t i = 0; i < couplings; ++i) {
    const auto given = i % 2 == 0 ? Given::first : Given::second;
    auto network = dense_conditioner(Coupling::given_channels(dimension, given), {width, width},
                                     Coupling::outputs(dimension, given, Scaling::bounded), generator);
    add("coupling-" + std::to_string(i),
        std::make_shared<Coupling>(dimension, given, Scaling::bounded, std::move(network)));
  }
}

Tensor CouplingFlow::log_density(const Tensor& z) {
  const auto [u, log_determinant] = map(z);
  const double constant = 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(dimension_);
  return log_determinant - 0.5 * u.square().sum(1) - constant;
}

}  // namespace belamy::nn
