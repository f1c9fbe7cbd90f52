// Stages: each begins once, with its own settings.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "small_training.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
    info_.make = [this](const DataShape&, const ModelConfig&, at::Generator, const Parents&) {
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
  EXPECT_THAT(way, testing::Pointwise(testing::DoubleNear(1e-4), {1.0, 2.0, 3.0, 3.25, 3.5}));
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

}  // namespace
}  // namespace belamy
