#include "data/synthetic.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "belamy/error.h"

#include "core/random.h"
#include "core/text.h"

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

Point ring_centre(int mode) {
  const double angle = 2 * kPi * mode / 8;
  return {std::cos(angle), std::sin(angle)};
}

Point wide_ring_centre(int mode) {
  const auto [x, y] = ring_centre(mode);
  return {2 * x, 2 * y};
}

Point grid_centre(int mode) {
  return {2.0 * (mode % 5) - 4, 2.0 * (mode / 5) - 4};
}

Point gaussian_centre(int) {
  return {3, 0};
}

Point bimodal_centre(int mode) {
  return {mode == 0 ? -2.0 : 2.0, 0};
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

Point dirac(Random&, int) {
  return {0, 0};
}

struct Set {
  const char* name;
  const char* description;
  int dimension;     ///< 1 or 2 of a Point's numbers
  int classes;       ///< equally likely; 1: no labels
  const char* noun;  ///< what a class is called, for its name
  Point (*draw)(Random&, int label);
  Point (*centre)(int label) = nullptr;  ///< a mixture of round Gaussians, in place of `draw`
  double deviation = 0;
};

constexpr std::array kSets = {
    Set{"ring", "2-D points, 8 Gaussians on a circle of radius 1, deviation 0.01", 2, 8, "mode", nullptr,
        ring_centre, 0.01},
    Set{"wide-ring", "2-D points, 8 Gaussians on a circle of radius 2, deviation 0.02", 2, 8, "mode", nullptr,
        wide_ring_centre, 0.02},
    Set{"grid", "2-D points, 25 Gaussians on a 5x5 grid from -4 to 4, deviation 0.05", 2, 25, "mode", nullptr,
        grid_centre, 0.05},
    Set{"swissroll", "2-D points, a spiral of radius 0.47 to 1.41, deviation 0.05", 2, 1, "", swissroll},
    Set{"moons", "2-D points, two half circles of radius 1 that interlock, deviation 0.05", 2, 2, "moon",
        moons},
    Set{"checkerboard", "2-D points, 8 squares of side 1 in [-2, 2] x [-2, 2]", 2, 8, "square", checkerboard},
    Set{"lines", "2-D points, two parallel lines at x = 0 and x = 1, y from 0 to 1", 2, 2, "line", lines},
    Set{"gaussian", "1-D points, a Gaussian of mean 3, deviation 1", 1, 1, "", nullptr, gaussian_centre, 1},
    Set{"bimodal", "1-D points, 2 Gaussians at -2 and 2, deviation 0.5", 1, 2, "mode", nullptr,
        bimodal_centre, 0.5},
    Set{"dirac", "1-D points, all of them at 0", 1, 1, "", dirac},
};

const Set& find_set(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& set : kSets) {
    if (set.name == name) return set;
    names.emplace_back(set.name);
  }
  const auto near = nearest(name, names);
  throw data_error(fmt::format("no synthetic data set '{}'", name),
                   near.empty() ? fmt::format("choose one of {}", fmt::join(names, ", "))
                                : fmt::format("did you mean '{}'?", near));
}

// The chosen labels in the order of the set, each once.
std::vector<int> chosen_labels(const Set& set, const std::vector<std::string>& classes,
                               const std::vector<std::string>& names) {
  std::vector<bool> chosen(static_cast<std::size_t>(set.classes), classes.empty());
  for (const auto number : class_numbers(classes, names, set.name))
    chosen[static_cast<std::size_t>(number)] = true;
  std::vector<int> labels;
  for (int label = 0; label < set.classes; ++label) {
    if (chosen[static_cast<std::size_t>(label)]) labels.push_back(label);
  }
  return labels;
}

std::optional<Mixture> mixture_of(const Set& set, const std::vector<int>& labels) {
  if (!set.centre || set.classes < 2) return std::nullopt;
  Mixture mixture{set.dimension, {}, set.deviation};
  for (const int label : labels) {
    const Point centre = set.centre(label);
    mixture.centres.insert(mixture.centres.end(), centre.begin(), centre.begin() + set.dimension);
  }
  return mixture;
}

}  // namespace

Dataset make_synthetic(const std::string& name, std::int64_t count, std::int64_t seed,
                       const std::vector<std::string>& classes) {
  const Set& set = find_set(name);
  if (count < 1 || count > kMostPoints) {
    throw data_error(fmt::format("{}: {} asked for", name, counted(count, "point")),
                     fmt::format("ask for 1 to {} points", kMostPoints));
  }
  Dataset data;
  data.name = name;
  data.count = count;
  data.dimension = set.dimension;
  data.points.reserve(static_cast<std::size_t>(set.dimension * count));
  if (set.classes > 1) {
    data.labels.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < set.classes; ++i) data.class_names.push_back(fmt::format("{} {}", set.noun, i));
  }
  const auto drawn = chosen_labels(set, classes, data.class_names);
  data.mixture = mixture_of(set, drawn);
  Random random(static_cast<std::uint64_t>(seed));
  for (std::int64_t i = 0; i < count; ++i) {
    const int label = drawn[static_cast<std::size_t>(random.below(drawn.size()))];
    const Point point =
        set.centre ? blurred(set.centre(label), set.deviation, random) : set.draw(random, label);
    for (int axis = 0; axis < set.dimension; ++axis)
      data.points.push_back(static_cast<float>(point[static_cast<std::size_t>(axis)]));
    if (set.classes > 1) data.labels.push_back(label);
  }
  return data;
}

std::optional<Mixture> mixture_of(const std::string& name) {
  for (const auto& set : kSets) {
    if (name == set.name) return mixture_of(set, chosen_labels(set, {}, {}));
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> synthetic_sets() {
  std::vector<std::pair<std::string, std::string>> sets;
  for (const auto& set : kSets) sets.emplace_back(set.name, set.description);
  return sets;
}

}  // namespace belamy
