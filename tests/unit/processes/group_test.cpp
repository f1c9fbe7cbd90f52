// Groups: sums, copies, texts and failures.
#include <atomic>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "errors.h"
#include "several.h"
#include "small_data.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::Tensor;

TEST(GroupTest, OneProcessAloneChangesNothing) {
  auto& group = Group::single();
  const auto values = torch::tensor({1.0F, 2.0F});
  group.sum(values);
  group.broadcast(values);
  EXPECT_TRUE(torch::equal(values, torch::tensor({1.0F, 2.0F})));
  EXPECT_EQ(group.gather(values).size(), 1U);
  EXPECT_THAT(group.exchange("a"), ElementsAre("a"));
  EXPECT_TRUE(group.is_first());
}

TEST(GroupTest, SumsHaveTheSameBitsEverywhere) {
  const auto values = torch::rand({3, 10007});
  std::vector<Tensor> sums(3);
  in_several(3, [&](Group& group) {
    const auto place = static_cast<std::size_t>(group.rank());
    sums[place] = values[group.rank()].clone();
    group.sum(sums[place]);
  });
  EXPECT_TRUE(torch::allclose(sums[0], values.sum(0)));
  EXPECT_TRUE(same_bits(sums[0], sums[1]));
  EXPECT_TRUE(same_bits(sums[0], sums[2]));
}

TEST(GroupTest, CopiesOfTheFirstAndGatheredValues) {
  in_several(2, [&](Group& group) {
    // Also into memory that is not contiguous, and of whole numbers.
    const auto values = torch::full({2, 3}, group.rank(), torch::kLong).t();
    const auto all = group.gather(values);
    if (group.is_first()) {
      ASSERT_EQ(all.size(), 2U);
      EXPECT_EQ(all[1].sum().item<std::int64_t>(), 6);
    } else {
      EXPECT_TRUE(all.empty());
      values.fill_(5);
    }
    group.broadcast(values);
    EXPECT_EQ(values.sum().item<std::int64_t>(), 0);
    const auto truth = torch::full({3}, group.is_first(), torch::kBool);
    group.broadcast(truth);
    EXPECT_TRUE(truth.all().item<bool>());
  });
}

TEST(GroupTest, TextsComeByRank) {
  in_several(3, [](Group& group) {
    for (int round = 0; round < 5; ++round) {
      const auto all = group.exchange(std::to_string(10 * round + group.rank()));
      EXPECT_EQ(all[2], std::to_string(10 * round + 2));
      EXPECT_EQ(all[0], std::to_string(10 * round));
    }
  });
}

TEST(GroupTest, TheCoresAreDividedAmongProcessesOfOneMachine) {
  in_several(2, [](Group& group) {
    EXPECT_EQ(group.local_rank(), group.rank());
    EXPECT_GE(group.threads(), 1);
    EXPECT_LE(group.threads(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency() / 2)));
  });
}

TEST(GroupTest, AFailureReachesTheOthersWithItsReason) {
  const auto error = message_of(ExitCode::lost, [&] {
    in_several(2, [&](Group& group) {
      if (group.rank() == 1) throw data_error("its file is damaged");
      group.exchange("");
    });
  });
  EXPECT_THAT(error, HasSubstr("process 1 of 2 has failed: its file is damaged"));
}

TEST(GroupTest, AProcessThatFailsAtOnceDoesNotHideTheReasonsOfOthers) {
  std::atomic<int> own = 0;
  for (int round = 0; round < 20; ++round)
    message_of(ExitCode::usage, [&] {
      in_several(3, [&](Group&) {
        ++own;
        throw usage_error("it is wrong for all");
      });
    });
  EXPECT_EQ(own, 60);
}

TEST(GroupTest, MissingProcessesAreNamed) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::string> told;
  const auto error = message_of(ExitCode::lost, [&] {
    gloo_group(store, {.rank = 0,
                       .size = 4,
                       .timeout = std::chrono::milliseconds(2500),
                       .say = [&](const std::string& text) { told.push_back(text); }});
  });
  EXPECT_THAT(told, ElementsAre("waiting for processes 1, 2, 3 of 4"));
  EXPECT_THAT(error, HasSubstr("processes 1, 2, 3 of 4 did not answer within 2 s"));
}

}  // namespace
}  // namespace belamy
