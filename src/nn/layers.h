// Layers that LibTorch lacks, or has in a slower form.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <type_traits>
#include <utility>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// How a layer's weight is computed from its parameters.
enum class Weighting {
  plain,
  spectral,  ///< W / sigma(W), by one power iteration a training pass: Miyato et al. 2018 (arXiv:1802.05957)
  scaled,    ///< g v / |v| for each output: weight normalisation, Salimans & Kingma 2016 (arXiv:1602.07868)
  directed,  ///< the same, but g keeps the value of start_from(): only directions are learned
  /// gain w / sqrt(fan_in): weights that are drawn from N(0, 1) learn at the same relative rate in all layers:
  /// Karras et al. 2018 (arXiv:1710.10196), section 4.1
  equalised
};

/// While it exists, ActNorm and layers with normalised weights that run in this thread first set scale and shift
/// so that their outputs for this batch have mean 0 and standard deviation 1: the data-dependent start of Salimans
/// & Kingma 2016, section 3. DiagonalScaling sets its scale. One pass of a network so starts all of its layers. No
/// gradients.
class DataStart {
 public:
  DataStart();
  ~DataStart();
  DataStart(const DataStart&) = delete;
  DataStart& operator=(const DataStart&) = delete;
  static bool is_on();

 private:
  torch::NoGradGuard no_grad_;
};

/// Mean and standard deviation of each channel of x [N, C, ...]: [C] each. The deviation of a channel that is
/// constant counts as 1.
std::pair<Tensor, Tensor> channel_moments(const Tensor& x);

/// The base of layers with a weight matrix [out, ...].
class Weighted : public torch::nn::Module {
 protected:
  /// `gain` is for equalised weights only.
  Weighted(at::IntArrayRef sizes, bool bias, Weighting weighting, double gain = 1);
  /// The weight to compute with.
  Tensor weight();
  /// x [N, I] -> x weight()^T + bias() [N, O].
  Tensor map(const Tensor& x);
  const Tensor& bias() const;
  /// Whether a DataStart is to set scale and bias.
  bool starts() const { return normalised() && DataStart::is_on(); }
  void standardise(const Tensor& outputs);

 private:
  Tensor factors() const;  // [O], g / |v| of the normalised weight

  bool normalised() const { return weighting_ == Weighting::scaled || weighting_ == Weighting::directed; }

  Weighting weighting_;
  double gain_;
  Tensor weight_, bias_;
  Tensor scale_;      // [O], g of the normalised weight
  Tensor direction_;  // [O], the current left singular vector of the spectral weight
};

/// Affine map [N, I] -> [N, O]. Its outputs always have single precision, since a loss of bfloat16 logits
/// would be rounded to three digits.
class Dense : public Weighted {
 public:
  Dense(std::int64_t in, std::int64_t out, Weighting weighting = Weighting::plain, double gain = 1);
  Tensor forward(const Tensor& x);
};

/// Convolution [N, I, H, W] -> [N, O, H', W'].
class Conv : public Weighted {
 public:
  Conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
       bool bias, Weighting weighting = Weighting::plain, double gain = 1, std::int64_t dilation = 1);
  Tensor forward(const Tensor& x);

 private:
  Tensor convolve(const Tensor& x);
  std::int64_t stride_, padding_, dilation_;
};

/// x where it is positive, else a times x, with a learned a for each channel (He et al. 2015), 0.25 at first.
class PRelu : public torch::nn::Module {
 public:
  explicit PRelu(std::int64_t channels);
  Tensor forward(const Tensor& x);

 private:
  Tensor slope_;  // [C]
};

/// Transposed convolution [N, I, H, W] -> [N, O, H', W'], with the weight [I, O, K, K] and the results of
/// LibTorch's ConvTranspose2d. On the CPU it runs as the backward-data pass of a convolution in oneDNN, which
/// is faster than LibTorch 1.13's forward pass.
class ConvTranspose : public torch::nn::Module {
 public:
  ConvTranspose(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                std::int64_t padding, bool bias);
  Tensor forward(const Tensor& x);

 private:
  std::int64_t stride_, padding_;
  Tensor weight_, bias_;
};

/// Inverted dropout with draws from `generator`; the identity in evaluation.
class Dropout : public torch::nn::Module {
 public:
  Dropout(double probability, at::Generator generator) : probability_(probability), generator_(generator) {}
  Tensor forward(const Tensor& x);

 private:
  double probability_;
  at::Generator generator_;
};

/// Maxout (Goodfellow et al. 2013): [N, I] -> [N, O], the greatest of `pieces` linear maps.
class Maxout : public Weighted {
 public:
  Maxout(std::int64_t in, std::int64_t out, std::int64_t pieces, Weighting weighting = Weighting::plain);
  Tensor forward(const Tensor& x);

 private:
  std::int64_t out_, pieces_;
};

/// Adds draws from N(0, deviation^2) in training; the identity in evaluation.
class Noise : public torch::nn::Module {
 public:
  Noise(double deviation, at::Generator generator) : deviation_(deviation), generator_(generator) {}
  Tensor forward(const Tensor& x);

 private:
  double deviation_;
  at::Generator generator_;
};

class Norm;

/// x where it is positive, else `slope` times x.
struct Rectifier {
  double slope;
  Tensor operator()(const Tensor& x) const;
};

/// A chain of layers and functions. `add(module)` registers it under its index ("0", "1", ...). A norm and
/// the rectifier after it run as one. Layers and functions of two arguments also get the condition [N, C] of
/// the chain, which is undefined where none was given.
class Chain : public torch::nn::Module {
 public:
  template <class M>
  Chain& add(std::shared_ptr<M> module) {
    register_module(std::to_string(steps_.size()), module);
    Step step;
    if constexpr (std::is_same_v<M, Norm>) step.norm = module;
    if constexpr (requires(const Tensor& t) { module->forward(t, t); }) {
      step.run = [module](const Tensor& x, const Tensor& condition) { return module->forward(x, condition); };
    } else {
      step.run = [module](const Tensor& x, const Tensor&) { return module->forward(x); };
    }
    steps_.push_back(std::move(step));
    return *this;
  }
  template <class M>
  Chain& add(torch::nn::ModuleHolder<M> holder) {
    return add(holder.ptr());
  }
  Chain& add(std::function<Tensor(const Tensor&)> function);
  /// For a function that also takes the condition.
  Chain& add_conditional(std::function<Tensor(const Tensor&, const Tensor&)> function);
  Tensor forward(Tensor x, const Tensor& condition = {}) const {
    return forward(std::move(x), 0, steps_.size(), condition);
  }
  /// Only the steps from `first` to `last` - 1.
  Tensor forward(Tensor x, std::size_t first, std::size_t last, const Tensor& condition = {}) const;
  /// The maps [N, C, H, W] of its layers, fine to coarse: the last one of each size.
  std::vector<Tensor> pictures(Tensor x, const Tensor& condition = {}) const;
  std::size_t size() const { return steps_.size(); }
  bool empty() const { return steps_.empty(); }

 private:
  struct Step {
    std::function<Tensor(const Tensor&, const Tensor&)> run;
    std::shared_ptr<Norm> norm;       // null for other layers
    std::optional<double> rectifier;  // the slope; none for other functions
  };
  std::vector<Step> steps_;
};

/// An activation by name: "relu", "leaky-relu" (slope 0.2), "tanh", "sigmoid", "softplus", "gelu", "elu".
std::function<Tensor(const Tensor&)> activation(const std::string& name);
const std::vector<std::string>& activation_names();

}  // namespace belamy::nn
