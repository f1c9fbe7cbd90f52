// The adversarial objectives: what discriminator and generator descend, on logits. Pure functions.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

namespace belamy::objectives {

using torch::Tensor;

/// Both players minimise. D = sigmoid(logit); logits of any shape, mean over all.
///
///   minimax         L_D = -E log D(x) - E log(1 - D(G(z)))   L_G = E log(1 - D(G(z)))   Goodfellow et al.
///   2014, eq. 1 non-saturating  the same L_D                              L_G = -E log D(G(z))       ibid.,
///   section 3
class Adversarial {
 public:
  /// `name` is one of names().
  explicit Adversarial(const std::string& name);
  Tensor discriminator(const Tensor& real_logits, const Tensor& fake_logits) const;
  Tensor generator(const Tensor& fake_logits) const;

  static const std::vector<std::string>& names();

 private:
  struct Rule;
  static const std::vector<Rule>& rules();
  const Rule* rule_;
};

}  // namespace belamy::objectives
