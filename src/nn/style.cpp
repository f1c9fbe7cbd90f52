#include "nn/style.h"

#include <cmath>
#include <numbers>
#include <string>
#include <torch/types.h>

#include "nn/batch_statistics.h"
#include "nn/growing.h"
#include "nn/init.h"
#include "nn/products.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

constexpr double kGain = std::numbers::sqrt2;  // keeps the variance through a leaky ReLU

Tensor rectified(const Tensor& x) {
  return Rectifier{0.2}(x)*kGain;
}

// A convolution with equalised weights.
std::shared_ptr<Conv> equal_conv(std::int64_t in, std::int64_t out, std::int64_t kernel, bool bias = true) {
  return std::make_shared<Conv>(in, out, kernel, 1, kernel / 2, bias, Weighting::equalised);
}

// Enlarges by linear interpolation, the same as zeros between the pixels and the paper's filter 1 3 3 1.
Tensor enlarged(const Tensor& x) {
  return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, /*align_corners=*/false);
}

Tensor equalised(const Tensor& weight) {
  return weight / std::sqrt(static_cast<double>(weight[0].numel()));
}

}  // namespace

Mapping::Mapping(std::int64_t latent, std::int64_t style, std::int64_t layers, double rate) : rate_(rate) {
  for (std::int64_t i = 0; i < layers; ++i) {
    const auto name = std::to_string(i);
    weights_.push_back(register_parameter("weight" + name, torch::zeros({style, i == 0 ? latent : style})));
    biases_.push_back(register_parameter("bias" + name, torch::zeros({style})));
  }
}

void Mapping::initialise(at::Generator generator) {
  const torch::NoGradGuard no_grad;
  for (auto& weight : weights_) {
    // Weights 1 / rate times as large, which are used at `rate` times their size, change `rate` times as fast.
    weight.copy_(torch::randn(weight.sizes(), generator, torch::TensorOptions().device(generator.device())) /
                 rate_);
  }
}

Tensor Mapping::forward(const Tensor& latents) {
  auto x = pixel_norm(latents);
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    x = rectified(affine(x, equalised(present(weights_[i])) * rate_, present(biases_[i]) * rate_));
  }
  return x;
}

Tensor modulated_convolution(const Tensor& x, const Tensor& weight, const Tensor& style, bool demodulate) {
  const auto y = at::conv2d(x * style.unsqueeze(2).unsqueeze(3), weight, {}, 1, weight.size(2) / 2);
  if (!demodulate) return y;
  const auto squares = at::matmul(style.square(), weight.square().sum({2, 3}).t());  // [N, O]
  return y * (squares + 1e-8).rsqrt().unsqueeze(2).unsqueeze(3);
}

StyledConv::StyledConv(std::int64_t in, std::int64_t out, std::int64_t side, std::int64_t style,
                       Styling styling)
    : styling_(styling) {
  weight_ = register_parameter("weight", torch::zeros({out, in, 3, 3}));
  bias_ = register_parameter("bias", torch::zeros({out}));
  strength_ = register_parameter("strength", torch::zeros({1}));
  noise_ = register_buffer("noise", torch::zeros({1, 1, side, side}));
  const auto values = styling == Styling::modulation ? in : 2 * out;
  style_ = register_module("style", std::make_shared<Dense>(style, values, Weighting::equalised));
}

Tensor StyledConv::forward(const Tensor& x, const Tensor& w, const StyleNoise& noise) {
  const auto style = style_->forward(w);
  const auto weight = equalised(present(weight_));
  auto y = styling_ == Styling::modulation ? modulated_convolution(x, weight, style + 1, /*demodulate=*/true)
                                           : at::conv2d(x, weight, {}, 1, 1);
  if (noise.kind == StyleNoise::Kind::drawn) {
    y = y + present(strength_) * torch::randn({y.size(0), 1, y.size(2), y.size(3)}, noise.generator,
                                              y.options().dtype(torch::kFloat));
  } else if (noise.kind == StyleNoise::Kind::fixed) {
    y = y + present(strength_) * noise_;
  }
  y = rectified(y + present(bias_).view({1, -1, 1, 1}));
  if (styling_ == Styling::modulation) return y;
  const auto centred = y - y.mean({2, 3}, true);
  const auto normed = centred * (centred.square().mean({2, 3}, true) + 1e-8).rsqrt();
  const auto halves = style.view({style.size(0), 2, -1, 1, 1});
  return normed * (halves.select(1, 0) + 1) + halves.select(1, 1);
}

class StyleSynthesis::ToImage : public torch::nn::Module {
 public:
  ToImage(std::int64_t in, std::int64_t out, std::int64_t style) {
    weight_ = register_parameter("weight", torch::zeros({out, in, 1, 1}));
    bias_ = register_parameter("bias", torch::zeros({out}));
    style_ = register_module("style", std::make_shared<Dense>(style, in, Weighting::equalised));
  }
  Tensor forward(const Tensor& x, const Tensor& w) {
    const auto y = modulated_convolution(x, equalised(present(weight_)), style_->forward(w) + 1, false);
    return y + present(bias_).view({1, -1, 1, 1});
  }

 private:
  Tensor weight_, bias_;
  std::shared_ptr<Dense> style_;
};

StyleSynthesis::StyleSynthesis(std::int64_t style, const std::vector<std::int64_t>& channels,
                               std::int64_t image_channels, Styling styling) {
  input_ = register_parameter("input", torch::zeros({1, channels[0], 4, 4}));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto c = channels[i], side = side_of_level(i);
    const auto add = [&](const char* what, std::int64_t in) {
      return register_module(level_name(what, i), std::make_shared<StyledConv>(in, c, side, style, styling));
    };
    first_.push_back(i == 0 ? nullptr : add("first", channels[i - 1]));
    second_.push_back(add("second", c));
    to_image_.push_back(
        register_module(level_name("to_image", i), std::make_shared<ToImage>(c, image_channels, style)));
  }
}

void StyleSynthesis::initialise(at::Generator generator) {
  const torch::NoGradGuard no_grad;
  nn::initialise(*this, Init::unit, generator);
  const auto options = torch::TensorOptions().device(generator.device());
  for (auto& noise : buffers()) noise.copy_(torch::randn(noise.sizes(), generator, options));
}

Tensor StyleSynthesis::forward(const Tensor& ws, const StyleNoise& noise) {
  auto x = present(input_).expand({ws.size(0), -1, -1, -1});
  Tensor image;
  std::int64_t next = 0;
  for (std::size_t i = 0; i < to_image_.size(); ++i) {
    if (i > 0) x = first_[i]->forward(enlarged(x), ws.select(1, next++), noise);
    x = second_[i]->forward(x, ws.select(1, next++), noise);
    // The picture has the style of the next convolution.
    const auto more = to_image_[i]->forward(x, ws.select(1, next));
    image = image.defined() ? enlarged(image) + more : more;
  }
  return image;
}

ResidualDiscriminator::ResidualDiscriminator(const std::vector<std::int64_t>& channels,
                                             std::int64_t image_channels, bool deviation)
    : deviation_(deviation) {
  from_image_ = register_module("from_image", equal_conv(image_channels, channels.back(), 1));
  for (std::size_t i = 1; i < channels.size(); ++i) {
    const auto in = channels[i], out = channels[i - 1];
    first_.push_back(register_module(level_name("first", i), equal_conv(in, in, 3)));
    second_.push_back(register_module(level_name("second", i), equal_conv(in, out, 3)));
    shortcut_.push_back(register_module(level_name("shortcut", i), equal_conv(in, out, 1, /*bias=*/false)));
  }
  last_ = register_module("last", equal_conv(channels[0] + deviation, channels[0], 3));
  end_ = register_module("end", std::make_shared<Dense>(channels[0] * 16, channels[0], Weighting::equalised));
}

Tensor ResidualDiscriminator::forward(const Tensor& images) {
  auto x = rectified(from_image_->forward(images));
  for (auto i = first_.size(); i-- > 0;) {
    const auto deep = halved(rectified(second_[i]->forward(rectified(first_[i]->forward(x)))));
    x = (deep + shortcut_[i]->forward(halved(x))) * (1 / kGain);
  }
  if (deviation_) x = append_deviation_channel(x);
  return rectified(end_->forward(rectified(last_->forward(x)).flatten(1)));
}

}  // namespace belamy::nn
