#include "nn/gradient_reversal.h"

#include <cmath>
#include <torch/autograd.h>
#include <torch/types.h>

namespace belamy::nn {
namespace {

struct GradientReversal : torch::autograd::Function<GradientReversal> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, double strength) {
    ctx->saved_data["strength"] = strength;
    return x.view_as(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    return {-ctx->saved_data["strength"].toDouble() * grads[0], {}};
  }
};

}  // namespace

Tensor reverse_gradient(const Tensor& x, double strength) {
  return GradientReversal::apply(x, strength);
}

double reversal_strength(double progress, double gamma) {
  return 2 / (1 + std::exp(-gamma * progress)) - 1;
}

}  // namespace belamy::nn
