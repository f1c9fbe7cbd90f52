// Commands to a training: the log, what may be asked, and that a steered run is repeated bit by bit.
#include "train/commands.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "core/env.h"
#include "small_training.h"
#include "store/run_records.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Command::Kind;

TEST(CommandLogTest, ReadsWhatItWrites) {
  CommandLog log;
  log.note(7, {Kind::set, "optimizer.generator.lr=1e-4"});
  log.note(3, {Kind::save});
  log.note(7, {Kind::steps, "50"});
  const auto again = CommandLog::parse(log.text(), "commands.csv");
  EXPECT_EQ(again.text(), "step,command,argument\n3,save,\n7,set,optimizer.generator.lr=1e-4\n7,steps,50\n");
  EXPECT_EQ(again.at(7).size(), 2U);
  EXPECT_EQ(again.at(4).size(), 0U);
  EXPECT_EQ(again.before(7).size(), 1U);
  EXPECT_EQ(again.before(8).size(), 3U);
}

TEST(CommandLogTest, MistakesNameTheLine) {
  const auto told = [](const std::string& line) {
    return message_of(ExitCode::data, [&] { CommandLog::parse("step,command,argument\n" + line, "x.csv"); });
  };
  EXPECT_THAT(told("1,save"), HasSubstr("x.csv, line 2: this is not a step, a command and its argument"));
  EXPECT_THAT(told("a,save,"), HasSubstr("line 2"));
  EXPECT_THAT(told("1,jump,"), HasSubstr("'jump' is not a command"));
  EXPECT_THAT(told("5,save,\n4,save,"), HasSubstr("line 3"));
  EXPECT_THROW(parse_command("steps"), Error);
  EXPECT_THROW(parse_command("save now"), Error);
  EXPECT_THROW(parse_command("set lr 3"), Error);
  EXPECT_THROW(parse_command("set model.width=3"), Error);
}

TEST(CommandTest, WhatNoTrainingCanFollowIsRefused) {
  const auto recipe = recipe_of("gan", with(kTinyGan, {"optimizer.generator.average=0.9"}));
  const auto refused = [&](const std::string& line) {
    return message_of(ExitCode::usage,
                      [&] { check_command(parse_command(line), *recipe, recipe->stages.front()); });
  };
  EXPECT_THAT(refused("set optimizer.nope.lr=0.1"), HasSubstr("optimizer.nope.lr"));
  EXPECT_THAT(refused("set optimizer.generator.lr=nan"), HasSubstr("must be a number from"));
  EXPECT_THAT(refused("set optimizer.generator.optimizer=sgd"), HasSubstr("cannot be changed during a run"));
  EXPECT_THAT(refused("set optimizer.generator.average=0"), HasSubstr("cannot be changed during a run"));
  for (const auto* line :
       {"set optimizer.generator.average=0.5", "set optimizer.discriminator.lr=0.1", "steps 9", "save"})
    EXPECT_NO_THROW(check_command(parse_command(line), *recipe, recipe->stages.front())) << line;
}

class SteeredTest : public testing::Test {
 protected:
  SteeredTest() : folder_(scratch("belamy-steered")) { fs::remove_all(folder_); }
  ~SteeredTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Recipe> recipe(const std::vector<std::string>& more = {}) const {
    return recipe_of(
        "gan", with(kTinyGan,
                    with({"data.source=ring", "data.limit=200", "train.steps=8", "train.threads=1"}, more)));
  }
  // Steps 3 and 5 are told something.
  TrainingHooks told() {
    TrainingHooks hooks;
    hooks.commands = [step = 0]() mutable {
      ++step;
      if (step == 3) return std::vector<Command>{{Kind::set, "optimizer.generator.lr=0.5"}};
      if (step == 5) return std::vector<Command>{{Kind::steps, "10"}};
      return std::vector<Command>();
    };
    hooks.message = [this](const std::string& text) { messages_.push_back(text); };
    return hooks;
  }
  static Tensor drawn(const fs::path& run) {
    const auto opened = Run::open(run);
    return opened->model().sampler()->sample({5, opened->generator(1)});
  }

  fs::path folder_;
  std::vector<std::string> messages_;
};

TEST_F(SteeredTest, CommandsAreFollowedAndKept) {
  const auto outcome = train(*recipe(), folder_ / "a", false, told());
  EXPECT_EQ(outcome.step, 10) << "prolonged";
  EXPECT_EQ(Env::real().read(folder_ / "a/commands.csv"),
            "step,command,argument\n3,set,optimizer.generator.lr=0.5\n5,steps,10\n");
  train(*recipe({"train.steps=10"}), folder_ / "b", false, {});
  EXPECT_FALSE(same_bits(drawn(folder_ / "a"), drawn(folder_ / "b"))) << "another rate from step 3 on";
}

TEST_F(SteeredTest, ASteeredRunIsRepeatedByItsCommands) {
  train(*recipe(), folder_ / "a", false, told());
  train(*recipe({"train.commands=" + (folder_ / "a/commands.csv").string()}), folder_ / "b", false, {});
  EXPECT_TRUE(same_bits(drawn(folder_ / "a"), drawn(folder_ / "b")));
  EXPECT_THAT(verify_resume(*recipe({"train.commands=" + (folder_ / "a/commands.csv").string()}), 4, 5),
              testing::IsEmpty());
}

TEST_F(SteeredTest, ASteeredRunGoesOnToTheSameBits) {
  train(*recipe(), folder_ / "a", false, told());
  auto hooks = told();
  hooks.stop = [step = 0]() mutable { return ++step == 4; };
  train(*recipe(), folder_ / "b", false, hooks);
  hooks = TrainingHooks();
  hooks.commands = [step = 4]() mutable {
    return ++step == 5 ? std::vector<Command>{{Kind::steps, "10"}} : std::vector<Command>();
  };
  train(*recipe(), folder_ / "b", true, hooks);
  EXPECT_TRUE(same_bits(drawn(folder_ / "a"), drawn(folder_ / "b")));
}

TEST_F(SteeredTest, AResumedRunWithAnotherLengthKeepsItsMessages) {
  train(*recipe(), folder_ / "a", false, told());
  const auto outcome = train(*recipe({"train.steps=12"}), folder_ / "a", true, {});
  EXPECT_EQ(outcome.step, 12);
  EXPECT_THAT(outcome.messages, testing::IsSupersetOf({"command: set optimizer.generator.lr=0.5",
                                                       "command: steps 10", "command: steps 12"}));
  EXPECT_EQ(read_messages(RunFolder::read(Env::real(), folder_ / "a")).size(), outcome.messages.size());
}

TEST_F(SteeredTest, WhatCannotBeFollowedIsSaid) {
  auto hooks = told();
  hooks.commands = [done = false]() mutable {
    if (done) return std::vector<Command>();
    done = true;
    return std::vector<Command>{{Kind::set, "optimizer.generator.optimizer=sgd"},
                                {Kind::set, "optimizer.writer.lr=1"},
                                {Kind::steps, "1"}};
  };
  train(*recipe(), folder_ / "a", false, hooks);
  EXPECT_THAT(messages_, testing::Contains(HasSubstr("this cannot be changed during a run")));
  EXPECT_THAT(messages_, testing::Contains(HasSubstr("optimizer.writer.lr")));
  EXPECT_THAT(messages_, testing::Contains(testing::EndsWith("a run that has made 1 step")));
  EXPECT_FALSE(fs::exists(folder_ / "a/commands.csv"));
}

// The walk of a plug and play sampler would take minutes.
TEST_F(SteeredTest, AStopEndsTheDrawingOfASlowPicture) {
  const auto slow =
      recipe_of("ppgn", {"model.width=8", "model.code=8", "model.prior_hidden=16", "data.size=16",
                         "data.limit=32", "train.batch=8", "train.steps=2", "use.steps=100000"});
  auto hooks = told();
  hooks.commands = {};
  std::int64_t asked = 0;
  hooks.stop = [&asked] { return ++asked > 3; };
  const auto outcome = train(*slow, folder_ / "a", false, hooks);
  EXPECT_TRUE(outcome.finished);
  EXPECT_LT(outcome.seconds, 60);
  EXPECT_GT(asked, 3);
  EXPECT_THAT(messages_, testing::Contains(HasSubstr("samples of step 2 were not drawn")));
  EXPECT_TRUE(Run::open(folder_ / "a")) << "it was saved";
}

TEST_F(SteeredTest, PicturesAndCheckpointsAreTold) {
  TrainingHooks hooks;
  std::vector<std::int64_t> pictures, checkpoints;
  hooks.picture = [&](std::int64_t step, const std::string& title, const std::string& png) {
    EXPECT_EQ(title, "Samples");
    EXPECT_EQ(png.substr(1, 3), "PNG");
    pictures.push_back(step);
  };
  hooks.checkpoint = [&](std::int64_t step) { checkpoints.push_back(step); };
  train(*recipe({"train.sample_every=4", "train.checkpoint_every=3"}), folder_ / "a", false, hooks);
  EXPECT_THAT(pictures, ElementsAre(4, 8));
  EXPECT_THAT(checkpoints, ElementsAre(3, 6, 8));
}

}  // namespace
}  // namespace belamy
