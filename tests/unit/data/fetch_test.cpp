#include <csignal>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/env.h"
#include "core/sha256.h"
#include "data/dataset.h"
#include "data/downloads.h"
#include "errors.h"
#include "http/server.h"
#include "samples.h"
#include "variable.h"

namespace belamy {
namespace {

using samples::read;
using samples::write;
using testing::HasSubstr;

class Fetch : public testing::Test {
 protected:
  Fetch() {
    for (int i = 0; i < 300'000; ++i) body_ += static_cast<char>(i * 31 % 251);
    server_.put("a.gz", body_);
    server_.put("b.gz", "small");
    set_ = {"sample", server_.url(), {{"a.gz", sha256_hex(body_)}, {"b.gz", sha256_hex("small")}}};
  }

  void fetch() { fetch_files(set_, folder_.path(), progress_); }

  std::string error_of_fetch() {
    return message_of(ExitCode::data, [&] { fetch(); });
  }

  void expect_whole() {
    EXPECT_EQ(read(folder_ / "a.gz"), body_);
    EXPECT_EQ(read(folder_ / "b.gz"), "small");
    EXPECT_FALSE(fs::exists(folder_ / "a.gz.part"));
  }

  http::Server server_;
  TestFolder folder_;
  const Variable no_proxy_{"no_proxy", "127.0.0.1"};  // a proxy cannot reach this machine's loopback
  std::string body_;
  OfficialSet set_;
  std::function<void(const std::string&, std::uint64_t, std::uint64_t)> progress_;
};

TEST_F(Fetch, GetsAllFilesAndThenHasNothingToDo) {
  std::uint64_t last = 0, whole = 0;
  progress_ = [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
    if (file != "a.gz") return;
    EXPECT_GE(done, last);
    last = done;
    whole = total;
  };
  fetch();
  expect_whole();
  EXPECT_EQ(last, body_.size());
  EXPECT_EQ(whole, body_.size());
  EXPECT_EQ(server_.requests().size(), 2u);
  fetch();
  EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(Fetch, ReplacesADamagedFile) {
  write(folder_ / "a.gz", "damaged");
  fetch();
  expect_whole();
}

TEST_F(Fetch, ResumesABrokenTransfer) {
  server_.break_after(100'000);
  EXPECT_THAT(error_of_fetch(), HasSubstr("run the same command again; it continues where it stopped"));
  EXPECT_EQ(read(folder_ / "a.gz.part"), body_.substr(0, 100'000));
  EXPECT_FALSE(fs::exists(folder_ / "a.gz"));

  server_.break_after(std::string::npos);
  std::uint64_t first = 0, whole = 0;
  progress_ = [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
    if (file == "a.gz" && first == 0) first = done;
    if (file == "a.gz" && total > 0) whole = total;
  };
  fetch();
  expect_whole();
  EXPECT_EQ(server_.requests().at(1).range, "bytes=100000-");
  EXPECT_GE(first, 100'000u);
  EXPECT_EQ(whole, body_.size());
}

TEST_F(Fetch, StartsAgainWhereTheServerHasNoRanges) {
  server_.ranges(false);
  write(folder_ / "a.gz.part", body_.substr(0, 1000));
  fetch();
  expect_whole();
}

TEST_F(Fetch, TakesAPartThatHasAllBytes) {
  write(folder_ / "a.gz.part", body_);
  fetch();
  expect_whole();
}

TEST_F(Fetch, DeletesWhatHasAnotherDigest) {
  server_.put("a.gz", "another file");
  const std::string error = error_of_fetch();
  EXPECT_THAT(error, HasSubstr(server_.url() + "a.gz: SHA-256 is " + sha256_hex("another file")));
  EXPECT_THAT(error, HasSubstr("not " + sha256_hex(body_)));
  EXPECT_THAT(error, HasSubstr("deleted"));
  EXPECT_FALSE(fs::exists(folder_ / "a.gz.part"));
  EXPECT_FALSE(fs::exists(folder_ / "a.gz"));
  // A wrong partial file does no lasting harm.
  server_.put("a.gz", body_);
  write(folder_ / "a.gz.part", "not its first bytes");
  EXPECT_THAT(error_of_fetch(), HasSubstr("SHA-256"));
  fetch();
  expect_whole();
}

TEST_F(Fetch, SaysWhatTheServerAnswers) {
  set_.files[0].name = "missing.gz";
  const std::string error = error_of_fetch();
  EXPECT_THAT(error, HasSubstr(server_.url() + "missing.gz: the server answers with status 404"));
  EXPECT_THAT(error,
              HasSubstr("or put these files into " + folder_.path().string() + " by hand: missing.gz b.gz"));
  EXPECT_FALSE(fs::exists(folder_ / "missing.gz.part"));
}

TEST_F(Fetch, SaysWhyThereIsNoConnection) {
  server_.stop();
  const std::string error = error_of_fetch();
  EXPECT_THAT(error, HasSubstr(server_.url() + "a.gz: Failed to connect"));
  EXPECT_THAT(error, HasSubstr("by hand: a.gz b.gz"));
}

TEST_F(Fetch, LetsOneProcessIntoAFolder) {
  const auto lock = Env::real().try_lock(folder_ / ".fetching");
  EXPECT_THAT(error_of_fetch(), HasSubstr("another process is fetching"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(Fetch, PassesOnWhatTheProgressThrows) {
  progress_ = [](const std::string&, std::uint64_t, std::uint64_t) { throw std::runtime_error("stop"); };
  EXPECT_THROW(fetch(), std::runtime_error);
  progress_ = nullptr;
  fetch();
  expect_whole();
}

TEST_F(Fetch, FullDiskIsAStorageError) {
  // A limit on the size of files fails as a full disk does: in the middle of a write.
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{50'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  ExitCode code = ExitCode::ok;
  std::string what;
  try {
    fetch();
  } catch (const Error& error) {
    code = error.code();
    what = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(code, ExitCode::storage);
  EXPECT_THAT(what, HasSubstr((folder_ / "a.gz.part").string()));
  fetch();  // the partial file does no lasting harm
  expect_whole();
}

TEST_F(Fetch, KnownSetGoesIntoTheCacheAndTheBaseAddressCanBeReplaced) {
  const Variable cache("BELAMY_CACHE", folder_.path());
  std::string error;
  try {
    fetch_dataset("mnist", server_.url() + "mirror", nullptr);
  } catch (const Error& failure) {
    error = failure.what();
  }
  EXPECT_THAT(error, HasSubstr(server_.url() +
                               "mirror/train-images-idx3-ubyte.gz: the server answers with status 404"));
  EXPECT_THAT(error, HasSubstr((folder_ / "data/mnist").string()));
  try {
    fetch_dataset("mnits", "", nullptr);
  } catch (const Error& failure) {
    error = failure.what();
  }
  EXPECT_THAT(error, HasSubstr("did you mean 'mnist'?"));
}

}  // namespace
}  // namespace belamy
