#include "models/shared/augmentation.h"

#include <cmath>
#include <numbers>
#include <torch/nn/functional/vision.h>
#include <torch/types.h>

namespace belamy::models {
namespace {

// Rows of maps x' = a x + b y + c, y' = d x + e y + f in coordinates from -1 to 1: [N, 3, 3].
Tensor affine(const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& d, const Tensor& e,
              const Tensor& f) {
  const auto zero = torch::zeros_like(a), one = torch::ones_like(a);
  return torch::stack({a, b, c, d, e, f, zero, zero, one}, 1).view({-1, 3, 3});
}

}  // namespace

Augmentation::Augmentation(double probability, double target, double images)
    : target_(target), images_(images) {
  probability_ = register_buffer("probability", torch::full({}, probability));
}

Tensor Augmentation::apply(const Tensor& images, StepContext& context) const {
  const auto n = images.size(0);
  // `changed` where the change happens, else `kept`.
  const auto perhaps = [&](const Tensor& changed, double kept) {
    return at::where(context.uniform({n}) < probability_, changed, torch::full_like(changed, kept));
  };
  const auto one = torch::ones({n}, images.options()), zero = torch::zeros({n}, images.options());
  const auto mirrored = perhaps(1 - 2 * (context.uniform({n}) < 0.5).to(images.dtype()), 1);
  const auto right = perhaps(context.uniform({n}, -0.25, 0.25), 0),
             down = perhaps(context.uniform({n}, -0.25, 0.25), 0);
  const auto scale = perhaps((0.2 * context.normal({n})).exp2(), 1);
  const auto angle = perhaps(context.uniform({n}, -std::numbers::pi, std::numbers::pi), 0);
  const auto maps = affine(mirrored * scale, zero, right, zero, scale, down)
                        .bmm(affine(angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero));
  namespace F = torch::nn::functional;
  const auto grid = F::affine_grid(maps.narrow(1, 0, 2), images.sizes().vec(), /*align_corners=*/false);
  auto made = F::grid_sample(images, grid,
                             F::GridSampleFuncOptions()
                                 .mode(torch::kBilinear)
                                 .padding_mode(torch::kReflection)
                                 .align_corners(false));
  const auto each = [n](const Tensor& values) { return values.view({n, 1, 1, 1}); };
  const auto contrast = perhaps((0.5 * context.normal({n})).exp2(), 1);
  made = made * each(contrast) + each(perhaps(0.2 * context.normal({n}), 0));
  if (images.size(1) == 3) {
    const auto gray = made.mean(1, /*keepdim=*/true);
    made = gray + (made - gray) * each(perhaps(context.normal({n}).exp2(), 1));
  }
  return made;
}

void Augmentation::adapt(const Tensor& verdicts, StepContext& context) {
  const torch::NoGradGuard no_grad;
  context.record("augmentation/probability", probability_.clone());
  const auto sureness = verdicts.detach().sign().mean();
  context.record("augmentation/sureness", sureness);
  const double step = static_cast<double>(verdicts.size(0)) / images_;
  probability_.add_((sureness - target_).sign() * step).clamp_(0, 1);
}

}  // namespace belamy::models
