// Optimisers against those of LibTorch, averages, clipping.
#include <cmath>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"

#include "small_training.h"

namespace belamy {
namespace {

// A player of one linear layer, with a twin of its parameters for the reference.
class OptimiserTest : public testing::Test {
 protected:
  OptimiserTest() {
    const torch::NoGradGuard no_grad;
    for (const auto& p : layer_->parameters()) {
      p.copy_(torch::randn(p.sizes(), generator_));
      twins_.push_back(p.detach().clone().requires_grad_());
    }
  }

  std::vector<Tensor> random_gradients() {
    std::vector<Tensor> gradients;
    for (const auto& twin : twins_) gradients.push_back(torch::randn(twin.sizes(), generator_));
    return gradients;
  }
  static void move(PlayerState& player, const std::vector<Tensor>& gradients) {
    player.set_gradient(gradients);
    player.move(1, player.gradient_norm());
  }

  // Twenty steps of both along the same gradients; the greatest relative difference of a parameter.
  double difference(const PlayerOptions& options, torch::optim::Optimizer& reference) {
    PlayerState player({"p", "p", {layer_.ptr()}}, options);
    for (int step = 0; step < 20; ++step) {
      const auto gradients = random_gradients();
      move(player, gradients);
      for (std::size_t i = 0; i < twins_.size(); ++i) twins_[i].mutable_grad() = gradients[i].clone();
      reference.step();
    }
    double worst = 0;
    for (std::size_t i = 0; i < twins_.size(); ++i) {
      const auto distance = (layer_->parameters()[i] - twins_[i]).norm() / twins_[i].norm();
      worst = std::max(worst, distance.item<double>());
    }
    return worst;
  }

  at::Generator generator_ = seeded(1);
  torch::nn::Linear layer_{37, 23};
  std::vector<Tensor> twins_;
};

TEST_F(OptimiserTest, AdamIsLibTorchs) {
  torch::optim::Adam reference(twins_, torch::optim::AdamOptions(0.01).betas({0.5, 0.99}).eps(1e-2));
  EXPECT_LT(difference({.lr = 0.01, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-2}, reference), 1e-6);
}

TEST_F(OptimiserTest, AdamWithDecayIsLibTorchsAdamW) {
  torch::optim::AdamW reference(twins_, torch::optim::AdamWOptions(0.01).weight_decay(0.1));
  EXPECT_LT(difference({.lr = 0.01, .weight_decay = 0.1}, reference), 1e-6);
}

TEST_F(OptimiserTest, SgdWithMomentumIsLibTorchs) {
  torch::optim::SGD reference(twins_, torch::optim::SGDOptions(0.05).momentum(0.9));
  EXPECT_LT(difference({.optimizer = "sgd", .lr = 0.05, .beta1 = 0.9}, reference), 1e-6);
}

TEST_F(OptimiserTest, RmspropIsLibTorchs) {
  torch::optim::RMSprop reference(twins_, torch::optim::RMSpropOptions(0.01).alpha(0.95).eps(1e-2));
  EXPECT_LT(difference({.optimizer = "rmsprop", .lr = 0.01, .beta2 = 0.95, .epsilon = 1e-2}, reference),
            1e-6);
}

TEST_F(OptimiserTest, DecayShrinksTheWeightsWithoutAGradient) {
  for (const auto* optimizer : {"adam", "sgd", "rmsprop"}) {
    const auto before = layer_->weight.detach().clone();
    PlayerState player({"p", "p", {layer_.ptr()}}, {.optimizer = optimizer, .lr = 0.5, .weight_decay = 0.1});
    move(player, {Tensor(), Tensor()});
    EXPECT_TRUE(torch::allclose(layer_->weight, before * 0.95)) << optimizer;
  }
}

TEST_F(OptimiserTest, TheAverageFollowsTheWeightsSlowerAndSlower) {
  PlayerState player({"p", "p", {layer_.ptr()}}, {.optimizer = "sgd", .lr = 0.1, .beta1 = 0, .average = 0.4});
  auto expected = layer_->weight.detach().clone();
  for (int t = 1; t <= 10; ++t) {
    move(player, random_gradients());
    const double keep = std::min(0.4, t / (t + 9.0));
    expected = expected * keep + layer_->weight.detach() * (1 - keep);
  }
  const auto live = layer_->weight.detach().clone();
  {
    const PlayerState::Averaged averaged(player);
    EXPECT_TRUE(torch::allclose(layer_->weight, expected, 1e-5, 1e-6));
    EXPECT_FALSE(torch::allclose(layer_->weight, live, 1e-3, 1e-3));
  }
  EXPECT_TRUE(same_bits(layer_->weight, live)) << "the live weights come back";
}

TEST_F(OptimiserTest, ClippingScalesLongGradientsOnly) {
  PlayerState player({"p", "p", {layer_.ptr()}}, {.optimizer = "sgd", .lr = 1, .beta1 = 0, .clip = 2});
  auto gradients = random_gradients();
  const auto length = std::sqrt((gradients[0].square().sum() + gradients[1].square().sum()).item<double>());
  for (const double wanted : {10.0, 1.0}) {
    for (auto& gradient : gradients) gradient = gradient * (wanted / length);
    const auto before = layer_->weight.detach().clone();
    move(player, gradients);
    const double scale = wanted > 2 ? 2 / wanted : 1;
    EXPECT_TRUE(torch::allclose(layer_->weight, before - gradients[0] * scale, 1e-4, 1e-6)) << wanted;
    for (auto& gradient : gradients) gradient = gradient * (length / wanted);
  }
}

TEST_F(OptimiserTest, AZeroGradientWithClippingMovesNothing) {
  const auto before = layer_->weight.detach().clone();
  PlayerState player({"p", "p", {layer_.ptr()}}, {.clip = 1});
  move(player, {Tensor(), Tensor()});
  EXPECT_TRUE(layer_->weight.equal(before));
}

TEST_F(OptimiserTest, GradientsMustBeAsManyAsParameters) {
  PlayerState player({"p", "p", {layer_.ptr()}}, {});
  EXPECT_THROW(player.set_gradient({Tensor()}), std::logic_error);
}

}  // namespace
}  // namespace belamy
