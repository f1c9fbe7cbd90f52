// A run folder after the disk fails, or the process or the machine dies, at each single operation.
#include "store/run_folder.h"

#include <chrono>
#include <csignal>
#include <gmock/gmock.h>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "faulty_env.h"

namespace belamy {
namespace {

const std::string png("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0", 26);

/// An array of which every element is the step: a mixture of two checkpoints would show.
void save(RunFolder& run, std::int64_t step, int keep = 2) {
  const std::vector<std::int64_t> values(500, step);
  run.save_checkpoint(step, {{"a", {DType::i64, {500}, values.data(), 4000}}}, {}, keep);
}

class CrashTest : public testing::Test {
 protected:
  /// A run with the checkpoints of steps 1 and 2.
  void make_run() {
    fs::remove_all(path_);
    RunFolder run = RunFolder::create(env_, path_);
    run.write_settings("");
    save(run, 1);
    save(run, 2);
  }

  /// The step of the newest checkpoint; no damaged one may be there.
  static std::int64_t load(const RunFolder& run) {
    std::int64_t step = 0;
    const auto warn = [](const std::string& text) { ADD_FAILURE() << text; };
    const Safetensors file = run.load_newest(warn, &step);
    const auto* values = static_cast<const std::int64_t*>(file.arrays.at("a").data);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(values[i], step);
    return step;
  }

  int temporary_files() {
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) count += is_temporary(entry.path());
    return count;
  }

  TestFolder folder_;
  Env& env_ = Env::real();
  fs::path path_ = folder_ / "run";
};

TEST_F(CrashTest, AFailureAtAnyOperationOfSavingLeavesTheOldOrTheNewCheckpoint) {
  for (const Fault fault : {Fault::fail, Fault::full_disk}) {
    bool struck = true;
    for (int n = 1; struck; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      make_run();
      FaultyEnv env;
      RunFolder run = RunFolder::open(env, path_);
      env.arm(n, fault);
      bool saved = true;
      try {
        save(run, 3);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::storage);
        saved = false;
      }
      struck = env.struck();
      env.arm(0);
      const std::int64_t step = load(run);
      EXPECT_TRUE(step == 3 || (step == 2 && !saved)) << "step " << step;
      EXPECT_EQ(temporary_files(), 0);
      // The same process can continue once the disk works again.
      save(run, 4);
      EXPECT_EQ(load(run), 4);
    }
  }
}

TEST_F(CrashTest, ACrashAtAnyOperationOfSavingLeavesTheOldOrTheNewCheckpoint) {
  bool struck = true;
  int leftovers = 0;
  for (int n = 1; struck; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    make_run();
    FaultyEnv env;
    bool saved = true;
    {
      RunFolder run = RunFolder::open(env, path_);
      env.arm(n, Fault::crash);
      try {
        save(run, 3);
      } catch (const Error&) {
        saved = false;
      }
    }
    struck = env.struck();
    env.lose_unsynced();
    leftovers += temporary_files();
    RunFolder run = RunFolder::open(env_, path_);
    EXPECT_EQ(temporary_files(), 0);
    const std::int64_t step = load(run);
    EXPECT_TRUE(step == 3 || (step == 2 && !saved)) << "step " << step;
    save(run, 4);
    EXPECT_EQ(load(run), 4);
  }
  EXPECT_GT(leftovers, 0) << "no crash left a temporary file: the test does not test the cleaning";
}

/// What a training does with its folder, from where it stands up to step 4. Returns the warnings.
int train(Env& env, const fs::path& path) {
  RunFolder run = RunFolder::open(env, path);
  std::int64_t step = 0;
  int warnings = 0;
  run.load_newest([&](const std::string&) { ++warnings; }, &step);
  run.rewind(step);
  while (step < 4) {
    ++step;
    run.append_metrics(step, 0.5, {{"loss", static_cast<double>(step)}});
    run.write_sample(step, png);
    save(run, step);
  }
  return warnings;
}

TEST_F(CrashTest, ATrainingThatCrashedAtAnyOperationGoesOnAndLeavesWhatAnUndisturbedOneDoes) {
  bool struck = true;
  for (int n = 1; struck; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    make_run();
    FaultyEnv env(n, Fault::crash);
    try {
      train(env, path_);
    } catch (const Error&) {
      EXPECT_TRUE(env.struck());
    }
    struck = env.struck();
    EXPECT_EQ(train(env_, path_), 0);
    const RunFolder run = RunFolder::read(env_, path_);
    EXPECT_EQ(load(run), 4);
    EXPECT_EQ(env_.read(path_ / "metrics.jsonl"),
              "{\"step\":3,\"time\":0.5,\"loss\":3.0}\n{\"step\":4,\"time\":0.5,\"loss\":4.0}\n");
    EXPECT_EQ(run.samples().size(), 2u);
    EXPECT_EQ(temporary_files(), 0);
  }
}

TEST_F(CrashTest, AKilledProcessLeavesAWholeCheckpointAndNoLock) {
  std::mt19937 random(1);
  for (int i = 0; i < 10; ++i) {
    make_run();
    const pid_t child = ::fork();
    if (child == 0) {
      RunFolder run = RunFolder::open(env_, path_);
      for (std::int64_t step = 3;; ++step) save(run, step);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(5000 + random() % 20000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    RunFolder run = RunFolder::open(env_, path_);
    EXPECT_GE(load(run), 2);
    EXPECT_EQ(temporary_files(), 0);
  }
}

}  // namespace
}  // namespace belamy
