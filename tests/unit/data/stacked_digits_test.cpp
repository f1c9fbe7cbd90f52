#include "data/stacked_digits.h"

#include <gmock/gmock.h>
#include <set>

#include "errors.h"
#include "samples.h"
#include "variable.h"

namespace belamy {
namespace {

using testing::HasSubstr;

// MNIST with images of 2 x 2 pixels, all of the value 10 * digit + place of the digit within its ten.
class StackedDigits : public testing::Test {
 protected:
  StackedDigits() {
    for (const char* part : {"train", "t10k"}) {
      std::string pixels, labels;
      for (int i = 0; i < 50; ++i) {
        labels += static_cast<char>(i % 10);
        pixels += std::string(
            4, static_cast<char>(10 * (i % 10) + i / 10 + (part[0] == 't' && part[1] == 'r' ? 0 : 5)));
      }
      samples::write(folder_ / "mnist" / (std::string(part) + "-images-idx3-ubyte"),
                     samples::idx_images(50, 2, 2, pixels));
      samples::write(folder_ / "mnist" / (std::string(part) + "-labels-idx1-ubyte"),
                     samples::idx_labels(50, labels));
    }
  }

  static Dataset load(Split split, const DataOptions& options) {
    auto asked = options;
    asked.source = kStackedDigits;
    return load_dataset(asked, split);
  }

  const TestFolder folder_;
  const Variable data_{"BELAMY_DATA", folder_.path()};
};

TEST_F(StackedDigits, TheLabelNamesTheDigitOfEachChannel) {
  for (const auto split : {Split::train, Split::test}) {
    const auto set = load(split, {.limit = 500});
    EXPECT_EQ(set.channels, 3);
    EXPECT_EQ(set.height, 2);
    ASSERT_EQ(set.class_names.size(), 1000u);
    EXPECT_EQ(set.class_names[42], "042");
    for (std::int64_t i = 0; i < set.count; i += 37) {
      const auto name = set.class_names[static_cast<std::size_t>(set.labels[static_cast<std::size_t>(i)])];
      for (std::size_t c = 0; c < 3; ++c) {
        const int value = set.pixels[static_cast<std::size_t>(i) * 12 + c * 4];
        EXPECT_EQ(value / 10, name[c] - '0');
        EXPECT_EQ(value % 10 >= 5, split == Split::test);  // test digits are those of the test
      }
    }
  }
}

TEST_F(StackedDigits, AllModesOccurAboutEquallyOften) {
  const auto set = load(Split::test, {});
  EXPECT_EQ(set.count, 26000);
  std::vector<int> counts(1000);
  for (const auto label : set.labels) ++counts[static_cast<std::size_t>(label)];
  // 26 on average; a Poisson count beyond 60 or of none has a probability below 1e-8.
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 0);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 60);
}

TEST_F(StackedDigits, ALimitAndTheSeedChooseButDoNotChangeImages) {
  const auto all = load(Split::train, {}), some = load(Split::train, {.limit = 100});
  EXPECT_EQ(all.count, 128000);
  ASSERT_EQ(some.count, 100);
  for (std::int64_t i = 0; i < some.count; ++i) {
    const auto place = some.places[static_cast<std::size_t>(i)];
    EXPECT_EQ(some.image(i).pixels, all.image(place).pixels);
  }
  EXPECT_EQ(load(Split::train, {.limit = 100}).pixels, some.pixels);
  EXPECT_NE(load(Split::train, {.limit = 100, .seed = 2}).pixels, some.pixels);
}

TEST_F(StackedDigits, NeedTheTenDigits) {
  samples::write(folder_ / "mnist/train-labels-idx1-ubyte", samples::idx_labels(50, std::string(50, '\3')));
  EXPECT_THAT(message_of(ExitCode::data, [] { load(Split::train, {}); }),
              HasSubstr("the ten classes of digits"));
  data_.set({});
  const Variable cache("BELAMY_CACHE", folder_ / "none");
  EXPECT_THAT(message_of(ExitCode::data, [] { load(Split::train, {}); }),
              HasSubstr("belamy data fetch mnist"));
}

}  // namespace
}  // namespace belamy
