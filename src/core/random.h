// Random numbers that are the same on every standard library.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace belamy {

/// One stream of random numbers. The engine is std::mt19937_64, whose bits the standard fixes. The
/// conversions are implemented here, because std::normal_distribution and the like differ between
/// libraries. Streams of one seed are independent: one for the points, one for the order, and so on. Not
/// for cryptography.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t bits() { return engine_(); }  ///< 64 random bits
  double uniform();                           ///< in [0, 1), a multiple of 2^-53
  double uniform(double low, double high);    ///< in [low, high)
  double normal();  ///< mean 0, variance 1; the last bit may depend on the library's log
  std::uint64_t below(std::uint64_t bound);  ///< in [0, bound), without bias; bound at least 1
  std::vector<std::int64_t> permutation(std::int64_t count);  ///< 0 .. count - 1 in random order

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[below(left)]);
  }

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;  ///< normal numbers come in pairs: the second of the last pair
  bool has_spare_ = false;
};

}  // namespace belamy
