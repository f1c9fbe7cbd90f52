// Networks of StyleGAN: the mapping of latents to styles, and convolutions that styles control. Karras, Laine & Aila
// 2019 (arXiv:1812.04948); Karras et al. 2020 (arXiv:1912.04958).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nn/layers.h"

namespace belamy::nn {

/// Latents z [N, Z] -> styles w [N, W]: dense layers with leaky ReLU on z of unit length, which learn `rate` times as
/// fast as other layers.
class Mapping : public torch::nn::Module {
 public:
  Mapping(std::int64_t latent, std::int64_t style, std::int64_t layers, double rate);
  /// Draws the weights.
  void initialise(at::Generator generator);
  Tensor forward(const Tensor& latents);

 private:
  const double rate_;
  std::vector<Tensor> weights_, biases_;
};

/// How a style controls a convolution.
enum class Styling {
  modulation,  ///< scales its input channels, and its output channels back to unit variance (2020)
  adain        ///< scales and shifts its output channels, which are normalised for each image (2019)
};

/// The weight of each input channel times the style, and each output channel divided by the length of its weights
/// (demodulation): conv(x, w s / |w s|) for a style of its own in each row, computed as scale, convolve, scale. x [N, I, H,
/// W], weight [O, I, K, K], style [N, I]. Without `demodulate` the weights keep their length.
Tensor modulated_convolution(const Tensor& x, const Tensor& weight, const Tensor& style, bool demodulate);

/// The noise that is added after each convolution.
struct StyleNoise {
  enum class Kind { fixed, drawn, off } kind = Kind::fixed;  ///< fixed: always the same
  at::Generator generator = {};                              ///< of what is drawn
};

/// A convolution, noise, a bias and a leaky ReLU, under a style: [N, I, H, W] -> [N, O, H, W].
class StyledConv : public torch::nn::Module {
 public:
  StyledConv(std::int64_t in, std::int64_t out, std::int64_t side, std::int64_t style, Styling styling);
  /// w [N, W].
  Tensor forward(const Tensor& x, const Tensor& w, const StyleNoise& noise);

 private:
  const Styling styling_;
  Tensor weight_, bias_, strength_;
  Tensor noise_;  // [1, 1, H, W]
  std::shared_ptr<Dense> style_;
};

/// Styles -> images, from a learned 4x4 input. Each level has two convolutions (the first one level one), and
/// adds its picture to the enlarged one of the level before.
class StyleSynthesis : public torch::nn::Module {
 public:
  /// `channels`: those of each level, 4x4 first.
  StyleSynthesis(std::int64_t style, const std::vector<std::int64_t>& channels, std::int64_t image_channels,
                 Styling styling);
  /// Draws the weights and the noise.
  void initialise(at::Generator generator);
  /// The number of styles that an image takes: two for each level.
  std::int64_t styles() const { return 2 * static_cast<std::int64_t>(to_image_.size()); }
  /// ws [N, styles, W] -> [N, C, S, S], without a final nonlinearity.
  Tensor forward(const Tensor& ws, const StyleNoise& noise);

 private:
  // The picture of a level: a 1x1 convolution under a style, without demodulation.
  class ToImage;

  Tensor input_;  // [1, C, 4, 4]
  std::vector<std::shared_ptr<StyledConv>> first_, second_;
  std::vector<std::shared_ptr<ToImage>> to_image_;
};

/// The residual discriminator of StyleGAN2: images [N, C, S, S] -> features [N, F], F = channels of level 0.
class ResidualDiscriminator : public torch::nn::Module {
 public:
  /// `deviation`: adds the standard deviation over each four images as a channel at 4x4.
  ResidualDiscriminator(const std::vector<std::int64_t>& channels, std::int64_t image_channels,
                        bool deviation);
  Tensor forward(const Tensor& images);

 private:
  const bool deviation_;
  std::shared_ptr<Conv> from_image_, last_;
  std::vector<std::shared_ptr<Conv>> first_, second_, shortcut_;
  std::shared_ptr<Dense> end_;
};

}  // namespace belamy::nn
