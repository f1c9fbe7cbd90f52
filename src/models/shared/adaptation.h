// The common part of models of domain adaptation: a LeNet classifier and a domain discriminator. The source
// domain A has labels, the target domain B has none. As Classifier a model predicts the classes of B, as
// Encoder it gives the features behind them; data of A take the same path.
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

/// LeNet as in Tzeng et al. 2017: two blocks of 5x5 convolution, 2x2 max pooling and ReLU, then a dense layer
/// with ReLU. lenet_bottom is the first block, lenet_top the rest, with the features [N, F] as output.
/// Neither is initialised.
std::shared_ptr<nn::Chain> lenet_bottom(const DataShape& shape, const LenetConfig& config);
std::shared_ptr<nn::Chain> lenet_top(const DataShape& shape, const LenetConfig& config);

/// Features and classifier. A generator's seed gives the same weights in every model.
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

/// The settings of a LeNet with a domain discriminator.
struct AdversaryConfig : LenetConfig {
  std::vector<std::int64_t> adversary = {500, 500};

  void fields(Fields& f) override;
};

/// The domain discriminator: [N, inputs] -> [N, 1], the logit of "this is from A".
std::shared_ptr<nn::Chain> make_adversary(const AdversaryConfig& config, std::int64_t inputs,
                                          at::Generator generator);

/// A LeNet for both domains; a model adds its `step`.
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

/// The same with a domain discriminator on the features.
class JudgedLenet : public LenetModel {
 protected:
  /// Players `network` and `adversary`.
  JudgedLenet(const DataShape& shape, const AdversaryConfig& config, at::Generator generator);

  const objectives::Adversarial objective_{"non-saturating"};
  std::shared_ptr<nn::Chain> adversary_;
};

/// What is wrong with the data; empty: nothing.
Fault check_adaptation(const DataShape& shape, const Recipe&);
ImageSides adaptation_sides(const Recipe&);

}  // namespace belamy::models
