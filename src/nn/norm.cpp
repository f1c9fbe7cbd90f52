#include "nn/norm.h"

#include <stdexcept>
#include <torch/types.h>

#include "belamy/error.h"

#include "nn/layers.h"
#include "nn/standardise.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;

}  // namespace

Norm::Norm(const std::string& kind, std::int64_t channels, std::int64_t reference, bool scales)
    : reference_(reference) {
  if (kind == "batch") {
    kind_ = Kind::batch;
  } else if (kind == "layer") {
    kind_ = Kind::layer;
  } else if (kind == "instance") {
    kind_ = Kind::instance;
  } else if (kind == "reference") {
    kind_ = Kind::reference;
  } else if (kind == "virtual") {
    kind_ = Kind::virtual_batch;
  } else {
    throw std::logic_error("no normalisation is called " + kind);
  }
  const auto ones = torch::ones({channels});
  weight_ = scales ? register_parameter("weight", ones) : register_buffer("weight", ones);
  bias_ = register_parameter("bias", torch::zeros({channels}));
  if (kind_ == Kind::batch) {
    running_mean_ = register_buffer("running_mean", torch::zeros({channels}));
    running_var_ = register_buffer("running_var", torch::ones({channels}));
  }
}

Tensor Norm::forward(const Tensor& x, double slope) {
  const bool batch = kind_ == Kind::batch && is_training(), instance = kind_ == Kind::instance;
  if (batch && x.numel() == x.size(1)) {
    throw usage_error("batch norm needs more than one datum in a batch", "set train.batch=2 or more");
  }
  const auto &weight = present(weight_), &bias = present(bias_);
  if ((batch || instance) && can_standardise(x, weight)) {
    const auto over = batch ? Standardised::over_batch : Standardised::over_example;
    const auto result = standardise(x, weight, bias, over, kEpsilon, slope);
    if (batch && is_own(weight)) {
      remember(result.mean, result.variance, static_cast<double>(x.numel()) / static_cast<double>(x.size(1)));
    }
    return result.y;
  }
  const auto y = normalise(x);
  return slope == 1 ? y : Rectifier{slope}(y);
}

Tensor Norm::normalise(const Tensor& x) {
  const auto &weight = present(weight_), &bias = present(bias_);
  const bool cudnn = at::globalContext().userEnabledCuDNN();
  switch (kind_) {
    case Kind::batch: {
      const bool own = !is_training() || is_own(weight);
      return at::batch_norm(x, weight, bias, own ? running_mean_ : Tensor(), own ? running_var_ : Tensor(),
                            is_training(), kMomentum, kEpsilon, cudnn);
    }
    case Kind::layer: return at::group_norm(x, 1, weight, bias, kEpsilon);
    case Kind::instance:
      return at::instance_norm(x, weight, bias, {}, {}, /*use_input_stats=*/true, kMomentum, kEpsilon, cudnn);
    case Kind::reference:
    case Kind::virtual_batch: return by_reference(x);
  }
  return x;
}

// Running averages of the mean and of the unbiased variance.
void Norm::remember(const Tensor& mean, const Tensor& variance, double count) {
  const torch::NoGradGuard no_grad;
  running_mean_.lerp_(mean, kMomentum);
  running_var_.mul_(1 - kMomentum).add_(variance, kMomentum * count / (count - 1));
}

Tensor Norm::by_reference(const Tensor& x) const {
  const auto values = x.dim() > 2 ? x.flatten(2) : x;      // [N, C] or [N, C, H*W]
  const auto own = x.dim() > 2 ? values.mean(2) : values;  // [N, C], of each example
  const auto own_square = x.dim() > 2 ? values.square().mean(2) : values.square();
  const auto share = kind_ == Kind::virtual_batch ? 1.0 / static_cast<double>(reference_ + 1) : 0.0;
  const auto reference_mean = own.narrow(0, 0, reference_).mean(0, true);  // [1, C]
  const auto reference_square = own_square.narrow(0, 0, reference_).mean(0, true);
  const auto rest = x.size(0) - reference_;
  const auto with_rest = [&](const Tensor& reference, const Tensor& each) {
    const auto others = reference * (1 - share) + each.narrow(0, reference_, rest) * share;
    return at::cat({reference.expand({reference_, -1}), others});
  };
  const auto mean = with_rest(reference_mean, own);
  const auto variance = (with_rest(reference_square, own_square) - mean.square()).clamp_min(0);
  const auto scale = present(weight_) * (variance + kEpsilon).rsqrt();  // [N, C]
  const auto shift = present(bias_) - mean * scale;
  if (x.dim() == 2) return x * scale + shift;
  return x * scale.view({x.size(0), -1, 1, 1}) + shift.view({x.size(0), -1, 1, 1});
}

}  // namespace belamy::nn
