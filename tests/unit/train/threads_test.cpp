// Choosing the number of threads, on machines of numbers.
#include "train/threads.h"

#include <functional>
#include <gmock/gmock.h>

#include "belamy/error.h"

namespace belamy {
namespace {

// Seconds of a step with so many threads at that time.
using Machine = std::function<double(int threads, double time)>;

struct Course {
  double steps = 0, seconds = 0;
  int last = 0;
  double rate() const { return steps / seconds; }
};

Course run(ThreadChooser& chooser, const Machine& machine, double seconds) {
  Course course;
  while (course.seconds < seconds) {
    course.last = chooser.threads();
    const auto took = machine(chooser.threads(), course.seconds);
    chooser.took(took);
    course.seconds += took;
    ++course.steps;
  }
  return course;
}

// The figures of two cores: quiet, two threads are 1.8 times as fast; beside a busy core 3.6 times as slow as that.
double quiet(int threads, double) {
  return threads == 2 ? 0.01 : 0.018;
}
double busy(int threads, double) {
  return threads == 2 ? 0.036 : 0.0185;
}

TEST(ThreadChooserTest, TakesWhatIsFasterAndLosesLittle) {
  ThreadChooser in_quiet(2), in_company(2);
  const auto a = run(in_quiet, quiet, 60), b = run(in_company, busy, 60);
  EXPECT_EQ(a.last, 2);
  EXPECT_EQ(b.last, 1);
  EXPECT_GT(a.rate(), 0.97 / quiet(2, 0));
  EXPECT_GT(b.rate(), 0.95 / busy(1, 0));
}

TEST(ThreadChooserTest, FollowsTheMachineBothWays) {
  const auto changing = [](int threads, double time) {
    return time > 20 && time < 60 ? busy(threads, time) : quiet(threads, time);
  };
  ThreadChooser chooser(2);
  const auto course = run(chooser, changing, 100);
  EXPECT_EQ(course.last, 2);
  const auto best = 60 / quiet(2, 0) + 40 / busy(1, 0);
  EXPECT_GT(course.steps, 0.9 * best);
}

TEST(ThreadChooserTest, StepsOfTwoLengthsAreNoChangeOfTheMachine) {
  int step = 0, changes = 0, before = 2;
  ThreadChooser chooser(2);
  const auto uneven = [&](int threads, double) {
    if (threads != before) ++changes;
    before = threads;
    return quiet(threads, 0) * (++step % 5 == 0 ? 3 : 1);  // every fifth updates the generator too
  };
  EXPECT_GT(run(chooser, uneven, 60).rate(), 0.95 / (quiet(2, 0) * 1.4));
  EXPECT_LT(changes, 40);
}

TEST(ThreadChooserTest, ATrialOfLongStepsIsShort) {
  const auto slow = [](int threads, double) { return threads == 2 ? 0.55 : 1.0; };
  ThreadChooser chooser(2);
  EXPECT_EQ(run(chooser, slow, 12).last, 2);  // six steps with each number take 9.3 s
}

TEST(ThreadChooserTest, OneCoreLeavesNothingToChoose) {
  ThreadChooser chooser(1);
  EXPECT_EQ(run(chooser, quiet, 1).last, 1);
}

TEST(ThreadChooserTest, ManyCoresAreTriedInHalvesToo) {
  ThreadChooser chooser(8);
  const auto shared = [](int threads, double) { return threads == 4 ? 0.01 : 0.02; };
  EXPECT_EQ(run(chooser, shared, 5).last, 4);
}

TEST(ThreadPlanTest, SaysWhichStepHadWhichNumber) {
  ThreadPlan plan;
  for (int step = 0; step < 10; ++step) plan.note(step, step < 4 ? 2 : 1);
  EXPECT_EQ(plan.text(), "step,threads\n0,2\n4,1\n");
  const auto again = ThreadPlan::parse(plan.text(), "a test");
  EXPECT_EQ(again.at(3), 2);
  EXPECT_EQ(again.at(4), 1);
  EXPECT_EQ(again.at(400), 1);
  plan.rewind(4);
  EXPECT_EQ(plan.at(4), 2);
  EXPECT_EQ(ThreadPlan().at(0), 0);
}

TEST(ThreadPlanTest, LinesMayEndAsOnWindows) {
  const auto plan = ThreadPlan::parse("step,threads\r\n0,2\r\n\r\n4,1\r\n", "a test");
  EXPECT_EQ(plan.text(), "step,threads\n0,2\n4,1\n");
}

TEST(ThreadPlanTest, BadLinesAreNamed) {
  for (const auto* text :
       {"step,threads\n0,x\n", "0,2\n0,1\n", "1\n", "0,0\n", "-1,2\n", "0,2,3\n", "0,2x\n"}) {
    try {
      ThreadPlan::parse(text, "plan.csv");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("plan.csv, line"));
    }
  }
}

}  // namespace
}  // namespace belamy
