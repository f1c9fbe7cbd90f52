// Alarms of a training.
#include "train/alarms.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "metrics/diversity.h"
#include "metrics/modes.h"
#include "small_training.h"
#include "tensors/dataset_tensors.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Values = std::vector<std::pair<std::string, double>>;

// At which of the following ticks, from 1, something is said.
std::vector<int> said_at(TrainingAlarms& watch, const Values& values, int ticks) {
  std::vector<int> said;
  for (int i = 1; i <= ticks; ++i) {
    if (!watch.observe(values).empty()) said.push_back(i);
  }
  return said;
}

TEST(AlarmsTest, AHealthyRunIsSilent) {
  TrainingAlarms watch;
  EXPECT_THAT(said_at(watch, {{"belief/real", 0.7}, {"belief/fake", 0.3}, {"gradient/generator", 0.5}}, 50),
              IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(watch.observe_diversity(0.9, 0.5), IsEmpty());
}

TEST(AlarmsTest, AWinningDiscriminatorIsToldOnceAndAgainAfterItWasGone) {
  TrainingAlarms watch;
  const Values wins = {{"belief/real", 0.999}, {"belief/fake", 0.001}};
  EXPECT_THAT(said_at(watch, wins, 20), ElementsAre(TrainingAlarms::kPatience));
  EXPECT_THAT(said_at(watch, {{"belief/real", 0.8}, {"belief/fake", 0.2}}, 1), IsEmpty());
  EXPECT_THAT(said_at(watch, wins, 20), ElementsAre(TrainingAlarms::kPatience));
}

TEST(AlarmsTest, ShortTroubleIsNotTold) {
  TrainingAlarms watch;
  const Values wins = {{"belief/real", 0.999}, {"belief/fake", 0.001}};
  const Values even = {{"belief/real", 0.5}, {"belief/fake", 0.5}};
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(said_at(watch, wins, TrainingAlarms::kPatience - 1), IsEmpty());
    EXPECT_THAT(said_at(watch, even, 1), IsEmpty());
  }
}

TEST(AlarmsTest, AVanishedGradientNamesItsPlayer) {
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

TEST(AlarmsTest, CollapseOfAMixtureIsToldByItsModes) {
  TrainingAlarms watch;
  const TrainingAlarms::Modes two{2, 8, 0.934, 0.6}, all{8, 8, 0.93, 1};
  for (int i = 0; i < 5; ++i) EXPECT_THAT(watch.observe_modes(two, 0.2), IsEmpty());
  EXPECT_THAT(watch.observe_modes(two, 0.3), IsEmpty());
  EXPECT_THAT(
      watch.observe_modes(two, 0.4),
      ElementsAre("2 of 8 modes are covered, and 93 % of the samples are near a mode (mean distance between "
                  "samples 60 % of the data's): the generator has collapsed or is "
                  "about to"));
  EXPECT_THAT(watch.observe_modes(two, 0.5), IsEmpty());
  EXPECT_THAT(watch.observe_modes(all, 0.6), IsEmpty());
  EXPECT_THAT(watch.observe_modes(two, 0.7), IsEmpty());
  EXPECT_THAT(watch.observe_modes(two, 0.8), SizeIs(1));
}

TEST(AlarmsTest, FewNearSamplesAreNoCollapseButAreToldLate) {
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

TEST(AlarmsTest, CollapseOfAMixtureIsSeenInItsSamples) {
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

TEST(AlarmsTest, CollapseIsToldOnceAndNotAtTheBeginning) {
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
