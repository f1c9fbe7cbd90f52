// Sessions: who moves, records, schedules, and the guard against not-a-number.
#include <cmath>
#include <future>
#include <gmock/gmock.h>
#include <limits>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "nn/products.h"
#include "small_training.h"
#include "train/machine.h"
#include "train/optimizer_kernels.h"

namespace belamy {
namespace {

using testing::HasSubstr;

TEST(SessionTest, AnUpdateMovesItsPlayerAndNoOther) {
  const auto data = small_images(64);
  const auto recipe = recipe_of("gan", kTinyGan);
  Session session(*recipe, data, kCpu);
  auto& d = session.state().player("discriminator");
  auto& g = session.state().player("generator");
  Tensor loss;  // of both players' parameters
  for (const auto& p : session.state().model().parameters()) {
    loss = loss.defined() ? loss + (p * p).sum() : (p * p).sum();
  }
  for (auto [moved, other] : {std::pair{&d, &g}, std::pair{&g, &d}}) {
    const auto before = copies_of(moved->parameters()), before_other = copies_of(other->parameters());
    session.update(moved->name(), loss, true);
    EXPECT_FALSE(all_same_bits(moved->parameters(), before)) << moved->name();
    EXPECT_TRUE(all_same_bits(other->parameters(), before_other)) << other->name();
  }
  EXPECT_THROW(session.update("critic", loss, true), std::logic_error);
}

// The parameters after some steps with these options of the machine, which must still hold at the end.
std::vector<Tensor> trained_with(std::int64_t threads, bool fast) {
  const auto data = small_images(64);
  TrainOptions options;
  options.threads = threads;
  options.fast = fast;
  options.device = "cpu";
  prepare_machine(options);
  const auto recipe = recipe_of("gan", kTinyGan);
  Session session(*recipe, data, kCpu);
  for (int step = 0; step < 50; ++step) session.run_step();
  EXPECT_EQ(at::get_num_threads(), threads);
  EXPECT_EQ(nn::fast_paths(), fast);
  return copies_of(session.state().model().parameters());
}

TEST(SessionTest, RunsInTwoThreadsHaveTheirOwnNumberOfThreadsAndFastPaths) {
  const auto in_a_thread = [](std::int64_t threads, bool fast) {
    return std::async(std::launch::async, trained_with, threads, fast);
  };
  const auto plain_alone = in_a_thread(1, false).get(), fast_alone = in_a_thread(2, true).get();
  auto plain = in_a_thread(1, false), fast = in_a_thread(2, true);
  EXPECT_TRUE(all_same_bits(plain.get(), plain_alone));
  EXPECT_TRUE(all_same_bits(fast.get(), fast_alone));
}

TEST(SessionTest, RecordsAreMeansSinceTheLastCall) {
  const auto data = small_images(64);
  const auto recipe = recipe_of("gan", kTinyGan);
  Session session(*recipe, data, kCpu);
  session.record("a", torch::tensor(1.0));
  session.record("b", torch::tensor(10.0));
  session.record("a", torch::tensor(2.0));
  using Values = std::vector<std::pair<std::string, double>>;
  EXPECT_EQ(session.take_records(), (Values{{"a", 1.5}, {"b", 10}}));
  session.record("b", torch::tensor(4.0));
  EXPECT_EQ(session.take_records(), (Values{{"b", 4}}));
}

// What one step of the run multiplies the learning rate by, measured by plain descent along ones.
std::vector<double> factors(const std::vector<std::string>& settings, int steps) {
  const auto data = small_images(64);
  const auto recipe = recipe_of(
      "autoencoder",
      with(kTinyAutoencoder, with({"optimizer.autoencoder.optimizer=sgd", "optimizer.autoencoder.beta1=0",
                                   "optimizer.autoencoder.lr=0.001"},
                                  settings)));
  Session session(*recipe, data, kCpu);
  auto& player = session.state().player("autoencoder");
  std::vector<Tensor> ones;
  for (const auto& p : player.parameters()) ones.push_back(torch::ones_like(p));
  std::vector<double> found;
  for (int i = 0; i < steps; ++i) {
    const auto before = player.parameters()[0].detach().clone();
    session.apply("autoencoder", ones);
    found.push_back((before - player.parameters()[0]).mean().item<double>() / 0.001);
    session.run_step();
  }
  return found;
}

std::vector<testing::Matcher<double>> near(const std::vector<double>& values) {
  std::vector<testing::Matcher<double>> matchers;
  for (const double value : values) matchers.push_back(testing::DoubleNear(value, 1e-4));
  return matchers;
}

TEST(SessionTest, SchedulesAndWarmUp) {
  EXPECT_THAT(factors({}, 3), ElementsAreArray(near({1, 1, 1})));
  EXPECT_THAT(factors({"optimizer.autoencoder.schedule=linear"}, 10),
              ElementsAreArray(near({1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1})));
  EXPECT_THAT(
      factors({"optimizer.autoencoder.schedule=linear", "optimizer.autoencoder.schedule_start=0.6"}, 10),
      ElementsAreArray(near({1, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25})));
  std::vector<double> cosine;
  for (int i = 0; i < 10; ++i) cosine.push_back(0.5 * (1 + std::cos(std::acos(-1.0) * i / 10)));
  EXPECT_THAT(factors({"optimizer.autoencoder.schedule=cosine"}, 10), ElementsAreArray(near(cosine)));
  EXPECT_THAT(factors({"optimizer.autoencoder.warmup=4"}, 6),
              ElementsAreArray(near({0.25, 0.5, 0.75, 1, 1, 1})));
}

TEST(OptimizerKernelsTest, AMomentTakesOneMinusBetaOfDouble) {
  float value = 0, first = 0, second = 0;
  const float gradient = 1;
  const FlatRange range{&value, &gradient, &first, &second, nullptr, 1};
  fused_adam(range, {1, 0.9, 0.999, 0, 0, 10, 1000}, 1, 0);
  EXPECT_FLOAT_EQ(second, 1e-3F);  // 1 - 0.999F is 1.00005e-3
  EXPECT_FLOAT_EQ(value, -1);
  second = 0;
  fused_rmsprop(range, {1, 0.999, 0, 0}, 1, 0);
  EXPECT_FLOAT_EQ(second, 1e-3F);
}

class GuardTest : public testing::Test {
 protected:
  void start(const std::string& model, const std::vector<std::string>& settings) {
    recipe_ = recipe_of(model, settings);
    session_ = std::make_unique<Session>(*recipe_, data_, kCpu);
  }
  Dataset data_ = small_images(64);
  std::unique_ptr<Recipe> recipe_;
  std::unique_ptr<Session> session_;
};

TEST_F(GuardTest, NamesTheParameterThatIsNotFinite) {
  start("gan", kTinyGan);
  run_steps(*session_, 3);
  auto& model = session_->state().model();
  {
    const torch::NoGradGuard no_grad;
    model.named_parameters()["discriminator.1.weight"][0][0] = kNan;
  }
  const auto before = copies_of(model.parameters());
  const auto text = message_of(ExitCode::diverged, [&] { session_->run_step(); });
  EXPECT_THAT(text, HasSubstr("step 3"));
  EXPECT_THAT(text, HasSubstr("player 'discriminator'"));
  EXPECT_THAT(text, HasSubstr("parameter discriminator.1.weight"));
  EXPECT_TRUE(all_same_bits(model.parameters(), before));
}

TEST_F(GuardTest, NamesTheGradientThatIsNotFinite) {
  start("autoencoder", kTinyAutoencoder);
  auto& player = session_->state().player("autoencoder");
  auto gradients = copies_of(player.parameters());
  gradients[2].view({-1})[1] = std::numeric_limits<float>::infinity();
  const auto before = copies_of(player.parameters());
  const auto text = message_of(ExitCode::diverged, [&] { session_->apply("autoencoder", gradients); });
  EXPECT_THAT(text, HasSubstr("step 0, player 'autoencoder': the gradient of "));
  const auto name = session_->state().model().named_parameters().keys()[2];
  EXPECT_THAT(text, HasSubstr(name + " is not finite"))
      << "the whole name, or encoder and decoder look alike";
  EXPECT_TRUE(all_same_bits(player.parameters(), before));
}

TEST_F(GuardTest, NamesTheLossThatIsNotFinite) {
  start("autoencoder", kTinyAutoencoder);
  auto& player = session_->state().player("autoencoder");
  const auto before = copies_of(player.parameters());
  const auto loss = player.parameters()[0].sum() + std::numeric_limits<double>::infinity();
  const auto text = message_of(ExitCode::diverged, [&] { session_->update("autoencoder", loss, false); });
  EXPECT_THAT(text, HasSubstr("the loss is not finite"));
  EXPECT_TRUE(all_same_bits(player.parameters(), before));
}

TEST_F(GuardTest, NamesTheDataThatIsNotFinite) {
  data_ = small_points(16);
  data_.points[5] = kNan;
  start("gan", kTinyGan);
  const auto before = copies_of(session_->state().model().parameters());
  const auto text = message_of(ExitCode::diverged, [&] { session_->run_step(); });
  EXPECT_THAT(text, HasSubstr("the batch of data is not finite"));
  EXPECT_TRUE(all_same_bits(session_->state().model().parameters(), before));
}

TEST_F(GuardTest, AHugeStepEndsTheRunWithFiniteWeights) {
  start("vae",
        {"train.batch=16", "train.steps=200", "model.hidden=[16]", "model.code=4", "optimizer.vae.lr=100"});
  const auto text = message_of(ExitCode::diverged, [&] { run_steps(*session_, 200); });
  EXPECT_THAT(text, HasSubstr("lower optimizer.vae.lr (now 100)"));
  for (const auto& p : session_->state().model().parameters()) {
    EXPECT_TRUE(torch::isfinite(p).all().item<bool>());
  }
}

TEST(SessionTest, ALookAheadHasTheRateOfThePresentStep) {
  const auto recipe = recipe_of("gan", with(kTinyGan, {"train.steps=10", "optimizer.discriminator.lr=0.5",
                                                       "optimizer.discriminator.schedule=linear"}));
  Session session(*recipe, small_images(64), kCpu);
  EXPECT_NEAR(session.optimizer_state("discriminator").rate, 0.5, 1e-12);
  run_steps(session, 5);
  EXPECT_NEAR(session.optimizer_state("discriminator").rate, 0.25, 1e-12);
}

// The loss is finite, and so is the first player's gradient; the second's is not: the root of nothing is too
// steep.
class SteepModel final : public Model {
 public:
  SteepModel() {
    good_ = register_module("good", std::make_shared<torch::nn::LinearImpl>(1, 1));
    bad_ = register_module("bad", std::make_shared<torch::nn::LinearImpl>(1, 1));
    add_player("generator", {good_});
    add_player("discriminator", {bad_});
  }
  void step(const Batch&, StepContext& context) override {
    const auto nothing = bad_->weight - bad_->weight.detach();
    context.update_together({"generator", "discriminator"}, good_->weight.sum() + nothing.sqrt().sum());
  }
  double weight() const { return good_->weight.item<double>(); }

 private:
  std::shared_ptr<torch::nn::LinearImpl> good_, bad_;
};

TEST(SteepModelTest, NoPlayerMovesWhereOneOfThemHasABadGradient) {
  auto info = find_model("gan");
  info.make = [](const DataShape&, const ModelConfig&, at::Generator, const Parents&) {
    return std::make_shared<SteepModel>();
  };
  const auto recipe = recipe_of("gan", {});
  recipe->model = &info;
  Session session(*recipe, small_images(16), kCpu);
  auto& model = dynamic_cast<SteepModel&>(session.state().model());
  const double before = model.weight();
  const auto text = message_of(ExitCode::diverged, [&] { session.run_step(); });
  EXPECT_THAT(text, HasSubstr("player 'discriminator'"));
  EXPECT_THAT(text, HasSubstr("this update was not made"));
  EXPECT_EQ(model.weight(), before);
}

TEST(PlayerStateTest, RestartedAveragesGoOnFromWeightsAndBuffers) {
  const auto norm = std::make_shared<torch::nn::BatchNorm1dImpl>(2);
  PlayerState player({"norm", "norm", {norm}}, {.average = 0.5});
  {
    const torch::NoGradGuard no_grad;
    norm->weight.fill_(5);
    norm->running_mean.fill_(3);
  }
  player.restart();
  const PlayerState::Averaged averaged(player);
  EXPECT_EQ(norm->weight[0].item<float>(), 5);
  EXPECT_EQ(norm->running_mean[0].item<float>(), 3);
}

}  // namespace
}  // namespace belamy
