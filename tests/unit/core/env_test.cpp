#include "core/env.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sha256.h"
#include "errors.h"
#include "faulty_env.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EnvTest : public testing::Test {
 protected:
  TestFolder folder_;
  Env& env_ = Env::real();
};

std::string error_of(const std::function<void()>& action) {
  return message_of(ExitCode::storage, action);
}

TEST_F(EnvTest, WritesAppendsAndReads) {
  const fs::path path = folder_ / "a";
  const std::string bytes = std::string("zero \0 inside", 13);
  auto file = env_.open(path, Env::Mode::truncate);
  file->append(bytes);
  file->sync();
  file->close();
  EXPECT_EQ(env_.read(path), bytes);
  env_.open(path, Env::Mode::append)->append("more");
  EXPECT_EQ(env_.read(path), bytes + "more");
  EXPECT_EQ(env_.size(path), 17u);
  env_.truncate(path, 4);
  EXPECT_EQ(env_.read(path), "zero");
  env_.open(path, Env::Mode::truncate)->append("new");
  EXPECT_EQ(env_.read(path), "new");
}

TEST_F(EnvTest, ReadsWhatHasNoSize) {
  EXPECT_THAT(env_.read("/proc/self/status"), HasSubstr("Pid:"));
}

TEST_F(EnvTest, FoldersAreMadeListedAndRemoved) {
  env_.create_folders(folder_ / "x" / "y");
  env_.create_folders(folder_ / "x" / "y");
  env_.open(folder_ / "x" / "b", Env::Mode::truncate);
  env_.open(folder_ / "x" / "a", Env::Mode::truncate);
  EXPECT_THAT(env_.list(folder_ / "x"),
              ElementsAre(folder_ / "x" / "a", folder_ / "x" / "b", folder_ / "x" / "y"));
  env_.sync_folder(folder_ / "x");
  env_.rename(folder_ / "x" / "a", folder_ / "x" / "c");
  EXPECT_FALSE(env_.exists(folder_ / "x" / "a"));
  EXPECT_TRUE(env_.exists(folder_ / "x" / "c"));
  env_.remove(folder_ / "x" / "y");
  env_.remove(folder_ / "x" / "never was");
  EXPECT_THAT(env_.list(folder_ / "x"), ElementsAre(folder_ / "x" / "b", folder_ / "x" / "c"));
}

TEST_F(EnvTest, ErrorsNameThePathAndTheReason) {
  const std::string missing = (folder_ / "missing").string();
  EXPECT_EQ(error_of([&] { env_.read(missing); }),
            "cannot read '" + missing + "': No such file or directory\n  check the spelling of the path");
  EXPECT_THAT(error_of([&] { env_.open(missing + "/a", Env::Mode::truncate); }), HasSubstr(missing + "/a"));
  EXPECT_THAT(error_of([&] { env_.size(missing); }), HasSubstr(missing));
  EXPECT_THAT(error_of([&] { env_.list(missing); }), HasSubstr(missing));
  EXPECT_THAT(error_of([&] { env_.rename(missing, folder_ / "b"); }), HasSubstr("cannot write"));
  EXPECT_THAT(error_of([&] { env_.truncate(missing, 1); }), HasSubstr(missing));
  EXPECT_THAT(error_of([&] { env_.sync_folder(missing); }), HasSubstr(missing));
  EXPECT_THAT(error_of([&] { env_.read(folder_.path()); }), HasSubstr("Is a directory"));
  env_.open(folder_ / "file", Env::Mode::truncate);
  EXPECT_THAT(error_of([&] { env_.create_folders(folder_ / "file" / "sub"); }), HasSubstr("Not a directory"));
  EXPECT_THAT(error_of([&] { env_.remove(folder_.path()); }), HasSubstr("not empty"));
}

TEST_F(EnvTest, AFullDiskIsSaidWithWhatToDo) {
  if (!env_.exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  const std::string message = error_of([&] { env_.open("/dev/full", Env::Mode::append)->append("x"); });
  EXPECT_THAT(message, HasSubstr("'/dev/full': No space left on device\n  free some space"));
}

TEST_F(EnvTest, ALockKeepsOutASecondOneUntilItGoes) {
  auto lock = env_.try_lock(folder_ / ".lock");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(env_.try_lock(folder_ / ".lock"));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(env_.try_lock(folder_ / ".lock") ? 1 : 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "another process took the lock as well";
  lock.reset();
  EXPECT_TRUE(env_.try_lock(folder_ / ".lock"));
}

TEST_F(EnvTest, WriteAtomicallyReplacesAndLeavesNothingElse) {
  write_atomically(env_, folder_ / "a", "old");
  write_atomically(env_, folder_ / "a", "new");
  EXPECT_EQ(env_.read(folder_ / "a"), "new");
  EXPECT_THAT(env_.list(folder_.path()), ElementsAre(folder_ / "a"));
}

TEST_F(EnvTest, WriteAtomicallyTakesTheLongestNameThereIs) {
  const std::string longest(255, 'n');
  write_atomically(env_, folder_ / longest, "bytes");
  EXPECT_EQ(env_.read(folder_ / longest), "bytes");
  const std::string too_long(256, 'n');
  EXPECT_THAT(error_of([&] { write_atomically(env_, folder_ / too_long, "bytes"); }),
              HasSubstr(too_long + "': File name too long"));
  EXPECT_THAT(env_.list(folder_.path()), ElementsAre(folder_ / longest));
}

TEST_F(EnvTest, TemporaryFilesOfTwoTargetsDiffer) {
  std::set<std::string> names;
  for (const char* target : {"a", "b"}) {
    replace_atomically(env_, folder_ / target, [&](const fs::path& temporary) {
      EXPECT_EQ(temporary.parent_path(), folder_.path());
      EXPECT_TRUE(is_temporary(temporary));
      // Up to the process and its counter, which two containers may share.
      names.insert(temporary.stem().stem().string());
      env_.open(temporary, Env::Mode::truncate);
    });
  }
  EXPECT_EQ(names.size(), 2u);
}

TEST_F(EnvTest, WriteAtomicallyNamesTheTargetInItsErrors) {
  const fs::path target = folder_ / "missing" / "a.png";
  EXPECT_THAT(error_of([&] { write_atomically(env_, target, "bytes"); }),
              testing::StartsWith("cannot write '" + target.string() + "': No such file or directory"));
}

TEST_F(EnvTest, WriteAtomicallySyncsTheFileBeforeAndTheFolderAfterTheRename) {
  FaultyEnv env;
  write_atomically(env, folder_ / "a", "bytes");
  EXPECT_THAT(env.log(), ElementsAre("open", "append", "sync", "close", "rename", "sync_folder"));
}

TEST_F(EnvTest, WriteAtomicallyLeavesOldOrNewAtEveryFailure) {
  for (const Fault fault : {Fault::fail, Fault::full_disk}) {
    for (int n = 1; n <= 6; ++n) {
      write_atomically(env_, folder_ / "a", "old");
      FaultyEnv env(n, fault);
      try {
        write_atomically(env, folder_ / "a", "the new bytes");
        EXPECT_TRUE(fault == Fault::full_disk && n > 2) << "operation " << n;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::storage);
      }
      EXPECT_THAT(env_.read(folder_ / "a"), testing::AnyOf("old", "the new bytes"));
      EXPECT_THAT(env_.list(folder_.path()), ElementsAre(folder_ / "a")) << "operation " << n;
    }
  }
}

TEST_F(EnvTest, LeftoversOfDeadProcessesGoAndOthersStay) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const auto touch = [&](const std::string& name) { env_.open(folder_ / name, Env::Mode::truncate); };
  touch(".a." + std::to_string(child) + "-0.tmp");
  touch(".a." + std::to_string(::getpid()) + "-3.tmp");
  touch(".a.1-0.tmp");  // process 1 always lives
  touch("mine.tmp");
  touch(".a.x-0.tmp");
  touch(".5-0.tmp");
  remove_leftovers(env_, folder_.path());
  EXPECT_THAT(env_.list(folder_.path()), ElementsAre(folder_ / ".5-0.tmp", folder_ / ".a.1-0.tmp",
                                                     folder_ / ".a.x-0.tmp", folder_ / "mine.tmp"));
}

TEST_F(EnvTest, WhatACrashLeavesIsALeftover) {
  FaultyEnv env(3, Fault::crash);
  EXPECT_THROW(write_atomically(env, folder_ / "a", "bytes"), Error);
  ASSERT_EQ(env_.list(folder_.path()).size(), 1u);
  EXPECT_TRUE(is_temporary(env_.list(folder_.path())[0]));
  remove_leftovers(env_, folder_.path());
  EXPECT_TRUE(env_.list(folder_.path()).empty());
}

TEST(Sha256Test, KnownDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.update("a");
  pieces.update("");
  pieces.update("bc");
  EXPECT_EQ(pieces.hex(), sha256_hex("abc"));
}

TEST(Sha256Test, OfAFileOrAnErrorThatNamesIt) {
  const TestFolder folder;
  std::string bytes((3 << 20) + 5, 'x');  // more than is read at once
  bytes.back() = 'y';
  write_atomically(Env::real(), folder / "file", bytes);
  EXPECT_EQ(sha256_of_file(folder / "file"), sha256_hex(bytes));
  for (const auto& path : {folder / "none", folder.path()}) {
    try {
      sha256_of_file(path);
      ADD_FAILURE() << path << " has no digest";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::storage);
      EXPECT_THAT(error.what(), testing::HasSubstr("cannot read '" + path.string() + "'"));
    }
  }
}

}  // namespace
}  // namespace belamy
