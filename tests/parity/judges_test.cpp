// Inception and the figures that are taken with it against pytorch-fid and torch-fidelity: make_judge_fixtures.py wrote the
// fixture.
#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "fixture.h"
#include "metrics/frechet.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"
#include "metrics/numpy_permutation.h"
#include "nn/inception.h"
#include "trained_networks.h"

namespace belamy {
namespace {

using torch::Tensor;

// The formula of the script.
std::uint32_t bits_of(std::uint32_t stream, std::uint32_t place) {
  auto x = place * 2654435761u + stream * 40503u;
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

double uniform_at(std::uint32_t stream, std::size_t place) {
  return bits_of(stream, static_cast<std::uint32_t>(place)) / 4294967296.0;
}

Tensor formula_uniform(std::uint32_t stream, std::int64_t rows, std::int64_t columns) {
  auto made = torch::empty({rows, columns}, torch::kDouble);
  auto* values = made.data_ptr<double>();
  for (std::int64_t i = 0; i < made.numel(); ++i) values[i] = uniform_at(stream, static_cast<std::size_t>(i));
  return made;
}

Tensor formula_image(std::uint32_t stream, const std::vector<std::int64_t>& sizes) {
  auto made = torch::empty(sizes, torch::kByte);
  auto* values = made.data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < made.numel(); ++i)
    values[i] = static_cast<std::uint8_t>(bits_of(stream, static_cast<std::uint32_t>(i)) >> 24);
  return made;
}

nn::Inception formula_inception() {
  TrainedFile file(NetworkKind::inception);
  std::uint32_t stream = 0;
  for (const auto& [name, array] : file.arrays) {  // in the order of their names
    const auto count = array.bytes / sizeof(float);
    const auto inputs = static_cast<double>(count) / static_cast<double>(array.shape[0]);
    auto* values = file.values(name);
    for (std::size_t i = 0; i < count; ++i) {
      const auto u = uniform_at(stream, i);
      values[i] = static_cast<float>(array.shape.size() > 1          ? (u - 0.5) * std::sqrt(24 / inputs)
                                     : name.ends_with("running_var") ? u + 0.5
                                     : name.ends_with("bn.weight")   ? 0.4 * u + 0.8
                                                                     : 0.4 * (u - 0.5));
    }
    ++stream;
  }
  return {file.decoded(), "the test"};
}

class JudgesParity : public testing::Test {
 protected:
  static void SetUpTestSuite() { fixture_ = Fixture("judges.safetensors"); }

  /// The kept values of an output and the root of its mean square.
  static void expect_output(const Tensor& got, const std::string& name) {
    const auto values = fixture_.of(name + "/values");
    const auto scale = fixture_.of(name + "/size").item<double>();
    const auto flat = got.contiguous().flatten();
    const auto kept = values.numel();
    const auto places = (torch::arange(kept) * (flat.numel() - 1)).floor_divide(kept - 1);
    EXPECT_LT((flat.index_select(0, places) - values).abs().max().item<double>(), 1e-4 * scale) << name;
    EXPECT_NEAR(flat.square().mean().sqrt().item<double>(), scale, 1e-4 * scale) << name;
  }
  static double kept(const std::string& name, std::int64_t i) { return fixture_.of(name)[i].item<double>(); }
  static void expect_near(double got, double expected, const std::string& name) {
    EXPECT_NEAR(got, expected, 1e-6 * std::abs(expected)) << name;
  }

  inline static Fixture fixture_;
};

TEST_F(JudgesParity, Inception) {
  using Input = nn::Inception::Input;
  const auto network = formula_inception();
  const torch::NoGradGuard no_grad;
  struct Example {
    std::string name;
    std::uint32_t stream;
    std::vector<std::int64_t> sizes;
  };
  for (const auto& [name, stream, sizes] : std::vector<Example>{{"small", 1001, {2, 3, 32, 32}},
                                                                {"gray", 1002, {1, 1, 28, 45}},
                                                                {"large", 1003, {1, 3, 310, 401}},
                                                                {"fitting", 1004, {1, 3, 299, 299}}}) {
    const auto image = formula_image(stream, sizes);
    expect_output(network.features(nn::Inception::input(image, Input::pytorch)), name + "/pytorch");
    const auto features = network.features(nn::Inception::input(image, Input::tensorflow));
    ASSERT_EQ(features.sizes(), (std::vector<std::int64_t>{sizes[0], nn::Inception::feature_count}));
    expect_output(features, name + "/tensorflow");
    expect_output(network.unbiased_logits(features), name + "/logits");
  }
}

// Both tools, one with a root of the product of the covariances and one with its eigenvalues.
TEST_F(JudgesParity, FrechetDistance) {
  const auto found = frechet_distance(formula_uniform(2001, 300, 24).cumsum(1),
                                      formula_uniform(2002, 260, 24).cumsum(1) * 0.9 + 0.2);
  const auto singular = frechet_distance(formula_uniform(2003, 20, 24).cumsum(1),
                                         formula_uniform(2004, 18, 24).cumsum(1) * 0.9 + 0.2);
  for (const int tool : {0, 1}) {
    expect_near(found, kept("frechet/full", tool), "full");
    expect_near(singular, kept("frechet/singular", tool), "singular");
  }
}

TEST_F(JudgesParity, KernelDistance) {
  const auto found =
      kernel_distance(formula_uniform(3001, 1100, 8) * 4, formula_uniform(3002, 1050, 8) * 3.6 + 0.2);
  expect_near(found.mean, kept("kernel", 0), "mean");
  expect_near(found.deviation, kept("kernel", 1), "deviation");
}

TEST_F(JudgesParity, InceptionScore) {
  const auto found = inception_score((formula_uniform(4001, 1013, 30) - 0.5) * 8);
  expect_near(found.mean, kept("score", 0), "mean");
  expect_near(found.deviation, kept("score", 1), "deviation");
}

TEST_F(JudgesParity, OrdersOfNumpy) {
  NumpyPermutation permutation(2020);
  EXPECT_TRUE(torch::tensor(permutation(1000)).equal(fixture_.of("order/first")));
  EXPECT_TRUE(torch::tensor(permutation(7)).equal(fixture_.of("order/second")));
}

}  // namespace
}  // namespace belamy
