#include "models/shared/code_terms.h"

#include <fmt/format.h>

#include "nn/corruption.h"
#include "objectives/codes.h"

namespace belamy::models {

void Corruption::fields(Fields& f) {
  f.add("corruption", kind, nn::corruption_names(),
        "noise on the encoder's input; the clean input is reconstructed");
  f.add("corruption_level", level, {0, 10},
        "gaussian: standard deviation; masking, salt-and-pepper: share of the values", "of pixels in [0, 1]");
}

Tensor Corruption::apply(const Tensor& values, double low, double high, at::Generator generator) const {
  return nn::corrupt(values, kind, level, low, high, generator);
}

Fault Corruption::check(const DataShape& shape) const {
  if (kind == "salt-and-pepper" && !shape.is_images()) {
    return {"points have no least and greatest value", {"model.corruption=gaussian"}};
  }
  if ((kind == "masking" || kind == "salt-and-pepper") && level > 1) {
    return {fmt::format("a corruption level of {:g} is a share of the values here, 1 at most", level),
            {"model.corruption_level=0.5"}};
  }
  return {};
}

void Sparsity::fields(Fields& f) {
  f.add("sparsity", kind, std::vector<std::string>{"none", "l1", "l2", "kl"},
        "penalty on the code's units; kl: on their batch means, against sparsity_target (Ng, CS294A)");
  f.add("sparsity_weight", weight, {0, 1e6}, "weight of the sparsity penalty");
  f.add("sparsity_target", target, {1e-4, 0.9999}, "kl: target mean of each unit");
}

Tensor Sparsity::penalty(const Tensor& codes) const {
  if (kind == "l1") return objectives::l1_sparsity(codes);
  if (kind == "l2") return objectives::l2_sparsity(codes);
  return objectives::kl_sparsity(codes, target);
}

}  // namespace belamy::models
