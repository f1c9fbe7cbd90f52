// M2 of Kingma et al. 2014 (arXiv:1406.5298): every datum has a class y, known for a few, and a code z.
//
//   labelled     L(x, y) = E_q(z|x,y) log p(x|y, z) + log p(y) - KL(q(z|x, y) || N(0, 1)),   p(y) = 1 / K
//   unlabelled   U(x)    = sum_y q(y|x) L(x, y) + H(q(y|x)),   exactly, over all K classes
//
//   max  mean U + labelled_weight mean L + label_weight mean log q(y|x), the last two over labelled data
#pragma once

#include "models/shared/conditional_vae.h"
#include "models/shared/labels.h"

namespace belamy::models {

struct SemiSupervisedConfig : VariationalConfig {
  std::vector<std::int64_t> classifier = {500};
  double labelled_weight = 0.1;
  double label_weight = 10;

  void fields(Fields& f) override;
};

class SemiSupervisedVae : public torch::nn::Module {
 public:
  SemiSupervisedVae(const DataShape& shape, std::int64_t classes, const SemiSupervisedConfig& config,
                    at::Generator generator);

  /// The loss of one step on unlabelled and labelled data; records its parts.
  Tensor loss(const Tensor& data, const Tensor& labelled, const Tensor& labels, StepContext& context);
  /// The logits of q(y|x), [N, K].
  Tensor classify(const Tensor& data) { return classifier_->forward(data); }
  /// Mean of q(z|x, y) at the likeliest class: [N, Z].
  Tensor style(const Tensor& data);
  /// The bound on log p(x), [N]: U(x).
  Tensor bound(const Tensor& data, const at::Generator& generator);
  ConditionalVae& conditional() { return *conditional_; }

 private:
  double labelled_weight_, label_weight_, log_classes_;
  std::shared_ptr<ConditionalVae> conditional_;
  std::shared_ptr<nn::Chain> classifier_;
};

}  // namespace belamy::models
