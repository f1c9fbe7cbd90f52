// Trainings in several processes: the same data, the same weights in each, close to one process, and resumed exactly.
#include "several.h"

#include <gmock/gmock.h>
#include <map>
#include <mutex>
#include <torch/types.h>

#include "belamy/trainer.h"

#include "small_training.h"
#include "test_folder.h"
#include "train/meeting.h"

namespace belamy {
namespace {

using testing::HasSubstr;

// A session for one member of a group; the weights have been given to all.
std::unique_ptr<Session> session_in(Group& group, const Recipe& recipe, const Dataset& data) {
  auto session = std::make_unique<Session>(recipe, data, kCpu, std::nullopt, group);
  session->spread();
  return session;
}

std::vector<std::uint8_t> bytes_of(const Snapshot& snapshot) {
  const auto text = encode_safetensors(snapshot.arrays, snapshot.metadata);
  return {text.begin(), text.end()};
}

TEST(SeveralTest, ThePartsOfABatchAreTheBatchOfOneProcess) {
  DataOptions options;
  options.flip = true;
  options.shift = 2;
  for (const auto& data : {small_images(50), small_pairs(50), small_domains(50), small_matches(50)}) {
    Batches batches(data, options, 12, 1, kCpu);
    for (const std::int64_t step : {0, 3, 7}) {
      const BatchPlace place{step, 12 * step, 12};
      const auto whole = batches.at(place);
      std::vector<Tensor> parts, partners;
      for (std::int64_t part = 0; part < 3; ++part) {
        auto mine = place;
        mine.part = part;
        mine.parts = 3;
        const auto batch = batches.at(mine);
        EXPECT_EQ(batch.size(), 4);
        parts.push_back(batch.data);
        if (batch.partner.data.defined()) partners.push_back(batch.partner.data);
      }
      EXPECT_TRUE(same_bits(torch::cat(parts), whole.data));
      if (!partners.empty()) {
        EXPECT_TRUE(same_bits(torch::cat(partners), whole.partner.data));
      }
    }
  }
}

// Without random numbers and batch statistics the gradients are those of one process, but for the order of sums.
TEST(SeveralTest, TwoHalvesOfABatchTrainLikeTheWhole) {
  const auto data = small_images(64);
  const auto recipe = recipe_of("autoencoder", with(kTinyAutoencoder, {"train.batch=32"}));
  Session alone(*recipe, data, kCpu);
  for (int step = 0; step < 10; ++step) alone.run_step();
  in_several(2, [&](Group& group) {
    const auto session = session_in(group, *recipe, data);
    for (int step = 0; step < 10; ++step) session->run_step();
    const auto expected = alone.state().model().parameters(), got = session->state().model().parameters();
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_LT((expected[i] - got[i]).abs().max().item<float>(), 2e-5F);
    const auto records = session->take_records();
    EXPECT_EQ(records.empty(), !group.is_first());
  });
}

TEST(SeveralTest, RecordsAreMeansOverAllProcesses) {
  const auto data = small_images(64);
  const auto recipe = recipe_of("gan", kTinyGan);
  in_several(2, [&](Group& group) {
    const auto session = session_in(group, *recipe, data);
    session->record("a", torch::tensor(1.0 + group.rank()));
    if (group.rank() == 1) session->record("b", torch::tensor(kNan));
    const auto records = session->take_records();
    if (!group.is_first()) return;
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].second, 1.5);
    EXPECT_EQ(records[1].first, "b");
    EXPECT_TRUE(std::isnan(records[1].second));
  });
}

TEST(SeveralTest, ABatchThatCannotBeDividedIsRefused) {
  const auto recipe = recipe_of("gan", kTinyGan);
  const auto error = message_of(ExitCode::usage, [&] {
    in_several(3, [&](Group& group) { session_in(group, *recipe, small_images(64)); });
  });
  EXPECT_THAT(error, HasSubstr("a batch of 16 cannot be divided equally among 3 processes"));
  EXPECT_THAT(error, HasSubstr("15 or 18"));
}

TEST(SeveralTest, ACallLetsAllMeetAfterTheNextStep) {
  const auto recipe = recipe_of("gan", kTinyGan);
  in_several(2, [&](Group& group) {
    const auto session = session_in(group, *recipe, small_images(64));
    session->run_step();
    EXPECT_FALSE(session->met());
    if (group.rank() == 1) session->call();
    session->run_step();
    EXPECT_TRUE(session->met());
    const Meeting own = group.rank() == 1 ? Meeting{.stop = true} : Meeting{.tick = true};
    const auto agreed = meet(group, own, session->step());
    EXPECT_TRUE(agreed.tick && agreed.stop && agreed.commands.empty());
    session->run_step();
    EXPECT_FALSE(session->met());
  });
}

// The checkpoint of a training in two processes, with chains of its own in each.
Snapshot trained(const Recipe& recipe, const Dataset& data, int steps, const Safetensors* from) {
  Snapshot snapshot;
  in_several(2, [&](Group& group) {
    Session session(recipe, data, kCpu, std::nullopt, group);
    if (from && group.is_first()) session.load(*from, "the checkpoint");
    session.spread();
    for (int step = 0; step < steps; ++step) session.run_step();
    auto made = session.save();
    if (group.is_first()) snapshot = std::move(made);
  });
  return snapshot;
}

TEST(SeveralTest, ResumingIsExactWithAsManyProcesses) {
  const auto data = small_images(64);
  const auto recipe = recipe_of("rbm", {"train.batch=16", "train.steps=100", "model.hidden=8",
                                        "model.chain=persistent", "model.particles=4"});
  const auto whole = trained(*recipe, data, 12, nullptr);
  const auto half = trained(*recipe, data, 5, nullptr);
  EXPECT_EQ(half.metadata.at("processes"), "2");
  EXPECT_EQ(half.arrays.count("process-1/random/generator"), 1U);
  const auto file =
      decode_safetensors(encode_safetensors(half.arrays, half.metadata), "the checkpoint", true);
  const auto rest = trained(*recipe, data, 7, &file);
  EXPECT_EQ(bytes_of(rest), bytes_of(whole));
  // One process can go on from it too, and a run of one process in several.
  Session alone(*recipe, data, kCpu);
  alone.load(file, "the checkpoint");
  alone.run_step();
  const auto of_one = alone.save();
  const auto other =
      decode_safetensors(encode_safetensors(of_one.arrays, of_one.metadata), "the checkpoint", true);
  EXPECT_EQ(trained(*recipe, data, 1, &other).metadata.at("step"), "7");
}

TEST(SeveralTest, OneRunFolderIsWrittenAndAStopSavesItFromAnyProcess) {
  const TestFolder folder;
  const auto recipe = recipe_of(
      "gan", with(kTinyGan, {"data.source=ring", "train.log_seconds=0.01", "train.checkpoint_every=1000",
                             "train.sample_every=1000", "train.samples=4"}));
  std::mutex lock;
  std::map<int, TrainingOutcome> outcomes;
  const auto run = [&](bool resume, int stopping) {
    in_several(2, [&](Group& group) {
      TrainingHooks hooks;
      int steps = 0;
      hooks.stop = [&] { return group.rank() == stopping && ++steps == 20; };
      const auto outcome = train(*recipe, folder.path() / "run", resume, hooks, group);
      const std::lock_guard guard(lock);
      outcomes[group.rank()] = outcome;
    });
  };
  run(false, 1);
  EXPECT_EQ(outcomes[0].step, outcomes[1].step);
  EXPECT_FALSE(outcomes[0].finished);
  EXPECT_GE(outcomes[0].step, 20);
  EXPECT_LE(outcomes[0].step, 22);
  run(true, -1);
  EXPECT_TRUE(outcomes[0].finished);
  EXPECT_TRUE(outcomes[1].finished);
  EXPECT_EQ(outcomes[1].step, 100);
}

}  // namespace
}  // namespace belamy
