#include "data/sprites.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/random.h"

namespace belamy {
namespace {

constexpr int kImageSide = 32;
constexpr std::size_t kImageBytes = std::size_t{kImageSide} * kImageSide;
constexpr std::size_t kShapes = 3, kScales = 6, kTurns = 5, kPlaces = 16;
// No shape reaches further from its middle than `kReach` pixels. The middles are 8, 9, ... 23 pixels from the left and the top.
constexpr int kReach = 8, kStampSide = 2 * kReach;

// Whether a point of a shape of radius 1, which is not turned, is inside.
bool is_inside(std::size_t shape, double x, double y) {
  if (shape == 0) return std::max(std::abs(x), std::abs(y)) <= 0.82;
  if (shape == 1) return x * x / (1.16 * 1.16) + y * y / (0.7 * 0.7) <= 1;
  // A triangle with its tip up, from y = -1.15 to 0.75.
  return y <= 0.75 && std::abs(x) <= 0.9 * (y + 1.15) / 1.9;
}

// A shape in the middle of a square of `kStampSide` pixels, with smooth edges.
std::array<std::uint8_t, kStampSide * kStampSide> stamp_of(std::size_t shape, std::size_t scale,
                                                           std::size_t turn) {
  constexpr int parts = 8;  // of a pixel, along each axis
  const double radius = 3.4 + 0.68 * static_cast<double>(scale);
  const double angle = (20 * static_cast<double>(turn) - 40) * std::numbers::pi / 180;
  const double c = std::cos(angle) / radius, s = std::sin(angle) / radius;
  std::array<std::uint8_t, kStampSide * kStampSide> stamp{};
  for (int row = 0; row < kStampSide; ++row) {
    for (int column = 0; column < kStampSide; ++column) {
      int inside = 0;
      for (int part = 0; part < parts * parts; ++part) {
        const double x = column + (part % parts + 0.5) / parts - kReach;
        const double y = row + (part / parts + 0.5) / parts - kReach;
        inside += is_inside(shape, c * x + s * y, c * y - s * x);
      }
      stamp[static_cast<std::size_t>(row * kStampSide + column)] =
          static_cast<std::uint8_t>(std::lround(255.0 * inside / (parts * parts)));
    }
  }
  return stamp;
}

float share(std::size_t value, std::size_t count) {
  return static_cast<float>(value) / static_cast<float>(count - 1);
}

}  // namespace

Dataset make_sprites(std::int64_t seed, Split split) {
  std::vector<std::array<std::uint8_t, kStampSide * kStampSide>> stamps;
  for (std::size_t i = 0; i < kShapes * kScales * kTurns; ++i)
    stamps.push_back(stamp_of(i / (kScales * kTurns), i / kTurns % kScales, i % kTurns));

  constexpr std::size_t all = kShapes * kScales * kTurns * kPlaces * kPlaces, tested = all / 5;
  const auto order = Random(static_cast<std::uint64_t>(seed)).permutation(static_cast<std::int64_t>(all));
  const bool test = split == Split::test;
  const std::size_t first = test ? 0 : tested, count = test ? tested : all - tested;

  Dataset set;
  set.name = kSprites;
  set.count = static_cast<std::int64_t>(count);
  set.channels = 1;
  set.height = set.width = kImageSide;
  set.class_names = {"square", "ellipse", "triangle"};
  set.attribute_names = {"size", "turn", "x", "y"};
  set.pixels.resize(count * kImageBytes);
  for (std::size_t i = 0; i < count; ++i) {
    const auto combination = static_cast<std::size_t>(order[first + i]);
    const auto x = combination % kPlaces, y = combination / kPlaces % kPlaces,
               look = combination / (kPlaces * kPlaces);
    const auto& stamp = stamps[look];
    auto* corner = set.pixels.begin() + i * kImageBytes + y * kImageSide + x;
    for (int row = 0; row < kStampSide; ++row)
      std::copy_n(stamp.begin() + row * kStampSide, kStampSide, corner + row * kImageSide);
    set.labels.push_back(static_cast<std::int64_t>(look / (kScales * kTurns)));
    for (const float value : {share(look / kTurns % kScales, kScales), share(look % kTurns, kTurns),
                              share(x, kPlaces), share(y, kPlaces)})
      set.attributes.push_back(value);
  }
  return set;
}

}  // namespace belamy
