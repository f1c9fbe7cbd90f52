#include "objectives/style.h"

#include <torch/types.h>

namespace belamy::objectives {

Tensor gram(const Tensor& features) {
  const auto flat = features.flatten(2);  // [N, C, H W]
  return torch::bmm(flat, flat.transpose(1, 2)) / static_cast<double>(flat.size(2));
}

Tensor relative_distance(const Tensor& found, const Tensor& wanted) {
  return (found - wanted).square().sum() / wanted.square().sum().clamp_min(1e-12);
}

}  // namespace belamy::objectives
