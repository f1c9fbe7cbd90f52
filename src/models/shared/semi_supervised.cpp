#include "models/shared/semi_supervised.h"

#include <cmath>

#include "objectives/variational.h"

namespace belamy::models {

void SemiSupervisedConfig::fields(Fields& f) {
  VariationalConfig::fields(f);
  f.add("classifier", classifier, {1, 8192}, "widths of the hidden layers of q(y|x), when fully connected");
  f.add("labelled_weight", labelled_weight, {0, 1e6},
        "weight of the labelled data's bound, relative to the unlabelled data's");
  f.add("label_weight", label_weight, {0, 1e6}, "weight of the labelled data's cross-entropy");
}

SemiSupervisedVae::SemiSupervisedVae(const DataShape& shape, std::int64_t classes,
                                     const SemiSupervisedConfig& config, at::Generator generator)
    : labelled_weight_(config.labelled_weight),
      label_weight_(config.label_weight),
      log_classes_(std::log(static_cast<double>(classes))) {
  conditional_ =
      register_module("conditional", std::make_shared<ConditionalVae>(shape, classes, config, generator));
  CodeConfig own = config;
  own.hidden = config.classifier;
  classifier_ = register_module("classifier", make_encoder(shape, own, classes, generator));
}

Tensor SemiSupervisedVae::bound(const Tensor& data, const at::Generator& generator) {
  return objectives::unlabelled_bound(conditional_->bound_of_classes(data, generator) - log_classes_,
                                      classify(data));
}

Tensor SemiSupervisedVae::loss(const Tensor& data, const Tensor& labelled, const Tensor& labels,
                               StepContext& context) {
  const auto unlabelled_bound = bound(data, context.generator()).mean();
  const auto told = conditional_->one_hot(labels);
  const auto labelled_bound =
      (conditional_->bound(labelled, told, context.generator()).total() - log_classes_).mean();
  const auto logits = classify(labelled);
  const auto cross_entropy = at::cross_entropy_loss(logits, labels);
  context.record("loss/unlabelled-bound", -unlabelled_bound);
  context.record("loss/labelled-bound", -labelled_bound);
  context.record("loss/labelled", cross_entropy);
  context.record("error/labelled", (logits.argmax(1) != labels).to(torch::kFloat).mean());
  return label_weight_ * cross_entropy - labelled_weight_ * labelled_bound - unlabelled_bound;
}

Tensor SemiSupervisedVae::style(const Tensor& data) {
  return conditional_->code(data, conditional_->one_hot(classify(data).argmax(1))).mean;
}

}  // namespace belamy::models
