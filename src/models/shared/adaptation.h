// What the models of domain adaptation share: a LeNet that names classes, a judge of domains, and the data
// they take: a source domain A with labels and a target domain B without. As Classifier each names the
// classes of B, as Encoder it gives the features that it names them by; data of A go the same way.
#pragma once

#include <memory>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

#include "models/shared/labels.h"
#include "nn/layers.h"
#include "objectives/adversarial.h"

namespace belamy::models {

/// The settings of the LeNet; a model's own config derives from it.
struct LenetConfig : ModelConfig {
  std::int64_t conv1 = 20, conv2 = 50, features = 500;

  void fields(Fields& f) override;
};

/// LeNet as in Tzeng et al. 2017: twice 5x5 convolution, maximum of 2x2 and rectifier, then one dense layer
/// of rectifiers. The chain from [N, C, H, W] to the first rectifiers, and from there to the features [N, F];
/// not yet initialised.
std::shared_ptr<nn::Chain> lenet_bottom(const DataShape& shape, const LenetConfig& config);
std::shared_ptr<nn::Chain> lenet_top(const DataShape& shape, const LenetConfig& config);

/// Features and their classes. The same generator gives the same weights, whatever model it is part of.
class Lenet final : public torch::nn::Module {
 public:
  Lenet(const DataShape& shape, const LenetConfig& config, at::Generator generator);
  /// [N, F]
  Tensor features(const Tensor& data) const { return encoder_->forward(data); }
  /// Features -> logits [N, K].
  Tensor name(const Tensor& features) const { return classifier_->forward(features); }

  const nn::Chain& encoder() const { return *encoder_; }

 private:
  std::shared_ptr<nn::Chain> encoder_;
  std::shared_ptr<nn::Dense> classifier_;
};

/// With a judge that tells the domains apart by their features.
struct AdversaryConfig : LenetConfig {
  std::vector<std::int64_t> adversary = {500, 500};

  void fields(Fields& f) override;
};

/// [N, inputs] -> [N, 1], the logit of "this is of A".
std::shared_ptr<nn::Chain> make_adversary(const AdversaryConfig& config, std::int64_t inputs,
                                          at::Generator generator);

/// A LeNet for both domains: what a model adds is its `step`.
class LenetModel : public Model, public Classifier, public Encoder {
 public:
  Classifier* classifier() override { return this; }
  std::int64_t classes() const override { return classes_; }
  Tensor classify(const Tensor& data) override { return network_->name(encode(data)); }
  Encoder* encoder() override { return this; }
  std::int64_t code_size() const override { return code_size_; }
  Tensor encode(const Tensor& data) override { return network_->features(data); }

 protected:
  /// Player `network`.
  LenetModel(const DataShape& shape, const LenetConfig& config, at::Generator generator);

  std::shared_ptr<Lenet> network_;

 private:
  std::int64_t classes_, code_size_;
};

/// With a judge that tells its features apart by their domain.
class JudgedLenet : public LenetModel {
 protected:
  /// Players `network` and `adversary`.
  JudgedLenet(const DataShape& shape, const AdversaryConfig& config, at::Generator generator);

  const objectives::Adversarial objective_{"non-saturating"};
  std::shared_ptr<nn::Chain> adversary_;
};

/// What is wrong with the data, or empty.
std::string check_adaptation(const DataShape& shape, const Recipe&);
ImageSides adaptation_sides(const Recipe&);

}  // namespace belamy::models
