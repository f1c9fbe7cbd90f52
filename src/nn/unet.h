// Networks of diffusion models: they take noisy data, the time and the class, and predict a value for each
// value of the data. Their last layers start at zero.
#pragma once

#include <cstdint>
#include <memory>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

#include "nn/group_norm.h"
#include "nn/layers.h"

namespace belamy::nn {

/// Times [N] -> [N, size]: sines and cosines of frequencies from 1 down to 1e-4 (Vaswani et al. 2017, section
/// 3.5, as Ho et al. 2020 use it). `size` is even, 4 or more.
Tensor time_waves(const Tensor& times, std::int64_t size);

/// Times [N] and labels [N] -> codes [N, size], the embedding of both: two dense layers on time_waves, plus a
/// learned vector for the class. Labels are 0 to `classes`, where `classes` stands for no class. If `classes`
/// is 0, the labels are not used and may be undefined.
class TimeCode : public torch::nn::Module {
 public:
  TimeCode(std::int64_t waves, std::int64_t size, std::int64_t classes);
  Tensor forward(const Tensor& times, const Tensor& labels);
  /// Draws the vectors of the classes from N(0, 1), so that they are about as large as the waves.
  void spread_classes(at::Generator generator);

 private:
  std::int64_t waves_, classes_;
  std::shared_ptr<Dense> first_, second_;
  Tensor table_;  // [classes + 1, size]
};

/// x + conv(SiLU(norm(conv(SiLU(norm(x)))))), whose second norm gets scale and shift from the code. If `in`
/// and `out` differ, the first x passes a 1x1 convolution. The second convolution starts at zero.
/// [N, in, H, W] -> [N, out, H, W].
class ResidualBlock : public torch::nn::Module {
 public:
  ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t code, double dropout,
                at::Generator generator);
  /// `code`: that of TimeCode after a SiLU.
  Tensor forward(const Tensor& x, const Tensor& code);
  void start_at_zero();

 private:
  std::shared_ptr<GroupNorm> first_norm_, second_norm_;
  std::shared_ptr<Conv> first_, second_, direct_;  // direct: null where the number of channels stays
  std::shared_ptr<Dense> from_code_;
  std::shared_ptr<Dropout> dropout_;  // null: none
};

/// x + projection(attention(norm(x))): self-attention (Vaswani et al. 2017) over all places of a feature map.
/// The projection starts at zero. One head for each 32 channels; a single one if 32 does not divide their
/// number.
class Attention : public torch::nn::Module {
 public:
  explicit Attention(std::int64_t channels);
  Tensor forward(const Tensor& x);
  void start_at_zero();

 private:
  std::int64_t heads_;
  std::shared_ptr<GroupNorm> norm_;
  std::shared_ptr<Dense> inputs_, projection_;
};

struct UNetSettings {
  std::int64_t channels = 1;  ///< of the images
  std::int64_t height = 28, width = 28;
  std::int64_t base = 32;                             ///< channels of the first level
  std::vector<std::int64_t> multipliers = {1, 2, 2};  ///< channels of each level, relative to `base`
  std::int64_t blocks = 1;                            ///< residual blocks of each level, down and up
  std::int64_t attention = 7;  ///< attention on feature maps whose longer side is at most this; 0: none
  std::int64_t patch = 1;      ///< side of the squares of pixels that become one place of the first level
  double dropout = 0;
  std::int64_t outputs = 1;  ///< values predicted for each value of the image
  std::int64_t classes = 0;  ///< 0: not conditioned on a class
};

/// The U-Net of Ho et al. 2020. Between two levels the sides are halved if both are even; otherwise they stay. Going
/// up, each block also gets the output of its counterpart going down. [N, C, H, W] -> [N, outputs C, H, W].
class UNet : public torch::nn::Module {
 public:
  UNet(const UNetSettings& settings, at::Generator generator);
  /// times [N] float, labels [N] int64 or undefined.
  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& labels);

 private:
  // One block, with attention after it where the map is small.
  struct Block {
    std::shared_ptr<ResidualBlock> residual;
    std::shared_ptr<Attention> attention;  // null: none
    Tensor forward(const Tensor& x, const Tensor& code) const;
  };
  struct Level {
    std::vector<Block> down, up;
    std::shared_ptr<Conv> halve;    // null: the sides stay, or it is the last level
    std::shared_ptr<Conv> double_;  // after the upsampling
  };
  Block make_block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t side);

  UNetSettings settings_;
  at::Generator generator_;
  std::int64_t code_;
  std::shared_ptr<TimeCode> time_;
  std::shared_ptr<Conv> stem_, head_;
  std::shared_ptr<GroupNorm> head_norm_;
  std::vector<Level> levels_;
  std::vector<Block> middle_;
};

/// For points: x [N, D] -> [N, outputs D]. Residual blocks of two dense layers, with the code added between them.
class TimePerceptron : public torch::nn::Module {
 public:
  TimePerceptron(std::int64_t dimension, std::int64_t width, std::int64_t blocks, std::int64_t outputs,
                 std::int64_t classes, at::Generator generator);
  Tensor forward(const Tensor& x, const Tensor& times, const Tensor& labels);

 private:
  struct Block {
    std::shared_ptr<Dense> first, second, from_code;
  };
  std::shared_ptr<TimeCode> time_;
  std::shared_ptr<Dense> stem_, head_;
  std::vector<Block> blocks_;
};

}  // namespace belamy::nn
