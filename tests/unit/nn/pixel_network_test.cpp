// Causal convolutions and the networks made of them: what depends on what, and the walk against whole passes.
#include "nn/pixel_network.h"

#include <chrono>
#include <gmock/gmock.h>
#include <set>
#include <string>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "nn/causal.h"
#include "nn/init.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

using Pixels = std::set<std::pair<std::int64_t, std::int64_t>>;  // rows and columns

Tensor some_images(std::int64_t n, std::int64_t channels, std::int64_t height, std::int64_t width) {
  return torch::rand({n, channels, height, width}, seeded(4)) * 2 - 1;
}

// A network with random weights, biases included, so that no connection is switched off by chance.
std::shared_ptr<PixelNetwork> network_of(const PixelNetworkShape& shape) {
  const auto network = make_pixel_network(shape, seeded(1));
  const torch::NoGradGuard no_grad;
  auto generator = seeded(2);
  for (auto& p : network->parameters()) {
    if (p.dim() == 1) p.copy_(0.3 * torch::randn(p.sizes(), generator));
  }
  return network;
}

// The pixels whose values an output at (row, column) depends on, by autograd: the Jacobian at some images.
Pixels seen_from(PixelNetwork& network, const Tensor& images, std::int64_t row, std::int64_t column) {
  const auto x = images.clone().requires_grad_();
  const auto y = network.forward(x).select(3, column).select(2, row);
  Tensor total = torch::zeros({images.size(2), images.size(3)});
  for (std::int64_t k = 0; k < y.size(1); ++k) {
    const auto g = torch::autograd::grad({y.select(1, k).sum()}, {x}, {}, true)[0];
    total = total + g.abs().sum(at::IntArrayRef{0, 1});
  }
  Pixels seen;
  for (std::int64_t i = 0; i < images.size(2); ++i) {
    for (std::int64_t j = 0; j < images.size(3); ++j) {
      if (total[i][j].item<float>() != 0) seen.insert({i, j});
    }
  }
  return seen;
}

Pixels before(std::int64_t row, std::int64_t column, std::int64_t width) {
  Pixels all;
  for (std::int64_t p = 0; p < row * width + column; ++p) all.insert({p / width, p % width});
  return all;
}

// What a plain stack can see, by its windows alone: the first layer's, then one for each block.
Pixels plain_field(const PixelNetworkShape& s, std::int64_t row, std::int64_t column, std::int64_t width) {
  const auto window = [&](const Pixels& from, std::int64_t radius, bool itself) {
    Pixels seen;
    for (const auto& [i, j] : from) {
      for (std::int64_t a = i - radius; a <= i; ++a) {
        for (std::int64_t b = j - radius; b <= j + radius; ++b) {
          const bool later = a == i && (itself ? b > j : b >= j);
          if (a >= 0 && b >= 0 && b < width && !later) seen.insert({a, b});
        }
      }
    }
    return seen;
  };
  Pixels at = {{row, column}};
  for (std::int64_t i = 0; i < s.blocks; ++i) at = window(at, s.kernel / 2, true);
  return window(at, s.first_kernel / 2, false);
}

struct NetworkCase {
  std::string name;
  PixelNetworkShape shape;
};

void PrintTo(const NetworkCase& c, std::ostream* out) {
  *out << c.name;
}

const std::vector<NetworkCase> kCases = {
    {"plain", {.gated = false, .outputs = 2, .width = 6, .blocks = 2, .first_kernel = 3, .head = 5}},
    {"gated", {.gated = true, .outputs = 2, .width = 6, .blocks = 2, .first_kernel = 3, .head = 5}},
    {"plain_wide",
     {.gated = false, .channels = 3, .width = 4, .blocks = 1, .first_kernel = 7, .kernel = 5, .head = 4}},
    {"gated_wide",
     {.gated = true, .channels = 3, .width = 4, .blocks = 1, .first_kernel = 7, .kernel = 5, .head = 4}},
    {"plain_one_layer", {.gated = false, .width = 4, .blocks = 0, .first_kernel = 5, .head = 4}},
    {"gated_one_layer", {.gated = true, .width = 4, .blocks = 0, .first_kernel = 5, .head = 4}},
};

class PixelNetworkTest : public testing::TestWithParam<NetworkCase> {
 protected:
  static constexpr std::int64_t kHeight = 6, kWidth = 7;
  PixelNetworkShape shape_ = GetParam().shape;
  std::shared_ptr<PixelNetwork> network_ = network_of(shape_);
  Tensor images_ = some_images(3, shape_.channels, kHeight, kWidth);
};

TEST_P(PixelNetworkTest, NoOutputDependsOnItsPixelOrALaterOne) {
  for (std::int64_t row = 0; row < kHeight; ++row) {
    for (std::int64_t column = 0; column < kWidth; ++column) {
      const auto earlier = before(row, column, kWidth);
      for (const auto& pixel : seen_from(*network_, images_, row, column)) {
        EXPECT_TRUE(earlier.count(pixel))
            << row << "," << column << " sees " << pixel.first << "," << pixel.second;
      }
    }
  }
}

TEST_P(PixelNetworkTest, AWholeLaterPartCanChangeWithoutATrace) {
  const torch::NoGradGuard no_grad;
  const auto base = network_->forward(images_);
  for (std::int64_t place = 0; place < kHeight * kWidth; place += 5) {
    auto changed = images_.clone().flatten(2);
    changed.narrow(2, place, kHeight * kWidth - place).uniform_(-1, 1, seeded(9));
    const auto got = network_->forward(changed.view_as(images_)).flatten(2).narrow(2, 0, place + 1);
    EXPECT_TRUE(torch::equal(got, base.flatten(2).narrow(2, 0, place + 1))) << place;
  }
}

TEST_P(PixelNetworkTest, TheWalkGivesWhatAWholePassGives) {
  const torch::NoGradGuard no_grad;
  const auto whole = network_->forward(images_);
  const auto walk = network_->walk(images_.size(0), kWidth);
  double error = 0;
  for (std::int64_t row = 0; row < kHeight; ++row) {
    walk->begin_row();
    for (std::int64_t column = 0; column < kWidth; ++column) {
      const auto got = walk->at(column);
      ASSERT_EQ(got.sizes().vec(), (std::vector<std::int64_t>{3, shape_.outputs}));
      error = std::max(error, (got - whole.select(3, column).select(2, row)).abs().max().item<double>());
      walk->put(column, images_.select(3, column).select(2, row));
    }
  }
  EXPECT_LT(error, 1e-5);  // rounding of single precision; the logits are of the order of 1
  EXPECT_GT(whole.abs().max().item<double>(), 0.05);
}

INSTANTIATE_TEST_SUITE_P(Networks, PixelNetworkTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(PlainPixelNetwork, SeesExactlyWhatItsWindowsReach) {
  const auto& shape = kCases[0].shape;
  const auto network = network_of(shape);
  const auto images = some_images(8, 1, 6, 9);
  for (const auto& [row, column] : Pixels{{5, 4}, {3, 1}, {4, 8}, {0, 3}}) {
    EXPECT_EQ(seen_from(*network, images, row, column), plain_field(shape, row, column, 9))
        << row << "," << column;
  }
}

// On an image of 6x9 two layers of 3x3 after the first one reach three pixels to each side.
TEST(PlainPixelNetwork, HasABlindSpotThatTheGatedOneLacks) {
  const std::int64_t row = 5, column = 4;
  const auto images = some_images(8, 1, 6, 9);
  const auto plain = seen_from(*network_of(kCases[0].shape), images, row, column);
  const auto gated = seen_from(*network_of(kCases[1].shape), images, row, column);
  Pixels near;  // earlier pixels at most three rows and columns away
  for (const auto& [i, j] : before(row, column, 9)) {
    if (row - i <= 3 && std::abs(column - j) <= 3) near.insert({i, j});
  }
  EXPECT_EQ(gated, near);
  const Pixels blind = {{4, 6}, {4, 7}, {3, 7}};
  Pixels missing;
  for (const auto& pixel : near) {
    if (!plain.count(pixel)) missing.insert(pixel);
  }
  EXPECT_EQ(missing, blind);
}

TEST(CausalConv, IsAMaskedConvolution) {
  for (const auto reach : {Reach::before, Reach::until}) {
    CausalConv conv(2, 3, 5, reach);
    initialise(conv, Init::glorot, seeded(3));
    auto whole = torch::zeros({3, 2, 5, 5});
    whole.narrow(2, 0, 3).copy_(conv.named_parameters()["weight"].detach());
    const auto row = whole.select(2, 2);
    row.narrow(2, reach == Reach::before ? 2 : 3, reach == Reach::before ? 3 : 2).zero_();
    const auto x = some_images(2, 2, 6, 5);
    const auto expected = at::conv2d(x, whole, {}, 1, 2);
    EXPECT_LT((conv.forward(x) - expected).abs().max().item<double>(), 1e-5);
  }
}

// A PixelCNN of a useful size, 64 images of 28x28: the walk must be 20 times as fast as whole passes. Only some of
// the 784 whole passes are timed.
TEST(PixelWalk, IsManyTimesFasterThanWholePasses) {
  const torch::NoGradGuard no_grad;
  for (const bool gated : {false, true}) {
    const auto network = network_of({.gated = gated, .width = 16, .blocks = 5, .head = 32});
    const auto images = some_images(64, 1, 28, 28);
    const auto seconds = [](const auto& action) {
      const auto start = std::chrono::steady_clock::now();
      action();
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    network->forward(images);
    const double whole = seconds([&] {
      for (int i = 0; i < 4; ++i) network->forward(images);
    });
    const double walked = seconds([&] {
      const auto walk = network->walk(64, 28);
      for (std::int64_t row = 0; row < 28; ++row) {
        walk->begin_row();
        for (std::int64_t column = 0; column < 28; ++column) {
          walk->at(column);
          walk->put(column, images.select(3, column).select(2, row));
        }
      }
    });
    const double ratio = whole / 4 * 784 / walked;
    RecordProperty(gated ? "gated" : "plain", std::to_string(ratio));
    EXPECT_GT(ratio, 20) << (gated ? "gated" : "plain");
  }
}

}  // namespace
}  // namespace belamy::nn
