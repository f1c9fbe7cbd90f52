#include "data/pixels.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

#include "belamy/error.h"

#include "core/memory.h"
#include "data/dataset.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

struct Mapped {
  std::uint8_t* begin = nullptr;
  int file = -1;
};

// A new file of zeros, mapped into memory; nothing if that does not work, but there is enough memory.
Mapped map_file(std::size_t size) {
  const auto folder = cache_folder();
  const auto without = [&](const std::string& reason) {
    if (size < available_memory()) return Mapped();
    throw data_error(
        fmt::format("{:.1f} GiB of pixels fit neither into memory nor into a file in {}: {}",
                    static_cast<double>(size) / (1 << 30), folder.string(), reason),
        "set BELAMY_CACHE to a folder on a larger disk, or set a smaller data.size or data.limit");
  };
  std::error_code code;
  fs::create_directories(folder, code);
  struct statfs about {};
  constexpr long memory = 0x01021994;  // tmpfs
  if (statfs(folder.c_str(), &about) == 0 && about.f_type == memory)
    return without("that is no disk, but memory");
  auto path = (folder / "pixels-XXXXXX").string();
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return without(std::strerror(errno));
  ::unlink(path.c_str());
  // Takes the disk now: a lack of it must not show later, at a write into memory.
  int error = ::posix_fallocate(file, 0, static_cast<off_t>(size));
  void* begin = MAP_FAILED;
  if (error == 0) {
    begin = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    error = errno;
  }
  if (begin != MAP_FAILED) return {static_cast<std::uint8_t*>(begin), file};
  ::close(file);
  return without(std::strerror(error));
}

// New memory of zeros. Unlike a block of the heap, it goes back to the system when it is released.
std::uint8_t* map_memory(std::size_t size) {
  void* begin = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uint8_t*>(begin);
}

}  // namespace

Pixels::~Pixels() {
  if (begin_) ::munmap(begin_, capacity_);
  if (on_disk()) ::close(file_);
}

Pixels::Pixels(const Pixels& other) : most_(other.most_) {
  append(other.begin(), other.size());
  other.let_go();
  let_go();
}

Pixels::Pixels(Pixels&& other) noexcept : most_(other.most_) {
  swap(other);
}

Pixels& Pixels::operator=(Pixels other) noexcept {
  swap(other);
  return *this;
}

void Pixels::swap(Pixels& other) noexcept {
  std::swap(most_, other.most_);
  std::swap(begin_, other.begin_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(written_, other.written_);
  std::swap(file_, other.file_);
  std::swap(held_, other.held_);
}

void Pixels::reserve(std::size_t size) {
  if (size <= capacity_) return;
  Pixels made(most_);
  auto [begin, file] = size > most_ ? map_file(size) : Mapped();
  if (!begin) begin = map_memory(size);
  made.begin_ = begin;
  made.capacity_ = size;
  made.file_ = file;
  in_parts(0, [&](const std::uint8_t* first, const std::uint8_t* last) {
    made.append(first, static_cast<std::size_t>(last - first));
  });
  swap(made);
}

void Pixels::grow(std::size_t size) {
  if (size > capacity_) reserve(std::max(size, 2 * capacity_));
}

void Pixels::resize(std::size_t size) {
  grow(size);
  if (size > size_ && written_ > size_) std::memset(begin_ + size_, 0, std::min(size, written_) - size_);
  if (size > size_) used(size - size_);
  size_ = size;
  written_ = std::max(written_, size_);
}

void Pixels::push_back(std::uint8_t value) {
  grow(size_ + 1);
  begin_[size_++] = value;
  written_ = std::max(written_, size_);
}

void Pixels::assign(std::size_t size, std::uint8_t value) {
  clear();
  resize(size);
  std::fill(begin(), end(), value);
}

void Pixels::append(const std::uint8_t* first, std::size_t size) {
  if (size == 0) return;
  grow(size_ + size);
  std::memcpy(begin_ + size_, first, size);
  used(size);
  size_ += size;
  written_ = std::max(written_, size_);
}

std::uint64_t room_for_pixels() {
  std::error_code code;
  auto folder = cache_folder();
  while (!fs::exists(folder, code) && folder.has_relative_path()) folder = folder.parent_path();
  const auto space = fs::space(folder, code);
  return (available_memory() + (code ? 0 : space.available)) / 2;
}

// These are hints: nothing depends on their success.
void Pixels::let_go() const {
  if (on_disk()) ::madvise(begin_, capacity_, MADV_DONTNEED);
  held_ = 0;
}

void Pixels::used(std::size_t bytes) const {
  if ((held_ += bytes) > kPart) let_go();
}

void Pixels::expect(std::size_t first, std::size_t size) const {
  if (on_disk())
    ::posix_fadvise(file_, static_cast<off_t>(first), static_cast<off_t>(size), POSIX_FADV_WILLNEED);
}

void Pixels::read(std::size_t first, std::size_t size, std::uint8_t* to) const {
  while (on_disk() && size > 0) {
    const auto got = ::pread(file_, to, size, static_cast<off_t>(first));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw data_error(fmt::format("pixels cannot be read from their file in {}: {}", cache_folder().string(),
                                   got < 0 ? std::strerror(errno) : "it has become shorter"),
                       "check the disk, or set BELAMY_CACHE to a folder on another one");
    first += static_cast<std::size_t>(got);
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  if (size > 0) std::memcpy(to, begin_ + first, size);
}

}  // namespace belamy
