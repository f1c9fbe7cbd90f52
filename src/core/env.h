// All file operations of the store go through Env, so that a test can make any one of them fail.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "belamy/error.h"

namespace belamy {

namespace fs = std::filesystem;

/// A file being written. Not thread-safe. Every operation throws a storage error that names the path and the
/// system's reason. The destructor closes without a sync and never throws.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual void append(std::string_view bytes) = 0;
  virtual void sync() = 0;   ///< fsync
  virtual void close() = 0;  ///< reports errors that closing finds
};

/// An advisory lock on a file, held until destruction; dies with the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The storage error for a failed operation: "cannot ACTION 'path': the system's reason for `code` (an
/// errno)", with a hint that fits the reason.
Error file_error(const std::string& action, const fs::path& path, int code);

/// The file system. The real one is Env::real(); tests wrap it (see tests/faulty_env.h). Every operation
/// throws file_error when it fails.
class Env {
 public:
  enum class Mode { truncate, append };

  virtual ~Env() = default;
  virtual std::unique_ptr<WritableFile> open(const fs::path& path,
                                             Mode mode) = 0;  ///< creates a missing file
  virtual std::string read(const fs::path& path) = 0;
  /// The bytes from `offset` on.
  virtual std::string read_from(const fs::path& path, std::uint64_t offset) {
    auto bytes = read(path);
    return bytes.erase(0, std::min<std::uint64_t>(offset, bytes.size()));
  }
  virtual bool exists(const fs::path& path) = 0;
  virtual std::uint64_t size(const fs::path& path) = 0;
  virtual std::vector<fs::path> list(const fs::path& folder) = 0;  ///< full paths, sorted by name
  virtual void create_folders(const fs::path& folder) = 0;         ///< and its parents; it may exist
  virtual void rename(const fs::path& from, const fs::path& to) = 0;
  virtual void remove(const fs::path& path) = 0;  ///< a file or an empty folder; it may be missing
  virtual void truncate(const fs::path& path, std::uint64_t size) = 0;
  virtual void sync_folder(const fs::path& folder) = 0;
  /// Creates the file if needed. Null if another process, or another lock of this one, holds it.
  virtual std::unique_ptr<FileLock> try_lock(const fs::path& path) = 0;

  static Env& real();
};

/// Lets `write` create and sync a temporary file beside `path`, renames it and syncs the folder. Readers
/// see the old bytes or the new ones, never a part. On failure the temporary file is removed and the error
/// is rethrown.
void replace_atomically(Env& env, const fs::path& path,
                        const std::function<void(const fs::path& temporary)>& write);
/// The same for bytes in memory.
void write_atomically(Env& env, const fs::path& path, std::string_view bytes);

/// Whether a process, this one included, holds the lock of this file. Takes no lock, so it disturbs nobody.
bool is_locked(const fs::path& path);

/// Whether `path` has the name of a temporary file of replace_atomically.
bool is_temporary(const fs::path& path);

/// Removes the temporary files in `folder` of processes that died in replace_atomically.
/// Files of other running processes stay.
void remove_leftovers(Env& env, const fs::path& folder);

}  // namespace belamy
