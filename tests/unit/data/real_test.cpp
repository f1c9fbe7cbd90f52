// The real data sets, if $BELAMY_DATA has them: counts, labels and mean pixels as in their READMEs.
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <numeric>

#include "data/dataset.h"

namespace belamy {
namespace {

struct Expected {
  std::string name;
  Split split;
  std::int64_t count, channels, side;
  std::size_t classes;
  double mean;                       // of all pixels, 0 .. 255
  std::vector<std::int64_t> labels;  // images of the first classes
};

void PrintTo(const Expected& expected, std::ostream* out) {
  *out << expected.name;
}

class RealSet : public testing::TestWithParam<Expected> {};

TEST_P(RealSet, HasItsCountsAndItsMean) {
  const Expected& expected = GetParam();
  const char* folder = std::getenv("BELAMY_DATA");
  const auto path = std::filesystem::path(folder ? folder : "") / expected.name;
  if (!folder || !std::filesystem::exists(path)) {
    GTEST_SKIP() << "set BELAMY_DATA to the folder that holds " << expected.name;
  }
  DataOptions options;
  options.source = expected.name;
  options.holdout = 0;
  const Dataset set = load_dataset(options, expected.split);
  EXPECT_EQ(set.count, expected.count);
  EXPECT_EQ(set.channels, expected.channels);
  EXPECT_EQ(set.height, expected.side);
  EXPECT_EQ(set.width, expected.side);
  EXPECT_EQ(set.class_names.size(), expected.classes);
  EXPECT_TRUE(set.problems.empty());
  const double sum = std::accumulate(set.pixels.begin(), set.pixels.end(), 0.0);
  EXPECT_NEAR(sum / static_cast<double>(set.pixels.size()), expected.mean, 0.01);
  std::vector<std::int64_t> counts(expected.classes);
  for (const auto label : set.labels) ++counts.at(static_cast<std::size_t>(label));
  counts.resize(expected.labels.size());
  EXPECT_EQ(counts, expected.labels);
}

const std::vector<std::int64_t> thousand(10, 1000), six_thousand(10, 6000);

INSTANTIATE_TEST_SUITE_P(
    Sets, RealSet,
    testing::Values(Expected{"mnist",
                             Split::train,
                             60000,
                             1,
                             28,
                             10,
                             33.3184,
                             {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}},
                    Expected{"mnist",
                             Split::test,
                             10000,
                             1,
                             28,
                             10,
                             33.7912,
                             {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}},
                    Expected{"fashion-mnist", Split::train, 60000, 1, 28, 10, 72.9404, six_thousand},
                    Expected{"usps",
                             Split::train,
                             7291,
                             1,
                             16,
                             10,
                             64.8926,
                             {1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644}},
                    Expected{"usps",
                             Split::test,
                             2007,
                             1,
                             16,
                             10,
                             68.2406,
                             {359, 264, 198, 166, 200, 160, 170, 147, 166, 177}},
                    Expected{"cifar10-jpeg", Split::test, 10000, 3, 32, 10, 121.508, thousand},
                    Expected{"omniglot", Split::test, 13180, 1, 105, 659, 233.508, {20, 20, 20}},
                    Expected{"pixel-characters", Split::train, 3648, 3, 64, 4, 219.061, {912, 912, 912, 912}},
                    Expected{"pneumonia-mnist", Split::train, 4708, 1, 28, 2, 145.84, {1214, 3494}},
                    Expected{"pneumonia-mnist", Split::test, 624, 1, 28, 2, 143.812, {234, 390}},
                    Expected{"pneumonia-mnist", Split::validation, 524, 1, 28, 2, 145.1358, {135, 389}},
                    Expected{"binarized-mnist", Split::validation, 10000, 1, 28, 0, 0.131127 * 255, {}},
                    Expected{"binarized-mnist", Split::test, 10000, 1, 28, 0, 0.132512 * 255, {}}),
    [](const auto& info) {
      std::string name = info.param.name + (info.param.split == Split::train  ? "_train"
                                            : info.param.split == Split::test ? "_test"
                                                                              : "_validation");
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

}  // namespace
}  // namespace belamy
