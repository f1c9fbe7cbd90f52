#include "use/in_tiles.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "numbers.h"

namespace belamy {
namespace {

// Doubles an image and averages 9x9 pixels, so that a result depends on pixels up to four away.
Tensor doubled_and_blurred(const Tensor& x) {
  const auto large = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  return at::avg_pool2d(at::replication_pad2d(large, {4, 4, 4, 4}), {9, 9}, {1, 1});
}

TEST(InTiles, TheSeamsDoNotShow) {
  const auto image = torch::rand({1, 3, 300, 530}, seeded(1));
  std::int64_t calls = 0, largest = 0;
  const auto made = in_tiles(image, 2, [&](const Tensor& x) {
    ++calls;
    largest = std::max({largest, x.size(2), x.size(3)});
    return doubled_and_blurred(x);
  });
  EXPECT_EQ(calls, 6);
  EXPECT_LE(largest, 320);
  EXPECT_LT(difference(made, doubled_and_blurred(image)), 1e-6);
}

TEST(InTiles, ASmallImageIsOneCall) {
  std::int64_t calls = 0;
  in_tiles(torch::zeros({1, 1, 320, 20}), 1, [&](const Tensor& x) {
    ++calls;
    return x;
  });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace belamy
