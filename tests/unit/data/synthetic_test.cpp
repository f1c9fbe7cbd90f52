#include "data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kCount = 5000;

double x_of(const Dataset& data, std::int64_t i) {
  return data.points.at(static_cast<std::size_t>(2 * i));
}
double y_of(const Dataset& data, std::int64_t i) {
  return data.points.at(static_cast<std::size_t>(2 * i + 1));
}
std::int64_t label_of(const Dataset& data, std::int64_t i) {
  return data.labels.at(static_cast<std::size_t>(i));
}

TEST(Synthetic, EverySetIsWhole) {
  ASSERT_EQ(synthetic_sets().size(), 10u);
  const std::set<std::string> on_a_line = {"gaussian", "bimodal", "dirac"};
  const std::set<std::string> whole = {"swissroll", "gaussian", "dirac"};
  for (const auto& [name, description] : synthetic_sets()) {
    const auto data = make_synthetic(name, kCount, 1);
    EXPECT_EQ(data.name, name);
    EXPECT_FALSE(data.is_images());
    EXPECT_EQ(data.count, kCount);
    const std::int64_t dimension = on_a_line.count(name) ? 1 : 2;
    EXPECT_EQ(data.dimension, dimension);
    EXPECT_EQ(data.points.size(), static_cast<std::size_t>(dimension * kCount));
    EXPECT_TRUE(
        std::all_of(data.points.begin(), data.points.end(), [](float v) { return std::isfinite(v); }));
    EXPECT_EQ(data.labels.size(), whole.count(name) ? 0u : static_cast<std::size_t>(kCount)) << name;
    EXPECT_THAT(description, HasSubstr(dimension == 1 ? "1-D points" : "2-D points"));
    // Every class occurs about equally often.
    std::vector<int> counts(data.class_names.size());
    for (const auto label : data.labels) ++counts.at(static_cast<std::size_t>(label));
    const double expected =
        static_cast<double>(kCount) / std::max<double>(1, static_cast<double>(counts.size()));
    for (const int count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected)) << name;
  }
}

TEST(Synthetic, TheSeedDecidesEveryByte) {
  for (const auto& [name, description] : synthetic_sets()) {
    const auto first = make_synthetic(name, 200, 5);
    const auto again = make_synthetic(name, 200, 5);
    const auto other = make_synthetic(name, 200, 6);
    const auto longer = make_synthetic(name, 300, 5);
    EXPECT_EQ(first.points, again.points) << name;
    EXPECT_EQ(first.labels, again.labels) << name;
    EXPECT_EQ(first.points == other.points, name == "dirac") << name;
    EXPECT_TRUE(std::equal(first.points.begin(), first.points.end(), longer.points.begin())) << name;
  }
}

/// The spread of the points around the centre that `centre(label)` names, along each axis.
template <class Centre>
void expect_spread(const Dataset& data, double deviation, Centre centre) {
  double squares_x = 0, squares_y = 0, product = 0;
  for (std::int64_t i = 0; i < data.count; ++i) {
    const auto [cx, cy] = centre(label_of(data, i));
    const double dx = x_of(data, i) - cx, dy = y_of(data, i) - cy;
    ASSERT_LT(std::hypot(dx, dy), 7 * deviation) << "point " << i;
    squares_x += dx * dx;
    squares_y += dy * dy;
    product += dx * dy;
  }
  const double n = static_cast<double>(data.count);
  const double variance = deviation * deviation;
  const double error = 5 * std::sqrt(2 / n);
  EXPECT_NEAR(squares_x / n / variance, 1, error);
  EXPECT_NEAR(squares_y / n / variance, 1, error);
  EXPECT_NEAR(product / n / variance, 0, error);
}

TEST(Synthetic, RingsHaveEightNarrowModes) {
  for (const auto& [name, radius] : {std::pair("ring", 1.0), std::pair("wide-ring", 2.0)}) {
    expect_spread(make_synthetic(name, kCount, 2), 0.01 * radius, [radius = radius](std::int64_t mode) {
      const double angle = static_cast<double>(mode) * std::acos(-1.0) / 4;
      return std::pair(radius * std::cos(angle), radius * std::sin(angle));
    });
  }
}

TEST(Synthetic, GridHasTwentyFiveModes) {
  std::set<std::pair<double, double>> centres;
  expect_spread(make_synthetic("grid", kCount, 2), 0.05, [&](std::int64_t mode) {
    const std::pair centre(static_cast<double>(mode % 5 - 2) * 2, static_cast<double>(mode / 5 - 2) * 2);
    centres.insert(centre);
    return centre;
  });
  EXPECT_EQ(centres.size(), 25u);
}

TEST(Synthetic, SwissrollIsASpiral) {
  const auto data = make_synthetic("swissroll", kCount, 3);
  const double pi = std::acos(-1.0);
  double low = 9, high = 0;
  for (std::int64_t i = 0; i < data.count; ++i) {
    const double x = x_of(data, i), y = y_of(data, i);
    const double radius = std::hypot(x, y);
    low = std::min(low, radius);
    high = std::max(high, radius);
    // At each angle the spiral passes at radii 0.2 pi apart: the point is near one of them.
    const double turns = (radius * 10 - std::atan2(y, x)) / (2 * pi);
    EXPECT_LT(std::abs(turns - std::round(turns)) * 2 * pi / 10, 7 * 0.05) << "point " << i;
  }
  EXPECT_NEAR(low, 0.15 * pi, 0.25);
  EXPECT_NEAR(high, 0.45 * pi, 0.25);
}

TEST(Synthetic, MoonsAreTwoHalfCircles) {
  const auto data = make_synthetic("moons", kCount, 4);
  for (std::int64_t i = 0; i < data.count; ++i) {
    const bool lower = label_of(data, i) == 1;
    const double x = x_of(data, i) - (lower ? 1 : 0), y = y_of(data, i) - (lower ? 0.5 : 0);
    EXPECT_NEAR(std::hypot(x, y), 1, 7 * 0.05) << "point " << i;
    EXPECT_GT(lower ? -y : y, -7 * 0.05) << "point " << i;
  }
}

TEST(Synthetic, CheckerboardFillsEverySecondSquare) {
  const auto data = make_synthetic("checkerboard", kCount, 5);
  std::set<std::pair<int, int>> squares;
  for (std::int64_t i = 0; i < data.count; ++i) {
    const double x = x_of(data, i), y = y_of(data, i);
    ASSERT_TRUE(x >= -2 && x <= 2 && y >= -2 && y <= 2) << "point " << i;
    squares.emplace(static_cast<int>(std::floor(x)), static_cast<int>(std::floor(y)));
  }
  EXPECT_EQ(squares.size(), 8u);
  for (const auto& [column, row] : squares) EXPECT_EQ((column + row) % 2, 0);
}

TEST(Synthetic, LinesAreVerticalAndExact) {
  const auto data = make_synthetic("lines", kCount, 6);
  double sum = 0;
  for (std::int64_t i = 0; i < data.count; ++i) {
    EXPECT_EQ(x_of(data, i), static_cast<double>(label_of(data, i)));
    ASSERT_TRUE(y_of(data, i) >= 0 && y_of(data, i) <= 1);
    sum += y_of(data, i);
  }
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
}

TEST(Synthetic, PointsOnALineHaveTheirMomentsAndModes) {
  const auto moments = [](const std::vector<float>& points) {
    double sum = 0, squares = 0;
    for (const double x : points) {
      sum += x;
      squares += x * x;
    }
    const double n = static_cast<double>(points.size()), mean = sum / n;
    return std::pair(mean, squares / n - mean * mean);
  };
  // Five standard errors of 5,000 draws.
  const auto [mean, variance] = moments(make_synthetic("gaussian", kCount, 7).points);
  EXPECT_NEAR(mean, 3, 5 / std::sqrt(kCount));
  EXPECT_NEAR(variance, 1, 5 * std::sqrt(2.0 / kCount));
  for (const auto x : make_synthetic("dirac", 100, 7).points) EXPECT_EQ(x, 0);

  const auto bimodal = make_synthetic("bimodal", kCount, 7);
  std::vector<float> side[2];
  for (std::size_t i = 0; i < bimodal.points.size(); ++i)
    side[bimodal.labels[i]].push_back(bimodal.points[i]);
  for (int mode = 0; mode < 2; ++mode) {
    const auto [centre, spread] = moments(side[mode]);
    EXPECT_NEAR(centre, mode == 0 ? -2 : 2, 5 * 0.5 / std::sqrt(kCount / 2.0));
    EXPECT_NEAR(spread, 0.25, 5 * 0.25 * std::sqrt(2.0 / (kCount / 2.0)));
  }
}

TEST(Synthetic, AMixtureKnowsItsCentres) {
  const std::set<std::string> mixtures = {"ring", "wide-ring", "grid", "bimodal"};
  for (const auto& [name, description] : synthetic_sets()) {
    const auto data = make_synthetic(name, 500, 8);
    const auto mixture = mixture_of(name);
    EXPECT_EQ(mixture.has_value(), mixtures.count(name) > 0) << name;
    EXPECT_EQ(data.mixture.has_value(), mixture.has_value());
    if (!mixture) continue;
    ASSERT_EQ(mixture->dimension, data.dimension);
    ASSERT_EQ(mixture->centres.size(), data.class_names.size() * static_cast<std::size_t>(data.dimension));
    // Every point is around the centre of its own label, and the points are as far away as the
    // deviation says.
    double squares = 0;
    for (std::size_t i = 0; i < data.points.size(); ++i) {
      const auto d = static_cast<std::size_t>(data.dimension);
      const auto label = static_cast<std::size_t>(data.labels[i / d]);
      const double away = (data.points[i] - mixture->centres[label * d + i % d]) / mixture->deviation;
      ASSERT_LT(std::abs(away), 6) << name;
      squares += away * away;
    }
    const double n = static_cast<double>(data.points.size());
    EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2 / n)) << name;
  }
  EXPECT_FALSE(mixture_of("mnist"));
}

TEST(Synthetic, NamedClassesAloneAndAsManyAsAskedFor) {
  const auto data = make_synthetic("grid", 500, 9, {"mode 7", "3", "7"});
  EXPECT_EQ(data.count, 500);
  EXPECT_EQ(data.labels.size(), 500u);
  EXPECT_EQ(data.class_names.size(), 25u);  // numbers stay what they were
  EXPECT_THAT(data.labels, testing::Each(testing::AnyOf(3, 7)));
  EXPECT_NEAR(static_cast<double>(std::count(data.labels.begin(), data.labels.end(), 7)), 250, 60);
  const auto all = mixture_of("grid")->centres;
  EXPECT_THAT(data.mixture->centres, testing::ElementsAre(all[6], all[7], all[14], all[15]));

  DataOptions options;
  options.source = "ring";
  options.classes = {"5"};
  options.limit = 40;
  const auto loaded = load_dataset(options, Split::train);
  EXPECT_EQ(loaded.count, 40);
  EXPECT_THAT(loaded.labels, testing::Each(5));
  options.source = "gaussian";
  EXPECT_THROW(load_dataset(options, Split::train), Error);
}

TEST(Synthetic, RefusesUnknownNamesAndImpossibleCounts) {
  const auto error_of = [](const std::string& name, std::int64_t count) -> std::string {
    return message_of(ExitCode::data, [&] { make_synthetic(name, count, 1); });
  };
  EXPECT_THAT(error_of("rign", 10), HasSubstr("did you mean 'ring'?"));
  EXPECT_THAT(error_of("mountains", 10), HasSubstr("choose one of ring, wide-ring, grid"));
  EXPECT_THAT(error_of("ring", 0), HasSubstr("0 points"));
  EXPECT_THAT(error_of("ring", std::int64_t{1} << 60), HasSubstr("ask for 1 to"));
}

}  // namespace
}  // namespace belamy
