// Networks that were trained elsewhere against PyTorch: make_trained_fixtures.py wrote the fixture.
#include "nn/trained.h"

#include <algorithm>
#include <cstdlib>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "data/weights.h"
#include "fixture.h"
#include "nn/efficientnet_lite0.h"
#include "nn/vgg16.h"
#include "tensors/image_tensors.h"

namespace belamy {
namespace {

class TrainedParity : public testing::Test {
 protected:
  static void SetUpTestSuite() { fixture_ = Fixture("trained.safetensors"); }

  /// Skips the test where the very weights behind the fixture are not at hand.
  void need(const std::string& name) {
    try {
      weights_ = read_weights(name);
    } catch (const Error&) {
      GTEST_SKIP() << "set BELAMY_WEIGHTS to the folder that holds " << name << ".safetensors";
    }
    if (weights_.file.sha256 != fixture_.metadata().at(name))
      GTEST_SKIP() << weights_.file.path << " is not the file that the fixture was made with";
  }
  static Tensor image(const std::string& name) { return to_model_range(fixture_.of(name)); }
  /// The kept values of a map and the root of its mean square.
  static void expect_map(const Tensor& got, const std::string& name, double tolerance = 1e-4) {
    const auto values = fixture_.of(name + "/values"), size = fixture_.of(name + "/size");
    const auto flat = got.detach().contiguous().flatten();
    const auto kept = values.numel();
    const auto places =
        (torch::arange(kept) * (flat.numel() - 1)).floor_divide(std::max<std::int64_t>(kept - 1, 1));
    const auto scale = size.item<double>();
    EXPECT_LT((flat.index_select(0, places) - values).abs().max().item<double>(), tolerance * scale) << name;
    EXPECT_NEAR(flat.square().mean().sqrt().item<double>(), scale, tolerance * scale) << name;
  }

  inline static Fixture fixture_;
  Weights weights_;
};

TEST_F(TrainedParity, Vgg16) {
  need("vgg16-conv");
  if (IsSkipped()) return;
  const nn::Vgg16 network(weights_.content, "the weights");
  const auto maps = network.features(image("vgg16/image"), nn::Vgg16::layers());
  for (std::size_t i = 0; i < maps.size(); ++i) expect_map(maps[i], "vgg16/" + nn::Vgg16::layers()[i]);
  expect_map(network.features(image("vgg16/gray/image"), {"relu5_3"})[0], "vgg16/gray/relu5_3");
  const auto input = image("vgg16/image").requires_grad_();
  const auto loss = network.features(input, {"relu4_2"})[0].square().mean();
  expect_map(torch::autograd::grad({loss}, {input})[0], "vgg16/gradient", 1e-3);
}

TEST_F(TrainedParity, EfficientNetLite0) {
  need("efficientnet-lite0");
  if (IsSkipped()) return;
  const nn::EfficientNetLite0 network(weights_.content, "the weights");
  const auto& layers = nn::EfficientNetLite0::layers();
  for (const std::string size : {"lite0/even/", "lite0/odd/"}) {
    const auto input = image(size + "image").requires_grad_();
    const auto maps = network.maps(input, layers);
    for (std::size_t i = 0; i < maps.size(); ++i) expect_map(maps[i], size + layers[i]);
    const auto features = network.features(input);
    ASSERT_EQ(features.sizes(), (std::vector<std::int64_t>{1, nn::EfficientNetLite0::feature_count}));
    expect_map(features, size + "features");
    expect_map(network.logits(features), size + "logits");
    expect_map(torch::autograd::grad({features.square().sum()}, {input})[0], size + "gradient", 1e-3);
  }
}

// Needs no weights: the size of a picture is changed before it gets to a network.
TEST_F(TrainedParity, ResizedPictures) {
  expect_map(nn::resized(image("resize/image"), 9, 17), "resize/smaller", 1e-5);
  expect_map(nn::resized(image("resize/image"), 40, 50), "resize/larger", 1e-5);
}

}  // namespace
}  // namespace belamy
