#include "nn/growing.h"

#include <numbers>
#include <torch/types.h>

#include "nn/batch_statistics.h"

namespace belamy::nn {
namespace {

const Rectifier leaky{0.2};

std::shared_ptr<Conv> convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, double gain) {
  return std::make_shared<Conv>(in, out, kernel, 1, kernel / 2, /*bias=*/true, Weighting::equalised, gain);
}
std::shared_ptr<Conv> convolution(std::int64_t in, std::int64_t out) {
  return convolution(in, out, 3, std::numbers::sqrt2);
}

}  // namespace

Tensor Growth::mixed(const Tensor& before, const Tensor& newest) const {
  return at::lerp(before, newest, share);
}

Tensor doubled(const Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

Tensor halved(const Tensor& x) {
  return at::avg_pool2d(x, 2);
}

Tensor pixel_norm(const Tensor& x) {
  return x * (x.square().mean(1, true) + 1e-8).rsqrt();
}

GrowingGenerator::GrowingGenerator(std::int64_t latent, const std::vector<std::int64_t>& channels,
                                   std::int64_t image_channels, bool normalise,
                                   std::shared_ptr<const Growth> growth)
    : growth_(std::move(growth)), normalise_(normalise) {
  // The paper's gain, a quarter of the others, makes up for latents of length sqrt(Z).
  start_ = register_module("start", std::make_shared<Dense>(latent, channels[0] * 16, Weighting::equalised,
                                                            std::numbers::sqrt2 / 4));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto c = channels[i];
    first_.push_back(i == 0 ? nullptr
                            : register_module(level_name("first", i), convolution(channels[i - 1], c)));
    second_.push_back(register_module(level_name("second", i), convolution(c, c)));
    to_image_.push_back(register_module(level_name("to_image", i), convolution(c, image_channels, 1, 1)));
  }
}

Tensor GrowingGenerator::shaped(const Tensor& x) const {
  const auto y = leaky(x);
  return normalise_ ? pixel_norm(y) : y;
}

Tensor GrowingGenerator::forward(const Tensor& latents) {
  auto x = start_->forward(normalise_ ? pixel_norm(latents) : latents).view({latents.size(0), -1, 4, 4});
  x = shaped(second_[0]->forward(shaped(x)));
  Tensor before;  // the features of the level before
  for (std::size_t i = 1; i <= growth_->level; ++i) {
    before = x;
    x = shaped(second_[i]->forward(shaped(first_[i]->forward(doubled(x)))));
  }
  const auto level = growth_->level;
  const auto image = to_image_[level]->forward(x);
  if (level == 0 || growth_->share == 1) return image;
  return growth_->mixed(doubled(to_image_[level - 1]->forward(before)), image);
}

GrowingDiscriminator::GrowingDiscriminator(const std::vector<std::int64_t>& channels,
                                           std::int64_t image_channels, bool deviation,
                                           std::shared_ptr<const Growth> growth)
    : growth_(std::move(growth)), deviation_(deviation) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto c = channels[i];
    from_image_.push_back(
        register_module(level_name("from_image", i), convolution(image_channels, c, 1, std::numbers::sqrt2)));
    first_.push_back(register_module(level_name("first", i), convolution(c + (i == 0 && deviation), c)));
    second_.push_back(i == 0 ? nullptr
                             : register_module(level_name("second", i), convolution(c, channels[i - 1])));
  }
  end_ = register_module("end", std::make_shared<Dense>(channels[0] * 16, channels[0], Weighting::equalised,
                                                        std::numbers::sqrt2));
}

Tensor GrowingDiscriminator::forward(const Tensor& images) {
  const auto level = growth_->level;
  auto x = leaky(from_image_[level]->forward(images));
  for (auto i = level; i > 0; --i) {
    x = halved(leaky(second_[i]->forward(leaky(first_[i]->forward(x)))));
    if (i == level && growth_->share < 1) {
      x = growth_->mixed(leaky(from_image_[i - 1]->forward(halved(images))), x);
    }
  }
  if (deviation_) x = append_deviation_channel(x);
  x = leaky(first_[0]->forward(x));
  return leaky(end_->forward(x.flatten(1)));
}

}  // namespace belamy::nn
