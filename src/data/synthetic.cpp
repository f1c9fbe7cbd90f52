#include "data/synthetic.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "belamy/error.h"

#include "core/random.h"

namespace belamy {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr std::int64_t kMostPoints = std::int64_t{1} << 26;

using Point = std::array<double, 2>;

Point blurred(Point centre, double deviation, Random& random) {
  const double dx = random.normal();
  const double dy = random.normal();
  return {centre[0] + deviation * dx, centre[1] + deviation * dy};
}

Point ring(Random& random, int mode) {
  const double angle = 2 * kPi * mode / 8;
  return blurred({std::cos(angle), std::sin(angle)}, 0.01, random);
}

Point grid(Random& random, int mode) {
  return blurred({2.0 * (mode % 5) - 4, 2.0 * (mode / 5) - 4}, 0.05, random);
}

Point swissroll(Random& random, int) {
  const double angle = random.uniform(1.5 * kPi, 4.5 * kPi);
  const double radius = angle / 10;
  return blurred({radius * std::cos(angle), radius * std::sin(angle)}, 0.05, random);
}

Point moons(Random& random, int moon) {
  const double angle = random.uniform(0, kPi);
  const Point upper = {std::cos(angle), std::sin(angle)};
  return blurred(moon == 0 ? upper : Point{1 - upper[0], 0.5 - upper[1]}, 0.05, random);
}

/// Cells of side 1 in [-2, 2)^2, two in each of four rows, the odd rows shifted by one.
Point checkerboard(Random& random, int cell) {
  const int row = cell / 2;
  const int column = 2 * (cell % 2) + row % 2;
  const double x = random.uniform();
  const double y = random.uniform();
  return {column - 2 + x, row - 2 + y};
}

Point lines(Random& random, int line) {
  return {static_cast<double>(line), random.uniform()};
}

struct Set {
  const char* name;
  const char* description;
  int classes;       ///< equally likely; 1: no labels
  const char* noun;  ///< what a class is, for its name
  Point (*draw)(Random&, int label);
};

constexpr std::array kSets = {
    Set{"ring", "2-D points, 8 Gaussians on a circle of radius 1, deviation 0.01", 8, "mode", ring},
    Set{"grid", "2-D points, 25 Gaussians on a 5x5 grid from -4 to 4, deviation 0.05", 25, "mode", grid},
    Set{"swissroll", "2-D points, a spiral of radius 0.47 to 1.41, deviation 0.05", 1, "", swissroll},
    Set{"moons", "2-D points, two half circles of radius 1 that interlock, deviation 0.05", 2, "moon", moons},
    Set{"checkerboard", "2-D points, 8 squares of side 1 in [-2, 2] x [-2, 2]", 8, "square", checkerboard},
    Set{"lines", "2-D points, two parallel lines at x = 0 and x = 1, y from 0 to 1", 2, "line", lines},
};

const Set& find_set(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& set : kSets) {
    if (set.name == name) return set;
    names.emplace_back(set.name);
  }
  const auto near = nearest(name, names);
  throw data_error(fmt::format("no synthetic data set '{}'", name),
                   near.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                                : fmt::format("did you mean '{}'?", near));
}

}  // namespace

Dataset make_synthetic(const std::string& name, std::int64_t count, std::int64_t seed) {
  const Set& set = find_set(name);
  if (count < 1 || count > kMostPoints) {
    throw data_error(fmt::format("{}: {} points asked for", name, count),
                     fmt::format("ask for 1 to {} points", kMostPoints));
  }
  Dataset data;
  data.name = name;
  data.count = count;
  data.dimension = 2;
  data.points.reserve(static_cast<std::size_t>(2 * count));
  if (set.classes > 1) {
    data.labels.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < set.classes; ++i) data.class_names.push_back(fmt::format("{} {}", set.noun, i));
  }
  Random random(static_cast<std::uint64_t>(seed));
  for (std::int64_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(random.below(static_cast<std::uint64_t>(set.classes)));
    const Point point = set.draw(random, label);
    data.points.push_back(static_cast<float>(point[0]));
    data.points.push_back(static_cast<float>(point[1]));
    if (set.classes > 1) data.labels.push_back(label);
  }
  return data;
}

std::vector<std::pair<std::string, std::string>> synthetic_sets() {
  std::vector<std::pair<std::string, std::string>> sets;
  for (const auto& set : kSets) sets.emplace_back(set.name, set.description);
  return sets;
}

}  // namespace belamy
