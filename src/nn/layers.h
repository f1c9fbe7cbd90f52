// Layers that LibTorch does not have, or has slower.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <type_traits>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// How a layer's weight comes from what is learned.
enum class Weighting {
  plain,
  spectral,  ///< W / sigma(W), by one power iteration a training pass: Miyato et al. 2018 (arXiv:1802.05957)
  scaled,    ///< g v / |v| for each output: weight normalisation, Salimans & Kingma 2016 (arXiv:1602.07868)
  directed   ///< the same, but g stays as start_from() made it: only directions are learned
};

/// The base of layers with a weight matrix [out, ...].
class Weighted : public torch::nn::Module {
 protected:
  Weighted(at::IntArrayRef sizes, bool bias, Weighting weighting);
  /// What the layer has to compute with now.
  Tensor weight();
  /// x [N, I] -> x weight()^T + bias() [N, O].
  Tensor map(const Tensor& x);
  const Tensor& bias() const;
  void standardise(const Tensor& outputs);

 private:
  Tensor factors() const;  // [O], of the normalised weight: g / |v|

  bool normalised() const { return weighting_ == Weighting::scaled || weighting_ == Weighting::directed; }

  Weighting weighting_;
  Tensor weight_, bias_;
  Tensor scale_;      // [O], of the normalised weight
  Tensor direction_;  // [O], the left singular vector so far, of the spectral weight
};

/// Affine map [N, I] -> [N, O]. Its outputs are single precision whatever it computed in: a loss of bfloat16
/// logits would be rounded to three digits.
class Dense : public Weighted {
 public:
  Dense(std::int64_t in, std::int64_t out, Weighting weighting = Weighting::plain);
  Tensor forward(const Tensor& x);
  /// Sets scale and bias of a normalised weight so that the outputs for `x` [N, I] have mean 0 and standard
  /// deviation 1: the data-dependent start of Salimans & Kingma 2016, section 3.
  void start_from(const Tensor& x);
};

/// Convolution [N, I, H, W] -> [N, O, H', W'].
class Conv : public Weighted {
 public:
  Conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
       bool bias, Weighting weighting = Weighting::plain);
  Tensor forward(const Tensor& x);

 private:
  std::int64_t stride_, padding_;
};

/// Transposed convolution [N, I, H, W] -> [N, O, H', W'], weight [I, O, K, K] as in LibTorch's
/// ConvTranspose2d and the same values. On the CPU it runs as the backward-data pass of a convolution, which
/// oneDNN has and LibTorch 1.13's forward does not use.
class ConvTranspose : public torch::nn::Module {
 public:
  ConvTranspose(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                std::int64_t padding, bool bias);
  Tensor forward(const Tensor& x);

 private:
  std::int64_t stride_, padding_;
  Tensor weight_, bias_;
};

/// Inverted dropout that draws from the run's generator; the identity in evaluation.
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

/// Adds N(0, deviation^2) from the run's generator in training; the identity in evaluation.
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

/// A chain of layers and functions. `add(module)` registers it under its place ("0", "1", ...). A norm and
/// the rectifier behind it run as one. Layers and functions of two arguments also get the condition [N, C]
/// that the chain was given; it is undefined where none was.
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
  /// For a function that gets the condition as well.
  Chain& add_conditional(std::function<Tensor(const Tensor&, const Tensor&)> function);
  Tensor forward(Tensor x, const Tensor& condition = {}) const {
    return forward(std::move(x), 0, steps_.size(), condition);
  }
  /// Only the steps from `first` up to `last`.
  Tensor forward(Tensor x, std::size_t first, std::size_t last, const Tensor& condition = {}) const;
  /// The last of each size of pictures [N, C, H, W] on the way through: what its layers see, fine to coarse.
  std::vector<Tensor> pictures(Tensor x, const Tensor& condition = {}) const;
  std::size_t size() const { return steps_.size(); }
  bool empty() const { return steps_.empty(); }

 private:
  struct Step {
    std::function<Tensor(const Tensor&, const Tensor&)> run;
    std::shared_ptr<Norm> norm;       // where it is one
    std::optional<double> rectifier;  // the slope, where it is one
  };
  std::vector<Step> steps_;
};

/// An activation by name: "relu", "leaky-relu" (slope 0.2), "tanh", "sigmoid", "softplus", "gelu", "elu".
std::function<Tensor(const Tensor&)> activation(const std::string& name);
const std::vector<std::string>& activation_names();

}  // namespace belamy::nn
