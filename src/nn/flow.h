// Normalising flows: invertible layers with the log-determinants of their Jacobians, and chains of such
// layers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

#include "nn/layers.h"

namespace belamy::nn {

/// The result of an invertible layer for x.
struct Mapped {
  Tensor value;
  /// log |det d value / d x|, nats: [N], or a scalar where it is the same for all examples. Undefined if it is
  /// zero.
  Tensor log_determinant;
};

/// A layer of a flow, x [N, D] or [N, C, H, W]. `inverse` undoes `map` up to rounding.
class Invertible : public torch::nn::Module {
 public:
  virtual Mapped map(const Tensor& x) = 0;
  virtual Tensor inverse(const Tensor& y) = 0;
};

/// Layers one after the other.
class Flow : public Invertible {
 public:
  Flow& add(const std::string& name, std::shared_ptr<Invertible> layer);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

 private:
  std::vector<std::shared_ptr<Invertible>> layers_;
};

/// The part of x that a coupling leaves unchanged, and from which it computes the change of the rest: the
/// first or the second half of the channels, or the squares of one colour of a checkerboard over the image.
/// If the number of channels is odd, the first half is the larger one.
enum class Given { first, second, even, odd };

/// The scale by which a coupling multiplies the part that it changes, computed from an output h of its
/// network.
enum class Scaling {
  none,     ///< 1: additive, keeps volumes (Dinh et al. 2015, NICE, arXiv:1410.8516)
  bounded,  ///< exp(2 tanh(h / 2)), so that no coupling scales by more than e^2
  tanh,     ///< exp(g tanh(h)), g learned for each channel (Dinh et al. 2017, RealNVP, arXiv:1605.08803)
  sigmoid   ///< sigmoid(h + 2) (the code of Kingma & Dhariwal 2018, Glow, arXiv:1807.03039)
};

/// y = x * scale + shift on one part of x. `network` computes scale and shift from the given part: its
/// outputs are [scale,] shift along the channels. With halves, the network sees only the given half. With a
/// checkerboard, it sees x with zeros on the other squares, and its outputs on the given squares are not
/// used. The network's layers are registered as the coupling's own.
class Coupling : public Invertible {
 public:
  Coupling(std::int64_t channels, Given given, Scaling scaling, std::shared_ptr<Chain> network);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

  /// The number of channels that the network takes, and the number that the coupling changes.
  static std::int64_t given_channels(std::int64_t channels, Given given);
  static std::int64_t moved_channels(std::int64_t channels, Given given);
  /// The number of outputs that the network must have.
  static std::int64_t outputs(std::int64_t channels, Given given, Scaling scaling);

 private:
  struct Change {
    Tensor log_scale, shift;  // log_scale is undefined if there is none
  };
  struct Parts {
    Tensor given, moved;
  };
  bool on_checkerboard() const { return given_ == Given::even || given_ == Given::odd; }
  Change change(const Tensor& given) const;
  Parts parts(const Tensor& x) const;
  Tensor join(const Tensor& given, const Tensor& moved) const;

  std::int64_t channels_;
  Given given_;
  Scaling scaling_;
  std::shared_ptr<Chain> network_;
  Tensor gain_;  // [moved], of Scaling::tanh
};

/// The networks of couplings. Both end in a layer whose weights start at zero, so that the coupling starts as
/// the identity (or with the constant scale of `sigmoid`).
///
/// Affine maps in -> hidden... -> out with rectifiers between them.
std::shared_ptr<Chain> dense_conditioner(std::int64_t in, const std::vector<std::int64_t>& hidden,
                                         std::int64_t out, at::Generator generator);
/// Convolutions in -> hidden... -> out, the first and the last one 3x3, those between 1x1. The hidden ones have
/// normalised weights, which a DataStart sets from the data.
std::shared_ptr<Chain> convolutional_conditioner(std::int64_t in, const std::vector<std::int64_t>& hidden,
                                                 std::int64_t out, at::Generator generator);

/// y = x * exp(log_scale) + shift for each channel. A DataStart sets both so that y has mean 0 and deviation 1
/// over batch and places (Glow, section 3.1); a channel that is constant is only shifted. With `alike`,
/// for channels of one kind such as pixels, mean and deviation are those of all channels together, and every
/// channel starts with the same scale and shift: a channel that hardly varies in the first batch may vary in
/// the next.
class ActNorm : public Invertible {
 public:
  explicit ActNorm(std::int64_t channels, bool alike = false);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

 private:
  bool alike_;
  Tensor log_scale_, shift_;  // [C]
};

/// y = x * exp(log_scale) for each channel: the last layer of NICE. Starts as the identity. A DataStart sets the
/// scale so that y has about deviation 1. It takes the variance (N v + w) / (N + 1), where N is the batch size, v the
/// variance of the channel and w that of all channels together: a channel that hardly varies in this batch may vary
/// in the next.
class DiagonalScaling : public Invertible {
 public:
  explicit DiagonalScaling(std::int64_t channels);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

 private:
  Tensor log_scale_;  // [C]
};

/// y = W x at every place with a learned W [C, C] that starts as a random rotation: the invertible 1x1
/// convolution of Glow, section 3.2. W = P L U with a fixed permutation P, a unit lower triangular L, and a U
/// whose diagonal cannot reach zero. So the log-determinant is a sum, and no step can make W singular. The
/// inverse is computed in double precision.
class InvertibleConvolution : public Invertible {
 public:
  InvertibleConvolution(std::int64_t channels, at::Generator generator);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

 private:
  Tensor weight() const;
  Tensor lower_, upper_;         // [C, C]; only the entries below and above the diagonal are used
  Tensor log_diagonal_, signs_;  // [C], of U
  Tensor order_;                 // [C] int64: row i of W is row order[i] of L U
};

/// y = the channels of x in the given order, which holds each of 0 ... C - 1 once.
class Permutation : public Invertible {
 public:
  explicit Permutation(const std::vector<std::int64_t>& order);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

  static std::vector<std::int64_t> reversed(std::int64_t channels);
  /// 0, 2, 4, ..., 1, 3, 5, ...
  static std::vector<std::int64_t> evens_first(std::int64_t channels);
  static std::vector<std::int64_t> shuffled(std::int64_t channels, at::Generator generator);

 private:
  Tensor order_, back_;  // [C] int64
};

/// [N, C, H, W] -> [N, 4 C, H / 2, W / 2]: the four pixels of a square become channels. H and W even.
class Squeeze : public Invertible {
 public:
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;
};

/// [N, C, H, W] -> [N, C H W].
class Flattening : public Invertible {
 public:
  Flattening(std::int64_t channels, std::int64_t height, std::int64_t width);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

 private:
  std::int64_t channels_, height_, width_;
};

/// Factors out half of the values. The first half of the channels of x [N, C, H, W] goes on through `rest`,
/// whose result must be [N, D]; the second half is left as it is. C even. Result: [N, C H W], that of `rest`
/// first.
class Split : public Invertible {
 public:
  Split(std::int64_t channels, std::int64_t height, std::int64_t width, std::shared_ptr<Invertible> rest);
  Mapped map(const Tensor& x) override;
  Tensor inverse(const Tensor& y) override;

 private:
  std::int64_t half_, height_, width_;
  std::shared_ptr<Invertible> rest_;
};

/// A learned density of z [N, D] with exact samples: affine couplings (RealNVP) between z and u ~ N(0, I).
/// The halves of the dimensions take turns as the given part. Starts as the identity. D at least 2.
class CouplingFlow : public Flow {
 public:
  CouplingFlow(std::int64_t dimension, std::int64_t couplings, std::int64_t width, at::Generator generator);

  /// z -> u.
  Tensor to_normal(const Tensor& z) { return map(z).value; }
  /// u -> z.
  Tensor from_normal(const Tensor& u) { return inverse(u); }
  /// log p(z) [N], nats.
  Tensor log_density(const Tensor& z);

 private:
  std::int64_t dimension_;
};

}  // namespace belamy::nn
