// Belamy against PyTorch: the fixture was written by make_fixtures.py, whose names are used here.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "fixture.h"
#include "nn/layers.h"
#include "objectives/adversarial.h"
#include "objectives/likelihood.h"
#include "train/model_state.h"

namespace belamy {
namespace {

class ParityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { fixture_ = Fixture("pytorch.safetensors"); }
  static Tensor of(const std::string& name) { return fixture_.of(name); }
  static void expect_is(const Tensor& got, const std::string& name) {
    const auto expected = of(name);
    ASSERT_EQ(got.sizes(), expected.sizes()) << name;
    EXPECT_LT(((got - expected).norm() / expected.norm()).item<double>(), 1e-5) << name;
  }
  // Three steps from NAME/start along the rows of NAME/gradients must end at NAME/end.
  static void expect_steps(const std::string& name, const PlayerOptions& options) {
    const auto layer = std::make_shared<nn::Maxout>(1, 2, 3);  // a weight of [6, 1] and a bias of [6]
    PlayerState player({"p", "p", {layer}}, options);
    const auto halves = [](const Tensor& flat) {
      return std::vector<Tensor>{flat.narrow(0, 0, 6).view({6, 1}), flat.narrow(0, 6, 6)};
    };
    const torch::NoGradGuard no_grad;
    const auto start = halves(of(name + "/start"));
    for (std::size_t i = 0; i < 2; ++i) player.parameters()[i].copy_(start[i]);
    const auto gradients = of(name + "/gradients");
    for (std::int64_t i = 0; i < gradients.size(0); ++i) {
      player.set_gradient(halves(gradients[i]));
      player.move(1, player.gradient_norm());
    }
    expect_is(torch::cat({player.parameters()[0].flatten(), player.parameters()[1]}), name + "/end");
  }

  inline static Fixture fixture_;
};

TEST_F(ParityTest, TheFixtureNamesItsPyTorch) {
  EXPECT_THAT(fixture_.metadata().at("pytorch"), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST_F(ParityTest, AdversarialLosses) {
  const objectives::Adversarial minimax("minimax"), non_saturating("non-saturating");
  const auto real = of("gan/real"), fake = of("gan/fake");
  expect_is(minimax.discriminator(real, fake), "gan/discriminator");
  expect_is(non_saturating.discriminator(real, fake), "gan/discriminator");
  expect_is(minimax.generator(fake), "gan/minimax");
  expect_is(non_saturating.generator(fake), "gan/non-saturating");
}

TEST_F(ParityTest, TransposedConvolution) {
  nn::ConvTranspose layer(3, 2, 4, 2, 1, true);
  auto parameters = layer.named_parameters();
  {
    const torch::NoGradGuard no_grad;
    parameters["weight"].copy_(of("conv/weight"));
    parameters["bias"].copy_(of("conv/bias"));
  }
  const auto x = of("conv/x").requires_grad_();
  const auto y = layer.forward(x);
  expect_is(y.detach(), "conv/y");
  const auto gradients = torch::autograd::grad({(y * of("conv/direction")).sum()},
                                               {x, parameters["weight"], parameters["bias"]});
  expect_is(gradients[0], "conv/grad_x");
  expect_is(gradients[1], "conv/grad_weight");
  expect_is(gradients[2], "conv/grad_bias");
}

TEST_F(ParityTest, BatchNormInTraining) {
  torch::nn::BatchNorm2d layer(3);
  const torch::NoGradGuard no_grad;
  layer->weight.copy_(of("norm/weight"));
  layer->bias.copy_(of("norm/bias"));
  expect_is(layer->forward(of("norm/x")), "norm/y");
  expect_is(layer->running_mean, "norm/running_mean");
  expect_is(layer->running_var, "norm/running_var");
}

TEST_F(ParityTest, Optimisers) {
  expect_steps("adam", {.lr = 0.01, .beta1 = 0.5, .beta2 = 0.999});
  expect_steps("adamw", {.lr = 0.01, .weight_decay = 0.1});
  expect_steps("rmsprop", {.optimizer = "rmsprop", .lr = 0.01, .beta2 = 0.9});
  expect_steps("sgd", {.optimizer = "sgd", .lr = 0.01, .beta1 = 0.9});
}

TEST_F(ParityTest, LikelihoodsAndDivergence) {
  expect_is(objectives::kl_to_standard_normal(of("code/mean"), of("code/log_variance")), "code/kl");
  expect_is(objectives::bernoulli_log_likelihood(of("pixels/x"), of("pixels/logits")), "pixels/bernoulli");
  expect_is(objectives::gaussian_log_likelihood(of("pixels/x"), of("pixels/logits"), 0.3), "pixels/gaussian");
}

}  // namespace
}  // namespace belamy
