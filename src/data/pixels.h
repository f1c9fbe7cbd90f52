// The pixels of a data set. No torch here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <vector>

namespace belamy {

/// Bytes, as in a vector. If they take more than a limit, they lie in a file of the cache folder, which has no name:
/// the disk is free again when the program ends, however it ends. The system keeps the parts in memory that are
/// used, as far as there is room. Without room on the disk they lie in memory; where that lacks as well, what adds bytes
/// throws a data error.
class Pixels {
 public:
  using value_type = std::uint8_t;
  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
  /// For arrays while they are read: 128 MiB.
  static constexpr std::uint64_t reading_limit = std::uint64_t{1} << 27;

  Pixels() = default;
  explicit Pixels(std::uint64_t most_in_memory) : most_(most_in_memory) {}
  Pixels(std::initializer_list<std::uint8_t> values) { append(values.begin(), values.size()); }
  Pixels(const std::vector<std::uint8_t>& values) { append(values.data(), values.size()); }
  ~Pixels();
  Pixels(const Pixels& other);  ///< its file, if any, is another one
  Pixels(Pixels&& other) noexcept;
  Pixels& operator=(Pixels other) noexcept;
  void swap(Pixels& other) noexcept;

  Pixels like() const { return Pixels(most_); }  ///< no bytes, with the same limit
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint8_t* data() { return begin_; }
  const std::uint8_t* data() const { return begin_; }
  std::uint8_t* begin() { return begin_; }
  const std::uint8_t* begin() const { return begin_; }
  std::uint8_t* end() { return begin_ + size_; }
  const std::uint8_t* end() const { return begin_ + size_; }
  std::uint8_t& operator[](std::size_t i) { return begin_[i]; }
  const std::uint8_t& operator[](std::size_t i) const { return begin_[i]; }

  std::uint8_t front() const { return begin_[0]; }
  std::uint8_t back() const { return begin_[size_ - 1]; }
  bool operator==(const Pixels& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

  void reserve(std::size_t size);
  void resize(std::size_t size);  ///< new bytes are 0
  void clear() { size_ = 0; }
  void push_back(std::uint8_t value);
  void append(const std::uint8_t* first, std::size_t size);
  void assign(std::size_t size, std::uint8_t value);
  template <std::input_iterator It>
  void assign(It first, It last) {
    Pixels made(most_);
    made.reserve(static_cast<std::size_t>(std::distance(first, last)));
    for (; first != last; ++first) made.push_back(static_cast<std::uint8_t>(*first));
    swap(made);
  }

  bool on_disk() const { return file_ >= 0; }
  /// Of bytes on disk: gives back the memory that this process holds of them. It comes back when they are used.
  void let_go() const;
  /// Calls `see` with one part after the other, from `first` on.
  template <class See>
  void in_parts(std::size_t first, See see) const {
    for (auto at = first; at < size_; at += kPart) {
      see(begin_ + at, begin_ + std::min(at + kPart, size_));
      let_go();
    }
  }
  /// Counts bytes that were read or written, and lets go of all after many.
  void used(std::size_t bytes) const;
  /// Copies bytes; of those on disk, none become memory of this process.
  void read(std::size_t first, std::size_t size, std::uint8_t* to) const;
  /// Of bytes on disk: the system begins to read these.
  void expect(std::size_t first, std::size_t size) const;

 private:
  // Of bytes on disk, this process holds about so many in memory.
  static constexpr std::size_t kPart = std::size_t{1} << 25;

  void grow(std::size_t size);

  std::uint64_t most_ = no_limit;
  std::uint8_t* begin_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
  std::size_t written_ = 0;       // bytes from here on were never written; they are 0
  int file_ = -1;                 // on disk: its descriptor
  mutable std::size_t held_ = 0;  // bytes used since all were let go
};

/// Bytes of pixels for which there is room: in memory and in the cache folder, half of what is free.
std::uint64_t room_for_pixels();

}  // namespace belamy
