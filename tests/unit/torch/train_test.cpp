// The training's parts: optimisers, batches, sessions, checkpoints, recipes, alarms.
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <gmock/gmock.h>
#include <limits>
#include <set>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "metrics/diversity.h"
#include "metrics/modes.h"
#include "small_data.h"
#include "tensors/arrays.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/alarms.h"
#include "train/optimizer_kernels.h"

namespace belamy {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const float kNan = std::numeric_limits<float>::quiet_NaN();

// Runs `action`, which must throw an Error of this code, and returns its message.
template <class F>
std::string message_of(ExitCode code, const F& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

// --- optimisers -------------------------------------------------------------------------------------------

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

// --- batches ----------------------------------------------------------------------------------------------

TEST(BatchesTest, ByteImagesSurviveTheModelsRange) {
  const auto bytes = torch::arange(256).to(torch::kByte).view({1, 1, 16, 16});
  const auto range = to_model_range(bytes);
  EXPECT_EQ(range.min().item<float>(), -1);
  EXPECT_NEAR(range.max().item<float>(), 1, 1e-6);
  EXPECT_TRUE(to_bytes(range).equal(bytes));
  EXPECT_TRUE(to_bytes(torch::tensor({-3.f, 5.f})).equal(torch::tensor({0, 255}).to(torch::kByte)));
}

TEST(BatchesTest, PointsKeepTheirUnits) {
  const auto data = small_points(10);
  const auto batch = Batches(data, {}, 10, 1, kCpu).at(0);
  const auto all = torch::tensor(data.points).view({10, 2});
  EXPECT_TRUE(batch.data.equal(all.index_select(0, batch.indices)));
}

TEST(BatchesTest, EveryEpochIsAnotherPermutation) {
  const auto data = small_images(12);
  Batches batches(data, {}, 4, 1, kCpu);
  std::set<std::vector<std::int64_t>> orders;
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    std::vector<std::int64_t> order;
    for (std::int64_t k = 0; k < 3; ++k) {
      const auto indices = batches.at(3 * epoch + k).indices;
      for (std::int64_t i = 0; i < 4; ++i) order.push_back(indices[i].item<std::int64_t>());
    }
    EXPECT_EQ(std::set<std::int64_t>(order.begin(), order.end()).size(), 12u);
    orders.insert(order);
  }
  EXPECT_THAT(orders, SizeIs(5));
  EXPECT_DOUBLE_EQ(batches.epoch({6, 6 * 4, 4}), 2);
}

TEST(BatchesTest, ABatchDependsOnSeedAndNumberAlone) {
  const auto data = small_images(50);
  Batches forwards(data, {}, 8, 3, kCpu), direct(data, {}, 8, 3, kCpu), other(data, {}, 8, 4, kCpu);
  for (std::int64_t k = 0; k < 20; ++k) forwards.at(k);
  const auto a = forwards.at(13), b = direct.at(13), c = other.at(13);
  EXPECT_TRUE(a.indices.equal(b.indices));
  EXPECT_TRUE(a.data.equal(b.data));
  EXPECT_FALSE(a.indices.equal(c.indices));
}

TEST(BatchesTest, LabelledBatchesShowOnlyTheChosenLabels) {
  const auto data = small_images(200);
  DataOptions five, six;
  five.labelled = six.labelled = 20;
  five.seed = 5;
  six.seed = 6;
  Batches batches(data, five, 16, 1, kCpu), other_choice(data, six, 16, 1, kCpu);
  std::set<std::int64_t> seen;
  std::map<std::int64_t, std::set<std::int64_t>> by_class;
  for (std::int64_t k = 0; k < 10; ++k) {
    const auto batch = batches.at(k);
    EXPECT_FALSE(batch.labels.defined()) << "a hidden label is given away";
    ASSERT_TRUE(batch.labelled.data.defined());
    const auto& known = batch.labelled;
    ASSERT_EQ(known.size(), 16);
    for (std::int64_t i = 0; i < 16; ++i) {
      const auto place = known.indices[i].item<std::int64_t>(), label = known.labels[i].item<std::int64_t>();
      EXPECT_EQ(label, data.labels[static_cast<std::size_t>(place)]);
      seen.insert(place);
      by_class[label].insert(place);
    }
  }
  EXPECT_THAT(seen, SizeIs(20));
  for (const auto& [label, places] : by_class) EXPECT_THAT(places, SizeIs(2)) << label;
  EXPECT_FALSE(other_choice.at(0).labelled.indices.equal(batches.at(0).labelled.indices));
  EXPECT_TRUE(other_choice.at(0).indices.equal(batches.at(0).indices)) << "the choice moves the other order";
}

TEST(BatchesTest, LabelsAreChosenOfTheClassesThatThereAre) {
  auto two = small_images(40);  // data.classes leaves the names of the others
  for (auto& label : two.labels) label = label % 2 == 0 ? 1 : 7;
  DataOptions options;
  options.labelled = 8;
  std::map<std::int64_t, std::set<std::int64_t>> by_class;
  Batches batches(two, options, 8, 1, kCpu);
  const auto known = batches.at(0).labelled;
  for (std::int64_t i = 0; i < 8; ++i)
    by_class[known.labels[i].item<std::int64_t>()].insert(known.indices[i].item<std::int64_t>());
  EXPECT_THAT(by_class, SizeIs(2));
  for (const auto& [label, places] : by_class) EXPECT_THAT(places, SizeIs(4)) << label;
}

TEST(BatchesTest, LabelsThatCannotBeChosenAreRefusedInWords) {
  const auto refused = [](const Dataset& data, std::int64_t labelled) -> std::string {
    try {
      DataOptions options;
      options.labelled = labelled;
      Batches(data, options, 4, 1, kCpu);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refused(small_images(40), 15), HasSubstr("data.labelled=15"));
  EXPECT_THAT(refused(small_images(40), 50), HasSubstr("not 5 examples of each class"));
  auto bare = small_images(40);
  bare.labels.clear();
  EXPECT_THAT(refused(bare, 10), HasSubstr("has no labels"));
}

TEST(BatchesTest, DataAndLabelsBelongToTheIndices) {
  const auto data = small_images(20, 16, 3);
  const auto batch = Batches(data, {}, 7, 1, kCpu).at(1);
  ASSERT_THAT(batch.data.sizes(), ElementsAre(7, 3, 16, 16));
  const auto all = to_model_range(data_tensor(data));
  EXPECT_TRUE(batch.data.equal(all.index_select(0, batch.indices)));
  for (std::int64_t i = 0; i < 7; ++i) {
    const auto index = static_cast<std::size_t>(batch.indices[i].item<std::int64_t>());
    EXPECT_EQ(batch.labels[i].item<std::int64_t>(), data.labels[index]);
  }
}

TEST(BatchesTest, TheLastBatchIsFilledFromTheNextEpoch) {
  const auto data = small_images(10);
  Batches tens(data, {}, 10, 1, kCpu), fours(data, {}, 4, 1, kCpu), long_ones(data, {}, 25, 1, kCpu);
  const auto endless = torch::cat({tens.at(0).indices, tens.at(1).indices, tens.at(2).indices});
  EXPECT_TRUE(fours.at(2).indices.equal(endless.narrow(0, 8, 4)));
  EXPECT_TRUE(long_ones.at(0).indices.equal(endless.narrow(0, 0, 25))) << "a batch may exceed the data";
}

TEST(BatchesTest, UnlabelledDataHasUndefinedLabels) {
  auto data = small_images(4);
  data.labels.clear();
  EXPECT_FALSE(Batches(data, {}, 2, 1, kCpu).at(0).labels.defined());
}

TEST(BatchesTest, TheHeadIsAtMostAllOfTheData) {
  const auto data = small_images(4);
  EXPECT_EQ(Batches(data, {}, 2, 1, kCpu).head(100).size(0), 4);
}

// --- sessions ---------------------------------------------------------------------------------------------

const std::vector<std::string> kTinyGan = {"train.batch=16", "train.steps=100", "model.generator=[16]",
                                           "model.discriminator=[16]", "model.latent=4"};

std::vector<std::string> with(std::vector<std::string> settings, const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

const std::vector<std::string> kTinyAutoencoder = {"train.batch=16", "train.steps=10", "model.hidden=[16]",
                                                   "model.code=4"};

std::vector<Tensor> copies_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  for (const auto& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

bool all_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bits);
}

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

TEST(FusedTest, AMomentTakesOneMinusBetaOfDouble) {
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

// --- the guard against not-a-number -----------------------------------------------------------------------

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

// --- checkpoints ------------------------------------------------------------------------------------------

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { run_steps(session_, 3); }

  // A load that must fail and change nothing; its message.
  std::string refused(const Safetensors& file) {
    const auto before = checkpoint_of(session_);
    const auto text = message_of(ExitCode::storage, [&] { session_.load(file, "the checkpoint"); });
    EXPECT_TRUE(checkpoint_of(session_) == before) << "a refused checkpoint changed the session";
    EXPECT_THAT(text, testing::StartsWith("the checkpoint: "));
    return text;
  }
  // The session's own checkpoint, one step further, for the tests to damage.
  Safetensors own() {
    Session further(*recipe_, data_, kCpu);
    run_steps(further, 4);
    return read_checkpoint(checkpoint_of(further));
  }
  Safetensors of(const std::string& model, const std::vector<std::string>& settings) {
    const auto recipe = recipe_of(model, settings);
    return read_checkpoint(checkpoint_of(Session(*recipe, data_, kCpu)));
  }

  const Dataset data_ = small_images(64);
  const std::unique_ptr<Recipe> recipe_ = recipe_of("gan", kTinyGan);
  Session session_{*recipe_, data_, kCpu};
};

TEST_F(CheckpointTest, AWholeOneIsLoaded) {
  const auto file = own();
  session_.load(file, "the checkpoint");
  EXPECT_EQ(session_.step(), 4);
  EXPECT_TRUE(checkpoint_of(session_) == file.bytes);
}

TEST_F(CheckpointTest, AnotherModelsIsRefused) {
  EXPECT_THAT(refused(of("autoencoder", kTinyAutoencoder)),
              HasSubstr("holds the model autoencoder, not gan"));
}

TEST_F(CheckpointTest, AMissingArrayIsNamed) {
  for (const auto* name : {"model/generator.0.weight", "optimizer/generator/first", "random/generator"}) {
    auto file = own();
    ASSERT_EQ(file.arrays.erase(name), 1u) << name;
    EXPECT_THAT(refused(file), HasSubstr(std::string("'") + name + "' is missing"));
  }
}

TEST_F(CheckpointTest, ASuperfluousArrayIsNamed) {
  auto file = own();
  file.arrays["model/nothing"] = file.arrays.begin()->second;
  EXPECT_THAT(refused(file), HasSubstr("'model/nothing'"));
}

TEST_F(CheckpointTest, OtherShapesAreToldApart) {
  const auto text = refused(of("gan", with(kTinyGan, {"model.latent=5"})));
  EXPECT_THAT(text, HasSubstr("'model/generator.0.weight' is Float [16, 5]"));
  EXPECT_THAT(text, HasSubstr("Float [16, 4]"));
}

TEST_F(CheckpointTest, ValuesThatAreNotFiniteAreRefused) {
  auto file = own();
  auto array = file.arrays.at("model/discriminator.1.weight");
  array_tensor(array).view({-1})[7] = kNan;
  EXPECT_THAT(refused(file), HasSubstr("'model/discriminator.1.weight' holds a value that is not finite"));
}

TEST_F(CheckpointTest, AForeignRandomStateIsRefused) {
  auto file = own();
  auto& state = file.arrays.at("random/generator");
  state.shape = {3};
  state.bytes = 3;
  EXPECT_THAT(refused(file), HasSubstr("'random/generator'"));
}

// A run is opened on machines with other generators than the one that trained it.
TEST_F(CheckpointTest, WeightsNeedNoRandomState) {
  auto file = own();
  auto& state = file.arrays.at("random/generator");
  state.shape = {3};
  state.bytes = 3;
  session_.state().load_weights(file, "the checkpoint");
  const auto& weight = file.arrays.at("model/generator.0.weight");
  EXPECT_TRUE(
      torch::equal(session_.state().model().named_parameters()["generator.0.weight"], array_tensor(weight)));
}

TEST_F(CheckpointTest, MetadataWithoutNumbersIsRefused) {
  for (const auto* key : {"step", "updates.generator"}) {
    for (const auto* value : {"", "many", "-1", "99999999999999999999"}) {
      auto file = own();
      file.metadata[key] = value;
      EXPECT_THAT(refused(file), HasSubstr(key)) << value;
    }
    auto file = own();
    file.metadata.erase(key);
    EXPECT_THAT(refused(file), HasSubstr(key));
  }
}

// --- recipes ----------------------------------------------------------------------------------------------

const char* kRecipe = R"(
name = "bars"
title = "A \"small\" one"
citation = "nobody"

[model]
name = "gan"
generator = [8, 9]

[data]
source = "mnist"

[train]
batch = 12

[optimizer.generator]
lr = 0.5

[expect]
classifier-frechet.max = 3

[[stage]]
name = "first"
steps = 30

[[stage]]
name = "second"
steps = 12
optimizer.generator.lr = 0.25
optimizer.discriminator.optimizer = "sgd"
)";

TEST(RecipeTest, ReadsWhatItWrites) {
  const auto recipe = Recipe::parse(kRecipe, "bars.toml");
  EXPECT_EQ(recipe->model->name, "gan");
  EXPECT_EQ(recipe->title, "A \"small\" one");
  EXPECT_EQ(recipe->train.batch, 12);
  EXPECT_EQ(recipe->players.at("generator").lr, 0.5);
  EXPECT_EQ(recipe->players.at("discriminator").lr, 2e-4) << "the model's own default";
  ASSERT_THAT(recipe->stages, SizeIs(2));
  EXPECT_EQ(recipe->stages[1].name, "second");
  EXPECT_EQ(recipe->total_steps(1000), 42);
  ASSERT_THAT(recipe->expectations, SizeIs(1));
  EXPECT_EQ(recipe->expectations[0].score, "classifier-frechet");
  EXPECT_EQ(recipe->expectations[0].bounds.max, 3);

  const auto text = recipe->resolved();
  const auto again = Recipe::parse(text, "resolved.toml");
  EXPECT_EQ(again->resolved(), text);
  EXPECT_EQ(again->name, "bars");
  EXPECT_EQ(again->stages[1].settings, recipe->stages[1].settings);
  EXPECT_EQ(again->expectations[0].bounds.max, 3);
}

TEST(RecipeTest, EveryModelsDefaultsSurviveResolving) {
  for (const auto& info : all_models()) {
    const auto text = recipe_of(info.name, {})->resolved();
    EXPECT_EQ(Recipe::parse(text, "resolved.toml")->resolved(), text) << info.name;
  }
}

TEST(RecipeTest, OverridesComeLast) {
  EXPECT_EQ(Recipe::parse(kRecipe, "bars.toml", {"train.batch=5", "train.batch=6"})->train.batch, 6);
}

TEST(RecipeTest, TheLengthOfStagesIsNotOverridden) {
  const std::string staged =
      "[model]\nname = \"gan\"\n[train]\nsteps = 9\n[[stage]]\nname = \"x\"\nsteps = 4\n";
  EXPECT_EQ(Recipe::parse(staged, "staged.toml", {"train.batch=5"})->total_steps(1000), 4);
  for (const std::string length : {"train.steps=7", "steps=7", "train.epochs=1"}) {
    const auto text = message_of(ExitCode::usage, [&] { Recipe::parse(staged, "staged.toml", {length}); });
    EXPECT_THAT(text, HasSubstr("the sum of its stages"));
  }
}

TEST(RecipeTest, StepsOfARun) {
  EXPECT_EQ(recipe_of("gan", {"train.steps=7"})->total_steps(1000), 7);
  EXPECT_EQ(recipe_of("gan", {"train.epochs=3", "train.batch=64"})->total_steps(130), 9);
}

TEST(RecipeTest, MistakesNameFileLineAndTheNearestKey) {
  const auto told = [](const std::string& text) {
    return message_of(ExitCode::usage, [&] { Recipe::parse(text, "my.toml"); });
  };
  const std::string head = "[model]\nname = \"gan\"\n";
  auto text = told(head + "latnet = 3\n");
  EXPECT_THAT(text, HasSubstr("my.toml, line 3"));
  EXPECT_THAT(text, HasSubstr("did you mean 'model.latent'?"));
  EXPECT_THAT(told(head + "latent = \"big\"\n"), HasSubstr("model.latent must be an integer"));
  EXPECT_THAT(told("[model]\nname = \"gam\"\n"), HasSubstr("did you mean 'gan'?"));
  EXPECT_THAT(told("title = \"x\"\n"), HasSubstr("must say which model"));
  EXPECT_THAT(told(head + "[[phase]]\nsteps = 1\n"), HasSubstr("[[phase]]"));
  EXPECT_THAT(told(head + "[[stage]]\nname = \"x\"\n"), HasSubstr("stage 'x' says no steps"));
  EXPECT_THAT(told(head + "[[stage]]\nsteps = 0\n"), HasSubstr("from 1"));
  EXPECT_THAT(told(head + "[[stage]]\nsteps = 1\ntrain.seed = 2\n"), HasSubstr("'train.seed' in a stage"));
}

TEST(RecipeTest, AStagesMistakesAreToldBeforeTheRun) {
  const auto told = [](const std::string& line) {
    return message_of(ExitCode::usage, [&] {
      Recipe::parse("[model]\nname = \"gan\"\n[[stage]]\nsteps = 1\n" + line, "my.toml");
    });
  };
  const auto text = told("optimizer.generatr.lr = 0.1\n");
  EXPECT_THAT(text, HasSubstr("my.toml, line 5"));
  EXPECT_THAT(text, HasSubstr("did you mean 'optimizer.generator.lr'?"));
  EXPECT_THAT(told("optimizer.generator.lr = -1\n"), HasSubstr("optimizer.generator.lr must be a number"));
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
  EXPECT_THAT(text, HasSubstr("nothing was updated"));
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

// --- stages -----------------------------------------------------------------------------------------------

// One parameter that each step moves by the learning rate; remembers what it was told in a buffer.
class StagedModel final : public Model {
 public:
  explicit StagedModel(std::vector<std::string>& begun) : begun_(begun) {
    part_ = register_module("part", std::make_shared<torch::nn::LinearImpl>(1, 1));
    add_player("autoencoder", {part_});
  }
  void step(const Batch&, StepContext& context) override {
    steps_.push_back(context.stage() + " " + std::to_string(context.stage_step()));
    context.apply("autoencoder", {torch::ones({1, 1}), torch::ones({1})});
  }
  void begin_stage(const std::string& stage) override { begun_.push_back(stage); }
  double weight() const { return part_->weight.item<double>(); }
  const std::vector<std::string>& steps() const { return steps_; }

 private:
  std::vector<std::string>& begun_;
  std::vector<std::string> steps_;
  std::shared_ptr<torch::nn::LinearImpl> part_;
};

class StageTest : public testing::Test {
 protected:
  StageTest() {
    info_ = find_model("autoencoder");
    info_.make = [this](const DataShape&, const ModelConfig&, at::Generator) {
      return std::make_shared<StagedModel>(begun_);
    };
    info_.stages = [](const DataShape&, const ModelConfig&) -> std::vector<std::string> {
      return {"first", "second"};
    };
    recipe_ = Recipe::parse(
        "[model]\nname = \"autoencoder\"\n"
        "[optimizer.autoencoder]\noptimizer = \"sgd\"\nbeta1 = 0\nlr = 1\n"
        "[[stage]]\nname = \"first\"\nsteps = 3\n"
        "[[stage]]\nname = \"second\"\nsteps = 2\noptimizer.autoencoder.lr = 0.25\n",
        "the test");
    recipe_->model = &info_;
  }
  static const StagedModel& model_of(Session& session) {
    return dynamic_cast<const StagedModel&>(session.state().model());
  }

  const Dataset data_ = small_images(64);
  std::vector<std::string> begun_;
  ModelInfo info_;
  std::unique_ptr<Recipe> recipe_;
};

TEST_F(StageTest, EachBeginsOnceWithItsOwnSettings) {
  Session session(*recipe_, data_, kCpu);
  EXPECT_EQ(session.total_steps(), 5);
  const double start = model_of(session).weight();
  std::vector<double> way;
  while (!session.finished()) {
    session.run_step();
    way.push_back(start - model_of(session).weight());
  }
  EXPECT_THAT(way, ElementsAreArray(near({1, 2, 3, 3.25, 3.5})));
  EXPECT_THAT(begun_, ElementsAre("first", "second"));
  EXPECT_THAT(model_of(session).steps(),
              ElementsAre("first 0", "first 1", "first 2", "second 0", "second 1"));
}

TEST_F(StageTest, AResumedStageDoesNotBeginAgain) {
  for (const int stop : {1, 2, 3, 4}) {
    Session half(*recipe_, data_, kCpu);
    run_steps(half, stop);
    begun_.clear();
    Session rest(*recipe_, data_, kCpu);
    rest.load(read_checkpoint(checkpoint_of(half)), "the checkpoint");
    const double start = model_of(rest).weight();
    run_steps(rest, 5 - stop);
    // At the border the second stage has not begun yet.
    EXPECT_THAT(begun_, stop <= 3 ? testing::Matcher<std::vector<std::string>>(ElementsAre("second"))
                                  : testing::Matcher<std::vector<std::string>>(IsEmpty()))
        << stop;
    const double left = std::max(0, 3 - stop) + 0.25 * std::min(2, 5 - stop);
    EXPECT_NEAR(start - model_of(rest).weight(), left, 1e-5) << stop;
  }
}

TEST(StagedSessionTest, ResumesInAStageOfAnotherOptimiser) {
  const auto data = small_images(64);
  const auto recipe = Recipe::parse(
      "[model]\nname = \"autoencoder\"\nhidden = [8]\n[optimizer.autoencoder]\noptimizer = \"sgd\"\n"
      "[[stage]]\nsteps = 2\n"
      "[[stage]]\nsteps = 2\noptimizer.autoencoder.optimizer = \"adam\"\noptimizer.autoencoder.average = "
      "0.9\n"
      "[[stage]]\nsteps = 2\n",
      "the test");
  Session whole(*recipe, data, kCpu);
  run_steps(whole, 6);
  for (const int stop : {1, 2, 3, 4, 5}) {
    Session half(*recipe, data, kCpu), rest(*recipe, data, kCpu);
    run_steps(half, stop);
    rest.load(read_checkpoint(checkpoint_of(half)), "the checkpoint");
    run_steps(rest, 6 - stop);
    EXPECT_TRUE(checkpoint_of(rest) == checkpoint_of(whole)) << stop;
  }
}

// --- alarms -----------------------------------------------------------------------------------------------

using Values = std::vector<std::pair<std::string, double>>;

// At which of the following ticks, from 1, something is said.
std::vector<int> said_at(TrainingAlarms& watch, const Values& values, int ticks) {
  std::vector<int> said;
  for (int i = 1; i <= ticks; ++i) {
    if (!watch.observe(values).empty()) said.push_back(i);
  }
  return said;
}

TEST(WatchTest, AHealthyRunIsSilent) {
  TrainingAlarms watch;
  EXPECT_THAT(said_at(watch, {{"belief/real", 0.7}, {"belief/fake", 0.3}, {"gradient/generator", 0.5}}, 50),
              IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(watch.observe_diversity(0.9, 0.5), IsEmpty());
}

TEST(WatchTest, AWinningDiscriminatorIsToldOnceAndAgainAfterItWasGone) {
  TrainingAlarms watch;
  const Values wins = {{"belief/real", 0.999}, {"belief/fake", 0.001}};
  EXPECT_THAT(said_at(watch, wins, 20), ElementsAre(TrainingAlarms::kPatience));
  EXPECT_THAT(said_at(watch, {{"belief/real", 0.8}, {"belief/fake", 0.2}}, 1), IsEmpty());
  EXPECT_THAT(said_at(watch, wins, 20), ElementsAre(TrainingAlarms::kPatience));
}

TEST(WatchTest, ShortTroubleIsNotTold) {
  TrainingAlarms watch;
  const Values wins = {{"belief/real", 0.999}, {"belief/fake", 0.001}};
  const Values even = {{"belief/real", 0.5}, {"belief/fake", 0.5}};
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(said_at(watch, wins, TrainingAlarms::kPatience - 1), IsEmpty());
    EXPECT_THAT(said_at(watch, even, 1), IsEmpty());
  }
}

TEST(WatchTest, AVanishedGradientNamesItsPlayer) {
  TrainingAlarms watch;
  said_at(watch, {{"gradient/generator", 3}, {"gradient/discriminator", 2}}, 3);
  std::vector<std::string> said;
  for (int i = 0; i < 20; ++i) {
    for (auto& text : watch.observe({{"gradient/generator", 1e-5}, {"gradient/discriminator", 2}})) {
      said.push_back(text);
    }
  }
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_THAT(said[0], HasSubstr("the generator gets almost no gradient"));
}

TEST(WatchTest, CollapseOfAMixtureIsToldByItsModes) {
  TrainingAlarms watch;
  const TrainingAlarms::Modes two{2, 8, 0.934, 0.6}, all{8, 8, 0.93, 1};
  for (int i = 0; i < 5; ++i) EXPECT_THAT(watch.observe_modes(two, 0.2), IsEmpty());
  EXPECT_THAT(watch.observe_modes(two, 0.3), IsEmpty());
  EXPECT_THAT(
      watch.observe_modes(two, 0.4),
      ElementsAre("2 of 8 modes are covered, and 93 % of the samples are near one (mean distance between "
                  "samples 60 % of the data's): the generator has collapsed or is "
                  "about to"));
  EXPECT_THAT(watch.observe_modes(two, 0.5), IsEmpty());
  EXPECT_THAT(watch.observe_modes(all, 0.6), IsEmpty());
  EXPECT_THAT(watch.observe_modes(two, 0.7), IsEmpty());
  EXPECT_THAT(watch.observe_modes(two, 0.8), SizeIs(1));
}

TEST(WatchTest, FewNearSamplesAreNoCollapseButAreToldLate) {
  TrainingAlarms watch;
  const TrainingAlarms::Modes unlucky{4, 8, 0.009, 0.9}, blurred{4, 8, 0.03, 0.9}, rotating{0, 8, 0, 0.05};
  for (int i = 0; i < 5; ++i) EXPECT_THAT(watch.observe_modes(unlucky, 0.4), IsEmpty());
  for (int i = 0; i < 5; ++i) EXPECT_THAT(watch.observe_modes(blurred, 0.9), IsEmpty());
  EXPECT_THAT(watch.observe_modes(unlucky, 0.8), IsEmpty());
  EXPECT_THAT(watch.observe_modes(unlucky, 0.9), ElementsAre(HasSubstr("has not found the data")));
  // All samples at one place between the modes.
  EXPECT_THAT(watch.observe_modes(rotating, 0.4), IsEmpty());
  EXPECT_THAT(watch.observe_modes(rotating, 0.4), ElementsAre(HasSubstr("collapsed")));
}

TEST(WatchTest, CollapseOfAMixtureIsSeenInItsSamples) {
  const auto mixture = *mixture_of("ring");
  const auto points = data_tensor(make_synthetic("ring", 2500, 1));
  const auto noise = torch::randn({2500, 2}, at::make_generator<at::CPUGeneratorImpl>(1));
  const auto look = [&](TrainingAlarms& watch, const Tensor& samples) {
    const auto seen = mode_coverage(samples, mixture);
    return watch.observe_modes(
        {seen.covered, seen.modes, seen.high_quality_share,
         diversity_ratio(samples.narrow(0, 0, 128), points.narrow(0, 0, 128)).item<double>()},
        0.9);
  };
  TrainingAlarms good, blurred, few, one, cycle;
  const auto right = (points.select(1, 0) > 0.5).unsqueeze(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(look(good, points), IsEmpty());
    EXPECT_THAT(look(blurred, points + 0.1 * noise), IsEmpty());
    const int told = i + 1 == TrainingAlarms::kDiversityPatience ? 1 : 0;
    EXPECT_THAT(look(few, torch::where(right, points, points.narrow(0, 0, 1))), SizeIs(told));
    EXPECT_THAT(look(one, points.narrow(0, 0, 1) + 0.003 * noise), SizeIs(told));
    // From mode to mode, never two at a time.
    EXPECT_THAT(look(cycle, points.narrow(0, i, 1) + 0.02 * noise), SizeIs(told));
  }
}

TEST(WatchTest, CollapseIsToldOnceAndNotAtTheBeginning) {
  TrainingAlarms watch;
  for (int i = 0; i < 5; ++i) EXPECT_THAT(watch.observe_diversity(0.1, 0.05), IsEmpty());
  EXPECT_THAT(watch.observe_diversity(0.1, 0.2), IsEmpty());
  EXPECT_THAT(watch.observe_diversity(0.1, 0.3), ElementsAre(HasSubstr("10 % of the data's")));
  EXPECT_THAT(watch.observe_diversity(0.1, 0.4), IsEmpty());
  EXPECT_THAT(watch.observe_diversity(0.9, 0.5), IsEmpty());
  EXPECT_THAT(watch.observe_diversity(0.1, 0.6), IsEmpty());
  EXPECT_THAT(watch.observe_diversity(0.1, 0.7), SizeIs(1));
}

}  // namespace
}  // namespace belamy
