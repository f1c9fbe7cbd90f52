#include "store/run_folder.h"

#include <cmath>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"
#include "faulty_env.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string png("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0", 26);

class RunFolderTest : public testing::Test {
 protected:
  RunFolder make_run() {
    RunFolder run = RunFolder::create(env_, path_);
    run.write_settings("model = \"vae\"\n");
    return run;
  }

  /// One array whose value is the step.
  static void save(RunFolder& run, std::int64_t step, int keep = 3) {
    const double value = static_cast<double>(step);
    run.save_checkpoint(step, {{"a", {DType::f64, {1}, &value, sizeof value}}}, {{"model", "vae"}}, keep);
  }

  static std::vector<std::int64_t> steps_of(const RunFolder& run) {
    std::vector<std::int64_t> steps;
    for (const CheckpointFile& file : run.checkpoints()) steps.push_back(file.step);
    return steps;
  }

  std::int64_t load(const RunFolder& run) {
    std::int64_t step = -1;
    warnings_.clear();
    const Safetensors file =
        run.load_newest([&](const std::string& text) { warnings_.push_back(text); }, &step);
    EXPECT_EQ(*static_cast<const double*>(file.arrays.at("a").data), static_cast<double>(step));
    EXPECT_EQ(file.metadata.at("model"), "vae");
    return step;
  }

  void overwrite(const fs::path& path, const std::string& bytes) {
    env_.open(path, Env::Mode::truncate)->append(bytes);
  }

  std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const fs::path& path : env_.list(folder)) names.push_back(path.filename().string());
    return names;
  }

  TestFolder folder_;
  Env& env_ = Env::real();
  fs::path path_ = folder_ / "runs" / "one";
  std::vector<std::string> warnings_;
};

std::string error_of(const std::function<void()>& action) {
  return message_of(ExitCode::storage, action);
}

TEST_F(RunFolderTest, SettingsComeBack) {
  make_run();
  EXPECT_EQ(RunFolder::open(env_, path_).read_settings(), "model = \"vae\"\n");
  EXPECT_EQ(RunFolder::read(env_, path_).read_settings(), "model = \"vae\"\n");
}

TEST_F(RunFolderTest, AFolderThatHoldsARunIsRefused) {
  make_run();
  EXPECT_EQ(error_of([&] { RunFolder::create(env_, path_); }),
            "'" + path_.string() +
                "' already holds a run\n  resume it with --resume, or choose another folder with --out");
}

TEST_F(RunFolderTest, AFolderWithOtherFilesIsRefusedAndLeftAlone) {
  env_.create_folders(path_);
  overwrite(path_ / "thesis.txt", "mine");
  EXPECT_THAT(error_of([&] { RunFolder::create(env_, path_); }),
              HasSubstr("is not empty: it holds 'thesis.txt'"));
  EXPECT_THAT(names_in(path_), ElementsAre("thesis.txt"));
}

TEST_F(RunFolderTest, WhatARunLeavesThatDiedAtItsStartIsTakenOver) {
  { RunFolder::create(env_, path_); }
  overwrite(path_ / (".resolved.toml." + std::to_string(::getpid()) + "-0.tmp"), "half");
  make_run();
  EXPECT_THAT(names_in(path_), ElementsAre(".lock", "resolved.toml"));
}

TEST_F(RunFolderTest, OneProcessAtATime) {
  const RunFolder run = make_run();
  EXPECT_THAT(error_of([&] { RunFolder::open(env_, path_); }), HasSubstr("is in use by another process"));
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string message = error_of([&] { RunFolder::open(env_, path_); });
    ::_exit(message.find("is in use by another process") == std::string::npos);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(RunFolder::read(env_, path_).read_settings(), "model = \"vae\"\n") << "reading needs no lock";
}

TEST_F(RunFolderTest, AFolderBeingCreatedByAnotherProcessIsInUse) {
  const RunFolder run = RunFolder::create(env_, path_);
  EXPECT_THAT(error_of([&] { RunFolder::create(env_, path_); }), HasSubstr("is in use by another process"));
}

TEST_F(RunFolderTest, FoldersThatCannotBeMadeSayWhy) {
  overwrite(folder_ / "file", "");
  EXPECT_THAT(error_of([&] { RunFolder::create(env_, folder_ / "file" / "run"); }),
              HasSubstr("Not a directory"));
  EXPECT_THAT(error_of([&] { RunFolder::create(env_, folder_ / "file"); }), HasSubstr("Not a directory"));
  EXPECT_THAT(error_of([&] { RunFolder::create(env_, "/proc/belamy"); }),
              HasSubstr("cannot create the folder"));
  if (::geteuid() == 0) return;  // nothing is forbidden to root
  env_.create_folders(path_);
  fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(error_of([&] { RunFolder::create(env_, path_); }), HasSubstr("Permission denied"));
}

TEST_F(RunFolderTest, WhatIsNoRunIsSaidSo) {
  const auto expect = [&](const fs::path& path, const std::string& text) {
    EXPECT_THAT(error_of([&] { RunFolder::open(env_, path); }), HasSubstr(text));
    EXPECT_THAT(error_of([&] { RunFolder::read(env_, path); }), HasSubstr(text));
  };
  expect(folder_.path(), "is not a run");
  expect(folder_ / "missing", fmt::format("there is no run '{}'", (folder_ / "missing").string()));
  EXPECT_THAT(names_in(folder_.path()), IsEmpty());
  RunFolder::create(env_, folder_ / "circles").write_settings("");
  expect(folder_ / "cirlces", fmt::format("did you mean '{}'", (folder_ / "circles").string()));
}

TEST_F(RunFolderTest, OpeningRemovesWhatDeadProcessesLeft) {
  {
    RunFolder run = make_run();
    save(run, 1);
    run.write_sample(1, png);
  }
  const std::string ending = "." + std::to_string(::getpid()) + "-0.tmp";
  overwrite(path_ / (".report.html" + ending), "half");
  overwrite(path_ / "checkpoints" / (".step-00000002.safetensors" + ending), "half");
  overwrite(path_ / "samples" / (".step-00000002.png" + ending), "half");
  RunFolder::open(env_, path_);
  EXPECT_THAT(names_in(path_),
              ElementsAre(".lock", "checkpoints", StartsWith("events."), "resolved.toml", "samples"));
  EXPECT_THAT(names_in(path_ / "checkpoints"), ElementsAre("step-00000001.safetensors"));
  EXPECT_THAT(names_in(path_ / "samples"), ElementsAre("step-00000001.png"));
}

TEST_F(RunFolderTest, CheckpointsArePrunedToTheNewest) {
  RunFolder run = make_run();
  EXPECT_THAT(steps_of(run), IsEmpty());
  for (const std::int64_t step : {5, 10, 99999999, 100000000}) save(run, step, 2);
  EXPECT_THAT(steps_of(run), ElementsAre(99999999, 100000000));
  EXPECT_THAT(run.checkpoints()[0].path.string(), EndsWith("checkpoints/step-99999999.safetensors"));
  EXPECT_EQ(load(run), 100000000);
  save(run, 7, 0);  // never the one just written
  EXPECT_EQ(steps_of(run)[0], 7);
}

TEST_F(RunFolderTest, OtherFilesAmongTheCheckpointsDoNotMatter) {
  RunFolder run = make_run();
  save(run, 5);
  for (const char* name : {"step-6.safetensors", "step-00000007.safetensors.bak", "step-0000000x.safetensors",
                           "step-99999999999999999999.safetensors", "step-000000008.safetensors", "notes"}) {
    overwrite(path_ / "checkpoints" / name, "?");
  }
  EXPECT_THAT(steps_of(run), ElementsAre(5));
}

TEST_F(RunFolderTest, ADamagedNewestCheckpointIsReportedAndTheOneBeforeItUsed) {
  RunFolder run = make_run();
  for (const std::int64_t step : {1, 2, 3}) save(run, step);
  const std::vector<CheckpointFile> files = run.checkpoints();
  env_.truncate(files[2].path, env_.size(files[2].path) - 1);
  EXPECT_EQ(load(run), 2);
  EXPECT_THAT(warnings_, ElementsAre("checkpoint skipped: '" + files[2].path.string() +
                                     "' is damaged: its SHA-256 does not match its content"));
  std::string bytes = env_.read(files[1].path);
  bytes.back() ^= 1;
  overwrite(files[1].path, bytes);
  EXPECT_EQ(load(run), 1);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("step-00000003"), HasSubstr("step-00000002")));
}

TEST_F(RunFolderTest, ARenamedCheckpointIsNotTaken) {
  RunFolder run = make_run();
  save(run, 1);
  env_.rename(run.checkpoints()[0].path, path_ / "checkpoints" / "step-00000009.safetensors");
  EXPECT_THAT(error_of([&] { load(run); }), HasSubstr("is not the checkpoint of the step in its name"));
}

TEST_F(RunFolderTest, TheCheckpointOfAStepIsThatOneOrAnError) {
  RunFolder run = make_run();
  EXPECT_THAT(message_of(ExitCode::usage, [&] { run.load_step(1); }), HasSubstr("no checkpoint of step 1"));
  for (const std::int64_t step : {1, 2, 3}) save(run, step);
  EXPECT_EQ(*static_cast<const double*>(run.load_step(2).arrays.at("a").data), 2);
  EXPECT_THAT(message_of(ExitCode::usage, [&] { run.load_step(4); }),
              HasSubstr("it keeps those of steps 1, 2, 3;"));
  overwrite(run.checkpoints()[1].path, "rubbish");
  EXPECT_THAT(error_of([&] { run.load_step(2); }), HasSubstr("is damaged"));
}

TEST_F(RunFolderTest, WithoutAGoodCheckpointEveryFaultIsListed) {
  RunFolder run = make_run();
  EXPECT_THAT(error_of([&] { load(run); }), HasSubstr("has no checkpoint"));
  save(run, 1);
  save(run, 2);
  overwrite(run.checkpoints()[0].path, "");
  overwrite(run.checkpoints()[1].path, "rubbish");
  EXPECT_THAT(error_of([&] { load(run); }),
              testing::AllOf(HasSubstr("has no checkpoint that can be used:\n"),
                             HasSubstr("step-00000001.safetensors' is damaged: it has only 0 bytes\n"),
                             HasSubstr("step-00000002.safetensors' is damaged: it has only 7 bytes\n")));
  EXPECT_THAT(warnings_, SizeIs(2));
}

TEST_F(RunFolderTest, AFullDiskWhileSavingSaysWhatAndKeepsTheRest) {
  { make_run(); }
  FaultyEnv env;
  RunFolder run = RunFolder::open(env, path_);
  save(run, 1);
  env.arm(1, Fault::full_disk);
  const std::string message = error_of([&] { save(run, 2); });
  EXPECT_THAT(
      message,
      StartsWith("the checkpoint of step 2 could not be saved; the older ones are untouched: cannot write"));
  EXPECT_THAT(message, HasSubstr("step-00000002.safetensors"));
  EXPECT_THAT(message, HasSubstr("No space left on device\n  free some space"));
  EXPECT_THAT(names_in(path_ / "checkpoints"), ElementsAre("step-00000001.safetensors"));
  EXPECT_EQ(load(run), 1);
}

TEST_F(RunFolderTest, MetricsAreOneLineARow) {
  RunFolder run = make_run();
  EXPECT_THAT(run.read_metrics(), IsEmpty());
  run.append_metrics(10, 1.5, {{"loss", 0.1}, {"accuracy", NAN}});
  run.append_metrics(20, 3, {{"loss", 1e-300}});
  EXPECT_EQ(env_.read(path_ / "metrics.jsonl"),
            "{\"step\":10,\"time\":1.5,\"loss\":0.1,\"accuracy\":null}\n{\"step\":20,\"time\":3.0,\"loss\":"
            "1e-300}\n");
  const auto rows = RunFolder::read(env_, path_).read_metrics();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].step, 10);
  EXPECT_EQ(rows[0].seconds, 1.5);
  ASSERT_THAT(rows[0].values, SizeIs(2));
  EXPECT_EQ(rows[0].values[0], std::make_pair(std::string("loss"), 0.1));
  EXPECT_EQ(rows[0].values[1].first, "accuracy");
  EXPECT_TRUE(std::isnan(rows[0].values[1].second));
  EXPECT_EQ(rows[1].values[0].second, 1e-300);
}

TEST_F(RunFolderTest, ATornLastLineIsPassedOverAndNotGoneOnWith) {
  {
    RunFolder run = make_run();
    run.append_metrics(1, 1, {});
  }
  env_.open(path_ / "metrics.jsonl", Env::Mode::append)->append("{\"step\":2,\"ti");
  EXPECT_THAT(RunFolder::read(env_, path_).read_metrics(), SizeIs(1));
  RunFolder run = RunFolder::open(env_, path_);
  run.append_metrics(2, 2, {});
  EXPECT_EQ(env_.read(path_ / "metrics.jsonl"), "{\"step\":1,\"time\":1.0}\n{\"step\":2,\"time\":2.0}\n");
}

TEST_F(RunFolderTest, LinesThatAreNoRowsArePassedOver) {
  RunFolder run = make_run();
  overwrite(path_ / "metrics.jsonl",
            std::string("\0\0\n[]\n{\"step\":1}\n{\"time\":1}\n{\"step\":\"x\"}\n{\"step\":2.5}\n\n", 55));
  EXPECT_THAT(run.read_metrics(), SizeIs(1));
}

TEST_F(RunFolderTest, AFailedRowIsMendedByTheNext) {
  { make_run(); }
  FaultyEnv env;
  RunFolder run = RunFolder::open(env, path_);
  run.append_metrics(1, 1, {});
  env.arm(1, Fault::full_disk);
  EXPECT_THROW(run.append_metrics(2, 2, {}), Error);
  env.arm(0);
  run.append_metrics(3, 3, {});
  EXPECT_EQ(env_.read(path_ / "metrics.jsonl"), "{\"step\":1,\"time\":1.0}\n{\"step\":3,\"time\":3.0}\n");
}

TEST_F(RunFolderTest, RewindDropsWhatIsLater) {
  {
    RunFolder run = make_run();
    for (const std::int64_t step : {1, 2, 3}) {
      run.append_metrics(step, 0, {{"loss", 1}});
      run.write_sample(step, png);
      save(run, step);
    }
  }
  env_.open(path_ / "metrics.jsonl", Env::Mode::append)->append("{\"step\":");
  RunFolder run = RunFolder::open(env_, path_);
  overwrite(run.checkpoints()[2].path, "rubbish");
  ASSERT_EQ(load(run), 2);
  run.rewind(2);
  EXPECT_EQ(env_.read(path_ / "metrics.jsonl"),
            "{\"step\":1,\"time\":0.0,\"loss\":1.0}\n{\"step\":2,\"time\":0.0,\"loss\":1.0}\n");
  EXPECT_THAT(names_in(path_ / "samples"), ElementsAre("step-00000001.png", "step-00000002.png"));
  // The damaged checkpoint no longer counts, so it cannot push out a good one.
  EXPECT_THAT(steps_of(run), ElementsAre(1, 2));
  EXPECT_TRUE(env_.exists(path_ / "checkpoints" / "step-00000003.safetensors.damaged"));
  run.append_metrics(3, 0, {});
  EXPECT_THAT(run.read_metrics(), SizeIs(3));
  EXPECT_EQ(run.read_metrics()[2].step, 3);
  // A second event file, which tells TensorBoard to drop step 3 and later: step = 3, session_log.status
  // = START.
  const auto names = names_in(path_);
  ASSERT_EQ(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.starts_with("events."); }),
      2);
  const auto last = std::find_if(names.rbegin(), names.rend(),
                                 [](const auto& name) { return name.starts_with("events."); });
  EXPECT_THAT(env_.read(path_ / *last), HasSubstr("\x10\x03\x3a\x02\x08\x01"));
}

TEST_F(RunFolderTest, SamplesComeBackInOrder) {
  RunFolder run = make_run();
  run.write_sample(20, png);
  run.write_sample(3, png);
  const auto samples = RunFolder::read(env_, path_).samples();
  ASSERT_THAT(samples, SizeIs(2));
  EXPECT_EQ(samples[0], std::make_pair(std::int64_t{3}, path_ / "samples" / "step-00000003.png"));
  EXPECT_EQ(samples[1].first, 20);
  EXPECT_EQ(env_.read(samples[1].second), png);
}

TEST_F(RunFolderTest, WriteFileMakesTheFoldersInBetween) {
  RunFolder run = make_run();
  run.write_file("a/b/c.txt", "text");
  EXPECT_EQ(env_.read(path_ / "a" / "b" / "c.txt"), "text");
}

TEST_F(RunFolderTest, MovingKeepsTheLock) {
  RunFolder run = make_run();
  const RunFolder moved = std::move(run);
  EXPECT_THAT(error_of([&] { RunFolder::open(env_, path_); }), HasSubstr("is in use by another process"));
}

}  // namespace
}  // namespace belamy
