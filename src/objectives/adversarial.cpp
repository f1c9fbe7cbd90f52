#include "objectives/adversarial.h"

#include <stdexcept>
#include <torch/torch.h>

namespace belamy::objectives {

struct Adversarial::Rule {
  std::string name;
  Tensor (*discriminator)(const Tensor& real, const Tensor& fake);
  Tensor (*generator)(const Tensor& fake);
};

namespace {

// -log sigmoid(t) and -log(1 - sigmoid(t)) without overflow at either end.
Tensor minus_log_d(const Tensor& logits) {
  return at::softplus(-logits).mean();
}
Tensor minus_log_not_d(const Tensor& logits) {
  return at::softplus(logits).mean();
}

Tensor cross_entropy(const Tensor& real, const Tensor& fake) {
  return minus_log_d(real) + minus_log_not_d(fake);
}

}  // namespace

const std::vector<Adversarial::Rule>& Adversarial::rules() {
  static const std::vector<Rule> all = {
      {"minimax", cross_entropy, [](const Tensor& fake) { return -minus_log_not_d(fake); }},
      {"non-saturating", cross_entropy, minus_log_d},
  };
  return all;
}

Adversarial::Adversarial(const std::string& name) : rule_(nullptr) {
  for (const auto& rule : rules()) {
    if (rule.name == name) rule_ = &rule;
  }
  if (!rule_) throw std::logic_error("no adversarial objective is called " + name);
}

Tensor Adversarial::discriminator(const Tensor& real, const Tensor& fake) const {
  return rule_->discriminator(real, fake);
}

Tensor Adversarial::generator(const Tensor& fake) const {
  return rule_->generator(fake);
}

const std::vector<std::string>& Adversarial::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const auto& rule : rules()) names.push_back(rule.name);
    return names;
  }();
  return all;
}

}  // namespace belamy::objectives
