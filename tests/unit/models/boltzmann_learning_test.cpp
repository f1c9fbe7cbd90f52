// Contrastive divergence as it runs in the trainer: the exact log-likelihood of small machines, and stages.
#include <gmock/gmock.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "small_data.h"

namespace belamy {
namespace {

// Mean log-likelihood of the training examples by exact enumeration, after `steps`.
double likelihood_after(std::int64_t steps, const std::vector<std::string>& more) {
  std::vector<std::string> settings = {"model.hidden=12", "train.batch=50", "train.steps=100000",
                                       "optimizer.rbm.lr=0.05"};
  settings.insert(settings.end(), more.begin(), more.end());
  const auto data = small_images(500, 8);
  const auto recipe = recipe_of("rbm", settings);
  Session session(*recipe, data, torch::kCPU);
  for (std::int64_t i = 0; i < steps; ++i) session.run_step();
  const ModelState::Evaluation evaluation(session.state());
  auto* density = session.state().model().density();
  EXPECT_EQ(density->kind(), Density::Kind::exact);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto each = density->log_likelihood(session.batches().head(500), generator);
  EXPECT_THAT(density->how(), testing::HasSubstr("enumerated"));
  return each.mean().item<double>();
}

TEST(BoltzmannLearning, EveryWayOfLearningRaisesTheLikelihood) {
  // After one step the machine knows little more than the pixels' means.
  const double start = likelihood_after(1, {});
  for (const auto& settings :
       std::vector<std::vector<std::string>>{{},
                                             {"model.gibbs_steps=5"},
                                             {"model.chain=persistent"},
                                             {"model.centring=data"},
                                             {"model.centring=average", "model.chain=persistent"}}) {
    const double after = likelihood_after(1500, settings);
    EXPECT_GT(after, start + 4) << (settings.empty() ? "" : settings[0]) << ": " << start << " -> " << after;
    RecordProperty(settings.empty() ? "cd" : settings[0],
                   std::to_string(start) + " -> " + std::to_string(after));
  }
}

TEST(BoltzmannLearning, SparsityTargetIsReached) {
  const auto data = small_images(500, 8);
  const auto recipe = recipe_of("rbm", {"model.hidden=40", "train.batch=50", "model.sparsity_target=0.1",
                                        "model.sparsity_cost=1", "train.steps=100000"});
  Session session(*recipe, data, torch::kCPU);
  for (int i = 0; i < 600; ++i) session.run_step();
  const ModelState::Evaluation evaluation(session.state());
  const auto activity = session.state().model().encoder()->encode(session.batches().head(500)).mean(0);
  EXPECT_NEAR(activity.mean().item<double>(), 0.1, 0.05);
}

TEST(BoltzmannLearning, AnUntrainedMachineHasNoLikelihood) {
  const auto data = small_images(20, 8);
  const auto recipe = recipe_of("rbm", {"model.hidden=4"});
  Session session(*recipe, data, torch::kCPU);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  try {
    session.state().model().density()->log_likelihood(session.batches().head(5), generator, 1);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("has not been trained"));
  }
}

TEST(DeepBeliefNetwork, StagesMoveWhatTheySay) {
  const auto data = small_images(100);
  auto recipe = recipe_of("dbn", {"model.hidden=[16, 12]", "train.batch=20"});
  recipe->stages = {{"layer-1", 3, {}}, {"layer-2", 3, {}}, {"softmax", 3, {}}, {"fine-tune", 3, {}}};
  Session session(*recipe, data, torch::kCPU);
  const auto values = [&](const std::string& player) {
    return session.state().player(player).parameters()[0].detach().clone();
  };
  const std::vector<std::string> players = {"layer-1", "layer-2", "network", "softmax"};
  const std::vector<std::vector<bool>> moves = {
      {true, false, false, false},
      {false, true, false, false},
      {false, false, true, true},  // the network takes the machines' weights
      {false, false, true, true}};
  for (const auto& expected : moves) {
    std::vector<torch::Tensor> before;
    for (const auto& player : players) before.push_back(values(player));
    for (int i = 0; i < 3; ++i) session.run_step();
    for (std::size_t i = 0; i < players.size(); ++i) {
      EXPECT_EQ(!torch::equal(values(players[i]), before[i]), expected[i]) << players[i];
    }
  }
}

TEST(DeepBeliefNetwork, ALayersSecondStageGoesOn) {
  auto recipe = recipe_of("dbn", {"model.hidden=[16, 12]", "train.batch=20"});
  recipe->stages = {{.name = "layer-1", .steps = 5},
                    {.name = "layer-1", .steps = 1, .settings = {"optimizer.layer.lr=0"}}};
  Session session(*recipe, small_images(100), torch::kCPU);
  run_steps(session, 5);
  std::vector<Tensor> before;
  for (const auto& p : session.state().player("layer-1").parameters()) before.push_back(p.detach().clone());
  session.run_step();
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(torch::equal(session.state().player("layer-1").parameters()[i], before[i])) << i;
}

TEST(DeepBeliefNetwork, UnknownStagesAreRefused) {
  auto recipe = recipe_of("dbn", {"model.hidden=[16, 12]"});
  recipe->stages = {{"layer-3", 3, {}}};
  try {
    Session session(*recipe, small_images(10), torch::kCPU);
    FAIL() << "it was taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no stage 'layer-3'"));
  }
}

}  // namespace
}  // namespace belamy
