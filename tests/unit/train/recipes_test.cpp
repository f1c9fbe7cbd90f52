// Recipes: reading, writing, mistakes.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "small_training.h"

namespace belamy {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

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

TEST(RecipeTest, AStagesBatchMayBeAnyWholeNumber) {
  const auto recipe = Recipe::parse(
      "[model]\nname = \"gan\"\n[[stage]]\nname = \"x\"\nsteps = 4\ntrain.batch = 1e1\n", "staged.toml");
  EXPECT_EQ(recipe->stages[0].batch, 10);
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
  EXPECT_THAT(told("title = \"x\"\n"), HasSubstr("names no model"));
  EXPECT_THAT(told(head + "[[phase]]\nsteps = 1\n"), HasSubstr("[[phase]]"));
  EXPECT_THAT(told(head + "[expect]\ndiversity = { max = 1, mix = 0 }\n"),
              HasSubstr("line 4: unknown key 'mix' in the expectation of diversity\n  did you mean 'min'?"));
  EXPECT_THAT(told(head + "[expect]\ndiversity = 1\n"), HasSubstr("line 4: an expectation must have min"));
  EXPECT_THAT(told(head + "[expect]\ndivrsity-max = 1\n"), HasSubstr("did you mean 'diversity'?"));
  EXPECT_THAT(told(head + "[[stage]]\nname = \"x\"\n"), HasSubstr("stage 'x' has no steps"));
  EXPECT_THAT(told(head + "[[stage]]\nsteps = 0\n"),
              HasSubstr("line 4: steps must be an integer of at least 1, not 0"));
  EXPECT_THAT(told(head + "[[stage]]\nsteps = 1\ntrain.seed = 2\n"),
              HasSubstr("'train.seed' in a [[stage]]"));
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

}  // namespace
}  // namespace belamy
