// The stages of the stacked autoencoder: what moves in each and what rests, and that the stack learns
// classes.
#include <gmock/gmock.h>
#include <set>
#include <torch/types.h>

#include "belamy/error.h"

#include "small_data.h"

namespace belamy {
namespace {

using testing::HasSubstr;

std::unique_ptr<Recipe> staged_autoencoder(const std::vector<std::pair<std::string, int>>& stages,
                                           const std::vector<std::string>& settings = {}) {
  std::string text = "[model]\nname = \"stacked-autoencoder\"\nhidden = [24, 16]\n[train]\nbatch = 16\n";
  text += "[optimizer.layer]\nwarmup = 0\n[optimizer.classifier]\nwarmup = 0\n";
  for (const auto& [name, steps] : stages) {
    text += "[[stage]]\nname = \"" + name + "\"\nsteps = " + std::to_string(steps) + "\n";
  }
  return Recipe::parse(text, "the test", settings);
}

// The parts ("layer-1", "softmax") of which a parameter changed during `steps` steps.
std::set<std::string> moved_layers(Session& session, int steps) {
  std::vector<std::pair<std::string, Tensor>> before;
  for (const auto& item : session.state().model().named_parameters()) {
    before.emplace_back(item.key(), item.value().detach().clone());
  }
  run_steps(session, steps);
  std::set<std::string> moved;
  const auto after = session.state().model().named_parameters();
  for (const auto& [name, value] : before) {
    if (!same_bits(after[name], value)) moved.insert(name.substr(0, name.find('.')));
  }
  return moved;
}

TEST(StackedAutoencoderTest, AStageMovesWhatItsNameSays) {
  for (const std::string optimizer : {"adam", "sgd", "rmsprop"}) {
    SCOPED_TRACE(optimizer);
    const auto recipe =
        staged_autoencoder({{"layer-1", 4}, {"layer-2", 4}, {"joint", 4}, {"softmax", 4}, {"fine-tune", 4}},
                           {"optimizer.layer.optimizer=" + optimizer, "optimizer.layer.lr=1e-3"});
    const auto data = small_images(100);
    Session session(*recipe, data, torch::kCPU);
    EXPECT_EQ(moved_layers(session, 4), (std::set<std::string>{"layer-1"}));
    EXPECT_EQ(moved_layers(session, 4), (std::set<std::string>{"layer-2"}));
    EXPECT_EQ(moved_layers(session, 4), (std::set<std::string>{"layer-1", "layer-2"}));
    EXPECT_EQ(moved_layers(session, 4), (std::set<std::string>{"softmax"}));
    EXPECT_EQ(moved_layers(session, 4), (std::set<std::string>{"layer-1", "layer-2", "softmax"}));
  }
}

TEST(StackedAutoencoderTest, ResumingBetweenStagesKeepsTheBits) {
  const auto recipe =
      staged_autoencoder({{"layer-1", 3}, {"layer-2", 3}, {"fine-tune", 3}}, {"model.corruption=masking"});
  const auto data = small_images(100);
  for (const int stop : {2, 3, 6}) {
    SCOPED_TRACE(stop);
    Session whole(*recipe, data, torch::kCPU), half(*recipe, data, torch::kCPU),
        rest(*recipe, data, torch::kCPU);
    run_steps(whole, 9);
    run_steps(half, stop);
    rest.load(read_checkpoint(checkpoint_of(half)), "the checkpoint");
    run_steps(rest, 9 - stop);
    EXPECT_TRUE(checkpoint_of(rest) == checkpoint_of(whole));
  }
}

double errors_of(Session& session, const Dataset& data) {
  const ModelState::Evaluation evaluation(session.state());
  const auto images = session.batches().head(data.count);
  const auto named = session.state().model().classifier()->classify(images).argmax(1);
  return (named != torch::tensor(data.labels)).to(torch::kFloat).mean().item<double>();
}

TEST(StackedAutoencoderTest, LearnsToNameClasses) {
  // Ten bars that a linear classifier tells apart; chance is 0.9.
  const auto data = small_images(200);
  const auto recipe = staged_autoencoder(
      {{"layer-1", 150}, {"layer-2", 150}, {"fine-tune", 150}},
      {"model.corruption=masking", "optimizer.layer.lr=5e-3", "optimizer.classifier.lr=2e-2"});
  Session session(*recipe, data, torch::kCPU);
  run_steps(session, 300);
  EXPECT_GT(errors_of(session, data), 0.5);
  run_steps(session, 150);
  EXPECT_LT(errors_of(session, data), 0.05);
}

TEST(StackedAutoencoderTest, FrozenLayersLearnLessThanFineTunedOnes) {
  const auto data = small_images(200);
  const auto error_after = [&](const std::string& last) {
    const auto recipe = staged_autoencoder({{"layer-1", 30}, {last, 60}}, {"optimizer.layer.lr=5e-3"});
    Session session(*recipe, data, torch::kCPU);
    run_steps(session, 90);
    return session.take_records();
  };
  const auto labelled = [](const auto& records) {
    for (const auto& [name, value] : records) {
      if (name == "loss/labelled") return value;
    }
    return 0.0;
  };
  EXPECT_LT(labelled(error_after("fine-tune")), 0.9 * labelled(error_after("softmax")));
}

TEST(StackedAutoencoderTest, ContradictionsAreRefused) {
  const auto data = small_images(20);
  const auto refusal = [&](const std::unique_ptr<Recipe>& recipe) -> std::string {
    try {
      Session session(*recipe, data, torch::kCPU);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal(staged_autoencoder({{"layer-3", 1}})),
              HasSubstr("no stage 'layer-3'; its stages are layer-1, layer-2, joint"));
  EXPECT_THAT(refusal(staged_autoencoder({{"layer-0", 1}})), HasSubstr("no stage 'layer-0'"));
  EXPECT_THAT(refusal(staged_autoencoder({{"layer-1x", 1}})), HasSubstr("no stage 'layer-1x'"));
  EXPECT_THAT(refusal(staged_autoencoder({{"fine-tune", 1}}, {"optimizer.layer.weight_decay=0.1"})),
              testing::IsEmpty());
  EXPECT_THAT(refusal(staged_autoencoder({{"joint", 1}}, {"model.unit=relu"})), HasSubstr("model.loss=l2"));
}

}  // namespace
}  // namespace belamy
