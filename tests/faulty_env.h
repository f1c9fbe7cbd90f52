// For tests of what happens when the disk fails: an Env that wraps the real one and fails where it is told
// to.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include "test_folder.h"

namespace belamy {

enum class Fault {
  fail,       ///< operation N fails with EIO, every other one works
  full_disk,  ///< from operation N on, every write of bytes gets half of them down and fails with ENOSPC
  crash,      ///< operation N fails (a write gets half of its bytes down), and so does every later one
};

/// Counts its operations from 1. The fault strikes at `operation`; 0 is never. Closing a file in its
/// destructor does not count.
class FaultyEnv : public Env {
 public:
  explicit FaultyEnv(int operation = 0, Fault fault = Fault::fail) : operation_(operation), fault_(fault) {}

  /// Starts counting anew.
  void arm(int operation, Fault fault = Fault::fail) {
    operation_ = operation;
    fault_ = fault;
    log_.clear();
  }

  /// The names of all operations so far, the failed ones too.
  const std::vector<std::string>& log() const { return log_; }
  bool struck() const { return operation_ != 0 && static_cast<int>(log_.size()) >= operation_; }

  /// What a loss of power may do after a crash: the bytes that were never synced are gone.
  void lose_unsynced() {
    for (const fs::path& path : unsynced_) {
      if (real_.exists(path)) real_.truncate(path, real_.size(path) / 2);
    }
    unsynced_.clear();
  }

  std::unique_ptr<WritableFile> open(const fs::path& path, Mode mode) override {
    step("open", path);
    return std::make_unique<File>(*this, path, real_.open(path, mode));
  }
  std::string read(const fs::path& path) override {
    step("read", path);
    return real_.read(path);
  }
  bool exists(const fs::path& path) override {
    step("exists", path);
    return real_.exists(path);
  }
  std::uint64_t size(const fs::path& path) override {
    step("size", path);
    return real_.size(path);
  }
  std::vector<fs::path> list(const fs::path& folder) override {
    step("list", folder);
    return real_.list(folder);
  }
  void create_folders(const fs::path& folder) override {
    step("create_folders", folder);
    real_.create_folders(folder);
  }
  void rename(const fs::path& from, const fs::path& to) override {
    step("rename", from);
    real_.rename(from, to);
    unsynced_.erase(to);
    if (unsynced_.erase(from) > 0) unsynced_.insert(to);
  }
  void remove(const fs::path& path) override {
    step("remove", path);
    real_.remove(path);
    unsynced_.erase(path);
  }
  void truncate(const fs::path& path, std::uint64_t size) override {
    step("truncate", path);
    real_.truncate(path, size);
  }
  void sync_folder(const fs::path& folder) override {
    step("sync_folder", folder);
    real_.sync_folder(folder);
  }
  std::unique_ptr<FileLock> try_lock(const fs::path& path) override {
    step("try_lock", path);
    return real_.try_lock(path);
  }

 private:
  class File : public WritableFile {
   public:
    File(FaultyEnv& env, fs::path path, std::unique_ptr<WritableFile> real)
        : env_(env), path_(std::move(path)), real_(std::move(real)) {}
    void append(std::string_view bytes) override {
      env_.unsynced_.insert(path_);
      env_.step("append", path_, [&] { real_->append(bytes.substr(0, bytes.size() / 2)); });
      real_->append(bytes);
    }
    void sync() override {
      env_.step("sync", path_);
      real_->sync();
      env_.unsynced_.erase(path_);
    }
    void close() override {
      env_.step("close", path_);
      real_->close();
    }

   private:
    FaultyEnv& env_;
    fs::path path_;
    std::unique_ptr<WritableFile> real_;
  };

  /// Counts one operation and throws when it is to fail. `write_half` belongs to writes.
  void step(const std::string& name, const fs::path& path,
            const std::function<void()>& write_half = nullptr) {
    log_.push_back(name);
    if (!struck()) return;
    const bool first = static_cast<int>(log_.size()) == operation_;
    if (fault_ == Fault::fail && first) throw file_error(name, path, EIO);
    if (fault_ == Fault::full_disk && write_half) {
      write_half();
      throw file_error("write", path, ENOSPC);
    }
    if (fault_ == Fault::crash) {
      if (first && write_half) write_half();
      throw file_error(name, path, EIO);
    }
  }

  Env& real_ = Env::real();
  int operation_;
  Fault fault_;
  std::vector<std::string> log_;
  std::set<fs::path> unsynced_;
};

}  // namespace belamy
