#include "core/random.h"

#include <cmath>
#include <numeric>

namespace belamy {
namespace {

/// SplitMix64's output function: makes neighbouring seeds unlike.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;  // 2^64 divided by the golden ratio

}  // namespace

// Mixed one after the other, so that (seed 1, stream 2) and (seed 2, stream 1) have nothing in common.
Random::Random(std::uint64_t seed, std::uint64_t stream)
    : engine_(mixed(mixed(seed + kGolden) + stream + kGolden)) {}

double Random::uniform() {
  return static_cast<double>(engine_() >> 11) * 0x1p-53;
}

double Random::uniform(double low, double high) {
  const double value = low + (high - low) * uniform();
  return value < high ? value : low;  // rounding may reach high
}

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  // Marsaglia's polar method: a point in the unit disc gives two independent normal numbers.
  double x, y, square;
  do {
    x = 2 * uniform() - 1;
    y = 2 * uniform() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double factor = std::sqrt(-2 * std::log(square) / square);
  spare_ = y * factor;
  has_spare_ = true;
  return x * factor;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Values above the last multiple of bound would favour small numbers: draw again.
  const std::uint64_t excess = (0 - bound) % bound;  // 2^64 modulo bound
  std::uint64_t value;
  do {
    value = engine_();
  } while (value < excess);
  return value % bound;
}

std::vector<std::int64_t> Random::permutation(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  shuffle(order);
  return order;
}

}  // namespace belamy
