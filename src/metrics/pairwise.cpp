#include "metrics/pairwise.h"

#include <algorithm>
#include <fmt/format.h>

#include "belamy/error.h"

#include "core/text.h"

namespace belamy {

using torch::Tensor;

Tensor squared_distances(const Tensor& a, const Tensor& b) {
  const Tensor a_norms = a.square().sum(1, true);         // [N, 1]
  const Tensor b_norms = b.square().sum(1).unsqueeze(0);  // [1, M]
  return torch::addmm(b_norms, a, b.t(), 1, -2).add_(a_norms).clamp_min_(0);
}

void check_feature_sets(const Tensor& a, const Tensor& b, std::int64_t least, const std::string& what) {
  if (a.dim() != 2 || b.dim() != 2 || a.size(1) != b.size(1) || a.size(1) < 1) {
    throw data_error(fmt::format("{} needs features [N, D] and [M, D], not [{}] and [{}]", what,
                                 fmt::join(a.sizes(), ", "), fmt::join(b.sizes(), ", ")));
  }
  if (std::min(a.size(0), b.size(0)) < least) {
    throw data_error(fmt::format("{} needs at least {} on each side, but got {} and {}", what,
                                 counted(least, "image"), a.size(0), b.size(0)),
                     "use more samples, or a larger data set");
  }
  if (!a.is_floating_point() || !b.is_floating_point()) {
    throw data_error(what + " needs features that are floating-point numbers");
  }
  if (!a.isfinite().all().item<bool>() || !b.isfinite().all().item<bool>()) {
    throw data_error(what + " met a feature that is not a finite number",
                     "look at the samples: the model may have diverged");
  }
}

}  // namespace belamy
