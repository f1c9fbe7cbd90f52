// Networks that grow from 4x4 pixels: Karras et al. 2018 (arXiv:1710.10196), Table 2, with equalised weights.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/layers.h"

namespace belamy::nn {

/// How far a pair of networks has grown. Level 0 has 4x4 pixels, and each further level twice as many a side.
struct Growth {
  std::size_t level = 0;
  /// The share of the newest level in the output, in [0, 1]; the rest is that of the level before.
  double share = 1;

  /// Mixes what the level before gives into what the newest gives.
  Tensor mixed(const Tensor& before, const Tensor& newest) const;
};

/// Pixels a side at a level.
inline std::int64_t side_of_level(std::size_t level) {
  return std::int64_t{4} << level;
}

/// The name of a layer of a level: "first16".
inline std::string level_name(const std::string& layer, std::size_t level) {
  return layer + std::to_string(side_of_level(level));
}

/// [N, C, H, W] -> [N, C, 2 H, 2 W], each pixel four times.
Tensor doubled(const Tensor& x);
/// The mean of each 2x2 pixels.
Tensor halved(const Tensor& x);
/// x / sqrt(mean of x^2 over the channels + 1e-8).
Tensor pixel_norm(const Tensor& x);

/// Latents [N, Z] -> images [N, C, S, S] of the level's side S, without a final nonlinearity.
class GrowingGenerator : public torch::nn::Module {
 public:
  /// `channels`: those of each level. The networks read `growth` at each pass.
  GrowingGenerator(std::int64_t latent, const std::vector<std::int64_t>& channels,
                   std::int64_t image_channels, bool normalise, std::shared_ptr<const Growth> growth);
  Tensor forward(const Tensor& latents);

 private:
  Tensor shaped(const Tensor& x) const;

  const std::shared_ptr<const Growth> growth_;
  const bool normalise_;
  std::shared_ptr<Dense> start_;
  /// Of each level; the first one's first convolution is the dense layer.
  std::vector<std::shared_ptr<Conv>> first_, second_, to_image_;
};

/// Images of the level's side -> features [N, F], F = channels of level 0.
class GrowingDiscriminator : public torch::nn::Module {
 public:
  /// `deviation`: adds the standard deviation over each four images as a channel at 4x4.
  GrowingDiscriminator(const std::vector<std::int64_t>& channels, std::int64_t image_channels, bool deviation,
                       std::shared_ptr<const Growth> growth);
  Tensor forward(const Tensor& images);

 private:
  const std::shared_ptr<const Growth> growth_;
  const bool deviation_;
  std::vector<std::shared_ptr<Conv>> from_image_, first_, second_;
  std::shared_ptr<Dense> end_;
};

}  // namespace belamy::nn
