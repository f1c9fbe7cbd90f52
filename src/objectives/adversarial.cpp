#include "objectives/adversarial.h"

#include <stdexcept>
#include <torch/types.h>

namespace belamy::objectives {

struct Adversarial::Rule {
  std::string name;
  bool probability;                               ///< sigmoid(t) is the belief that a datum is real
  bool labels;                                    ///< the labels can be smoothed
  Tensor (*real)(const Tensor& t, double label);  ///< the discriminator's loss on data
  Tensor (*fake)(const Tensor& t, double label);  ///< its loss on samples
  Tensor (*generator)(const Tensor& fake);
};

namespace {

// -log sigmoid(t) and -log(1 - sigmoid(t)) without overflow at either end.
Tensor minus_log_d(const Tensor& t) {
  return at::softplus(-t).mean();
}
Tensor minus_log_not_d(const Tensor& t) {
  return at::softplus(t).mean();
}

Tensor cross_entropy(const Tensor& t, double label) {
  if (label == 1) return minus_log_d(t);
  if (label == 0) return minus_log_not_d(t);
  return label * minus_log_d(t) + (1 - label) * minus_log_not_d(t);
}

Tensor square(const Tensor& t, double label) {
  return 0.5 * (t - label).square().mean();
}

Tensor minus_mean(const Tensor& t) {
  return -t.mean();
}

}  // namespace

const std::vector<Adversarial::Rule>& Adversarial::rules() {
  using T = const Tensor&;
  static const std::vector<Rule> all = {
      {"non-saturating", true, true, cross_entropy, cross_entropy, minus_log_d},
      {"minimax", true, true, cross_entropy, cross_entropy, [](T fake) { return -minus_log_not_d(fake); }},
      {"log-ratio", true, true, cross_entropy, cross_entropy, minus_mean},
      {"maximum-likelihood", true, true, cross_entropy, cross_entropy,
       [](T fake) { return -fake.exp().mean(); }},
      {"absolute-error", true, false, [](T t, double) { return (1 - t.sigmoid()).mean(); },
       [](T t, double) { return t.sigmoid().mean(); }, [](T fake) { return -fake.sigmoid().mean(); }},
      {"least-squares", false, true, square, square, [](T fake) { return square(fake, 1); }},
      {"hinge", false, false, [](T t, double) { return torch::relu(1 - t).mean(); },
       [](T t, double) { return torch::relu(1 + t).mean(); }, minus_mean},
      {"wasserstein", false, false, [](T t, double) { return -t.mean(); },
       [](T t, double) { return t.mean(); }, minus_mean},
  };
  return all;
}

const Adversarial::Rule& Adversarial::rule(const std::string& name) {
  for (const auto& rule : rules()) {
    if (rule.name == name) return rule;
  }
  throw std::logic_error("no adversarial objective is called " + name);
}

Adversarial::Adversarial(const std::string& name, Labels labels) : rule_(&rule(name)), labels_(labels) {
  if (!rule_->labels && (labels.real != 1 || labels.fake != 0)) {
    throw std::logic_error("the labels of " + name + " cannot be smoothed");
  }
}

Tensor Adversarial::discriminator_on_data(const Tensor& real) const {
  return rule_->real(real, labels_.real);
}

Tensor Adversarial::discriminator_on_samples(const Tensor& fake) const {
  return rule_->fake(fake, labels_.fake);
}

Tensor Adversarial::discriminator(const Tensor& real, const Tensor& fake) const {
  return discriminator_on_data(real) + discriminator_on_samples(fake);
}

Tensor Adversarial::generator(const Tensor& fake) const {
  return rule_->generator(fake);
}

// With a probability or a critic, swapping the labels flips the sign of t; with targets it does not.
Tensor Adversarial::exchanged(const Tensor& real) const {
  return rule_->name == "least-squares" ? square(real, 0) : generator(-real);
}

bool Adversarial::is_probability() const {
  return rule_->probability;
}

bool Adversarial::takes_labels(const std::string& name) {
  return rule(name).labels;
}

const std::vector<std::string>& Adversarial::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const auto& rule : rules()) names.push_back(rule.name);
    return names;
  }();
  return all;
}

Tensor feature_matching(const Tensor& real, const Tensor& fake) {
  return (real.mean(0) - fake.mean(0)).square().mean();
}

}  // namespace belamy::objectives
