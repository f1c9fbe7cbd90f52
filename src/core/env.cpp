#include "core/env.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace belamy {

Error file_error(const std::string& action, const fs::path& path, int code) {
  std::string hint;
  switch (code) {
    case ENOSPC:
    case EDQUOT: hint = "free some space on that disk, or choose a folder on another one"; break;
    case EACCES:
    case EPERM:
    case EROFS: hint = "check who owns it and its permissions, or choose another folder"; break;
    case ENOENT: hint = "check the spelling of the path"; break;
    case EIO: hint = "check the disk, which reports a fault, and save your data to another one"; break;
    default: break;
  }
  return storage_error(
      fmt::format("cannot {} '{}': {}", action, path.string(), std::generic_category().message(code)), hint);
}

namespace {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const char* action) {
    do {
      fd_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    } while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0) throw file_error(action, path, errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }

  /// False with errno set if closing fails. The descriptor is gone either way.
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0 || errno == EINTR;
  }

 private:
  int fd_ = -1;
};

class RealFile : public WritableFile {
 public:
  RealFile(const fs::path& path, Env::Mode mode)
      : path_(path),
        file_(path, O_WRONLY | O_CREAT | (mode == Env::Mode::append ? O_APPEND : O_TRUNC), "write") {}

  void append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw file_error("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() override {
    if (::fsync(file_.get()) != 0) throw file_error("write to the disk", path_, errno);
  }

  void close() override {
    if (!file_.close()) throw file_error("close", path_, errno);
  }

 private:
  fs::path path_;
  Descriptor file_;
};

class RealLock : public FileLock {
 public:
  explicit RealLock(const fs::path& path) : file_(path, O_RDWR | O_CREAT, "write") {}

  /// flock and not fcntl: it also keeps out a second lock of this very process.
  bool acquire(const fs::path& path) {
    int result;
    do {
      result = ::flock(file_.get(), LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EWOULDBLOCK) throw file_error("lock", path, errno);
    return result == 0;
  }

 private:
  Descriptor file_;
};

class RealEnv : public Env {
 public:
  std::unique_ptr<WritableFile> open(const fs::path& path, Mode mode) override {
    return std::make_unique<RealFile>(path, mode);
  }

  std::string read(const fs::path& path) override { return read_from(path, 0); }

  std::string read_from(const fs::path& path, std::uint64_t offset) override {
    const Descriptor file(path, O_RDONLY, "read");
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw file_error("read", path, errno);
    if (offset > 0 && ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
      throw file_error("read", path, errno);
    // The size is only a first guess: the file may grow meanwhile, and a device has no size.
    const auto left = static_cast<std::uint64_t>(status.st_size) -
                      std::min(offset, static_cast<std::uint64_t>(status.st_size));
    std::string bytes(S_ISREG(status.st_mode) ? static_cast<std::size_t>(left) + 1 : 65536, '\0');
    std::size_t filled = 0;
    while (true) {
      if (filled == bytes.size()) bytes.resize(2 * bytes.size());
      const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw file_error("read", path, errno);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  bool exists(const fs::path& path) override {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::none) throw file_error("look at", path, error.value());
    return fs::exists(status);
  }

  std::uint64_t size(const fs::path& path) override {
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (error) throw file_error("read", path, error.value());
    return size;
  }

  std::vector<fs::path> list(const fs::path& folder) override {
    std::vector<fs::path> paths;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    while (!error && entry != fs::directory_iterator()) {
      paths.push_back(entry->path());
      entry.increment(error);
    }
    if (error) throw file_error("list", folder, error.value());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  void create_folders(const fs::path& folder) override {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw file_error("create the folder", folder, error.value());
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) throw file_error("write", to, errno);
  }

  void remove(const fs::path& path) override {
    std::error_code error;
    fs::remove(path, error);
    if (error) throw file_error("remove", path, error.value());
  }

  void truncate(const fs::path& path, std::uint64_t size) override {
    if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) throw file_error("shorten", path, errno);
  }

  void sync_folder(const fs::path& folder) override {
    const Descriptor file(folder, O_RDONLY | O_DIRECTORY, "open the folder");
    // EINVAL: a file system without fsync of folders.
    if (::fsync(file.get()) != 0 && errno != EINVAL) throw file_error("write the folder", folder, errno);
  }

  std::unique_ptr<FileLock> try_lock(const fs::path& path) override {
    auto lock = std::make_unique<RealLock>(path);
    return lock->acquire(path) ? std::move(lock) : nullptr;
  }
};

constexpr std::string_view temporary_suffix = ".tmp";

/// ".belamy-HASH.PID-COUNTER.tmp": hidden, beside the file, and distinct for every process and call. HASH is
/// that of the file's name, which itself may already be as long as a name can be. Containers that share a
/// folder may have equal process numbers; HASH then keeps their files apart.
fs::path temporary_path(const fs::path& path) {
  static std::atomic<unsigned> counter = 0;
  return path.parent_path() / fmt::format(".belamy-{:016x}.{}-{}{}",
                                          std::hash<std::string>()(path.filename().string()), ::getpid(),
                                          counter++, temporary_suffix);
}

/// After a failure: the first error matters more, and remove_leftovers removes the file later.
void remove_quietly(Env& env, const fs::path& path) {
  try {
    env.remove(path);
  } catch (const Error&) {
  }
}

/// The same error with the name of the target instead of the temporary file.
Error about_target(const Error& error, const fs::path& temporary, const fs::path& target) {
  std::string text = error.what();
  if (const auto at = text.find(temporary.string()); at != std::string::npos)
    text.replace(at, temporary.string().size(), target.string());
  return {error.code(), text};
}

/// The process that made this temporary file; 0 if it is not one.
pid_t temporary_owner(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with('.') || !name.ends_with(temporary_suffix)) return 0;
  const std::string stem = name.substr(0, name.size() - temporary_suffix.size());
  const std::size_t dot = stem.rfind('.');
  const std::size_t dash = stem.rfind('-');
  if (dot == 0 || dash == std::string::npos || dash < dot) return 0;
  pid_t owner = 0;
  const char* end = stem.data() + dash;
  const auto parsed = std::from_chars(stem.data() + dot + 1, end, owner);
  return parsed.ec == std::errc() && parsed.ptr == end && owner > 0 ? owner : 0;
}

}  // namespace

Env& Env::real() {
  static RealEnv env;
  return env;
}

void replace_atomically(Env& env, const fs::path& path,
                        const std::function<void(const fs::path& temporary)>& write) {
  const fs::path temporary = temporary_path(path);
  try {
    write(temporary);
    env.rename(temporary, path);
  } catch (const Error& error) {
    remove_quietly(env, temporary);
    throw about_target(error, temporary, path);
  } catch (...) {
    remove_quietly(env, temporary);
    throw;
  }
  // The rename is durable only after the folder is synced.
  env.sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

void write_atomically(Env& env, const fs::path& path, std::string_view bytes) {
  replace_atomically(env, path, [&](const fs::path& temporary) {
    const auto file = env.open(temporary, Env::Mode::truncate);
    file->append(bytes);
    file->sync();
    file->close();
  });
}

bool is_locked(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct stat status {};
  // The kernel's list first: an attempt to lock a free file would keep out a training that starts just then.
  bool listed = ::fstat(file, &status) == 0;
  if (std::ifstream locks("/proc/locks"); listed && locks) {
    listed = false;
    const auto inode = fmt::format(":{}", status.st_ino);
    for (std::string line; std::getline(locks, line) && !listed;) {
      std::istringstream words(line);  // "1: FLOCK ADVISORY WRITE 1234 08:01:4711 0 EOF"
      std::string number, kind, how, mode, process, place;
      words >> number >> kind >> how >> mode >> process >> place;
      listed = kind == "FLOCK" && place.ends_with(inode);
    }
  }
  const bool held = listed && ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return held;
}

bool is_temporary(const fs::path& path) {
  return temporary_owner(path) != 0;
}

void remove_leftovers(Env& env, const fs::path& folder) {
  for (const fs::path& path : env.list(folder)) {
    const pid_t owner = temporary_owner(path);
    // A leftover can carry the number of this process: containers reuse the same few.
    const bool dead = owner == ::getpid() || (owner != 0 && ::kill(owner, 0) != 0 && errno == ESRCH);
    if (dead) env.remove(path);
  }
}

}  // namespace belamy
