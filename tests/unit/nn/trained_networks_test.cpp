#include "trained_networks.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <limits>
#include <torch/torch.h>

#include "errors.h"
#include "nn/efficientnet_lite0.h"
#include "nn/inception.h"
#include "nn/trained.h"
#include "nn/trained_featurizer.h"
#include "nn/vgg16.h"
#include "numbers.h"
#include "objectives/style.h"
#include "tensors/arrays.h"

namespace belamy {
namespace {

using nn::EfficientNetLite0;
using nn::Inception;
using nn::Vgg16;
using testing::AllOf;
using testing::HasSubstr;
using Sizes = std::vector<std::int64_t>;

template <class F>
std::string error_of(F&& function, ExitCode code) {
  return message_of(code, function);
}

const Safetensors& random_vgg16() {
  static const auto file = TrainedFile(NetworkKind::vgg16_conv, true).decoded();
  return file;
}

const Safetensors& random_lite0() {
  static const auto file = TrainedFile(NetworkKind::efficientnet_lite0, true).decoded();
  return file;
}

Tensor random_images(Sizes sizes) {
  return torch::rand(sizes, seeded(3)) * 2 - 1;
}

TEST(Vgg16Test, GivesTheMapsThatAreAskedFor) {
  const Vgg16 network(random_vgg16(), "the test");
  EXPECT_EQ(Vgg16::layers().size(), 18);
  const auto maps = network.features(random_images({2, 3, 35, 49}), {"relu5_3", "relu1_2", "pool2"});
  ASSERT_EQ(maps.size(), 3);
  EXPECT_EQ(maps[0].sizes(), (Sizes{2, 512, 2, 3}));
  EXPECT_EQ(maps[1].sizes(), (Sizes{2, 64, 35, 49}));
  EXPECT_EQ(maps[2].sizes(), (Sizes{2, 128, 8, 12}));
  EXPECT_TRUE(network.features(random_images({1, 3, 8, 8}), {}).empty());
}

// The first layer passes channel k of what the network sees through to map k.
TEST(Vgg16Test, SeesBlueGreenRedFrom0To255MinusTheMeans) {
  TrainedFile file(NetworkKind::vgg16_conv);
  for (std::size_t k = 0; k < 3; ++k) file.values("conv1_1.weight")[(k * 3 + k) * 9 + 4] = 1;
  const Vgg16 network(file.decoded(), "the test");
  auto image = torch::ones({1, 3, 16, 16});
  image.select(1, 0).fill_(1);     // red 255
  image.select(1, 1).fill_(0.6f);  // green 204
  image.select(1, 2).fill_(0.2f);  // blue 153
  const auto seen = network.features(image, {"relu1_1"})[0];
  EXPECT_NEAR(seen[0][0].mean().item<double>(), 153 - 103.939, 1e-3);
  EXPECT_NEAR(seen[0][1].mean().item<double>(), 204 - 116.779, 1e-3);
  EXPECT_NEAR(seen[0][2].mean().item<double>(), 255 - 123.68, 1e-3);
  const auto gray = network.features(torch::ones({1, 1, 16, 16}), {"relu1_1"})[0];
  EXPECT_NEAR(gray[0][0].mean().item<double>(), 255 - 103.939, 1e-3);
  EXPECT_NEAR(gray[0][2].mean().item<double>(), 255 - 123.68, 1e-3);
}

TEST(Vgg16Test, ThatOfTorchvisionSeesNormalisedRedGreenBlue) {
  TrainedFile file(NetworkKind::vgg16_conv);
  for (std::size_t k = 0; k < 3; ++k) file.values("conv1_1.weight")[(k * 3 + k) * 9 + 4] = 1;
  auto content = file.decoded();
  content.metadata[input_key] = torchvision_input;
  auto image = torch::ones({1, 3, 16, 16});  // red 255
  image.select(1, 1).fill_(0.6f);            // green 204
  image.select(1, 2).fill_(0.2f);            // blue 153
  const auto seen = Vgg16(content, "the test").features(image, {"relu1_1"})[0];
  EXPECT_NEAR(seen[0][0].mean().item<double>(), (1 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(seen[0][1].mean().item<double>(), (0.8 - 0.456) / 0.224, 1e-5);
  EXPECT_NEAR(seen[0][2].mean().item<double>(), (0.6 - 0.406) / 0.225, 1e-5);
}

TEST(Vgg16Test, NamesOfTorchvisionAreUnderstood) {
  const auto& arrays = random_vgg16().arrays;
  ArrayMap theirs;
  const int layers[] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
  std::size_t at = 0;
  for (const auto& tensor : tensors_of(NetworkKind::vgg16_conv)) {
    const auto part = tensor.name.substr(tensor.name.find('.'));
    theirs["features." + std::to_string(layers[at]) + part] = arrays.at(tensor.name);
    if (part == ".bias") ++at;
  }
  theirs["classifier.0.bias"] = arrays.at("conv1_1.bias");
  const auto named = vgg16_of_torchvision(theirs);
  ASSERT_EQ(named.size(), 26u);
  for (const auto& [name, array] : named) EXPECT_EQ(array.data, arrays.at(name).data) << name;
  theirs.erase("features.28.bias");
  EXPECT_TRUE(vgg16_of_torchvision(theirs).empty());
}

TEST(Vgg16Test, PoolingIsMaximalOrAverage) {
  TrainedFile file(NetworkKind::vgg16_conv);
  file.values("conv1_1.weight")[4] = 1;  // blue to map 0 of both layers
  file.values("conv1_2.weight")[4] = 1;
  auto image = torch::ones({1, 3, 2, 2});
  image.select(3, 0).fill_(0.8f);
  const auto content = file.decoded();
  const auto pooled = [&](Vgg16::Pooling pooling) {
    return Vgg16(content, "the test", pooling).features(image, {"pool1"})[0][0][0][0][0].item<double>();
  };
  EXPECT_NEAR(pooled(Vgg16::Pooling::max), 255 - 103.939, 1e-3);
  EXPECT_NEAR(pooled(Vgg16::Pooling::average), (255 + 229.5) / 2 - 103.939, 1e-3);
}

TEST(Vgg16Test, RefusesWhatItCannotSee) {
  const Vgg16 network(random_vgg16(), "the test");
  EXPECT_THAT(error_of(
                  [&] {
                    network.features(random_images({1, 3, 15, 40}), {"relu5_1"});
                  },
                  ExitCode::usage),
              AllOf(HasSubstr("relu5_1"), HasSubstr("16 pixels or more, not 40x15")));
  EXPECT_EQ(network.features(random_images({1, 3, 15, 40}), {"relu4_3"})[0].sizes(), (Sizes{1, 512, 1, 5}));
  EXPECT_THAT(error_of(
                  [&] {
                    network.features(random_images({1, 2, 16, 16}), {"relu1_1"});
                  },
                  ExitCode::usage),
              HasSubstr("[1, 2, 16, 16]"));
  EXPECT_THAT(error_of(
                  [&] {
                    network.features(torch::ones({1, 3, 16, 16}, torch::kByte), {"relu1_1"});
                  },
                  ExitCode::usage),
              HasSubstr("Byte"));
  EXPECT_THAT(error_of(
                  [&] {
                    network.features(random_images({1, 3, 16, 16}), {"relu1-2"});
                  },
                  ExitCode::usage),
              AllOf(HasSubstr("no layer 'relu1-2'"), HasSubstr("did you mean 'relu1_2'?")));
}

TEST(Lite0Test, GivesFeaturesAndMapsOfAnySize) {
  const EfficientNetLite0 network(random_lite0(), "the test");
  EXPECT_EQ(EfficientNetLite0::layers().size(), 18);
  const auto maps =
      network.maps(random_images({2, 3, 33, 64}), {"stem", "block0", "block2", "block15", "head"});
  EXPECT_EQ(maps[0].sizes(), (Sizes{2, 32, 17, 32}));
  EXPECT_EQ(maps[1].sizes(), (Sizes{2, 16, 17, 32}));
  EXPECT_EQ(maps[2].sizes(), (Sizes{2, 24, 9, 16}));
  EXPECT_EQ(maps[3].sizes(), (Sizes{2, 320, 2, 2}));
  EXPECT_EQ(maps[4].sizes(), (Sizes{2, 1280, 2, 2}));
  const auto features = network.features(random_images({2, 1, 5, 1}));
  EXPECT_EQ(features.sizes(), (Sizes{2, 1280}));
  EXPECT_GT(features.std().item<double>(), 0);
  EXPECT_EQ(network.logits(features).sizes(), (Sizes{2, 1000}));
}

// The stem and its batch normalisation as the paper's formulas say them, one after the other.
TEST(Lite0Test, FoldedNormsAreTheNorms) {
  TrainedFile file(NetworkKind::efficientnet_lite0, true);
  const auto content = file.decoded();
  const auto image = random_images({1, 3, 16, 16});
  const auto got = EfficientNetLite0(content, "the test").maps(image, {"stem"})[0];
  const auto of = [&](const std::string& name) { return array_tensor(content.arrays.at(name)); };
  const auto seen = ((image + 1) * 127.5 - 127) / 128;
  // Even sides: TensorFlow pads below and to the right only.
  const auto convolved = at::conv2d(at::constant_pad_nd(seen, {0, 1, 0, 1}), of("_conv_stem.weight"), {}, 2);
  const auto expected = at::batch_norm(convolved, of("_bn0.weight"), of("_bn0.bias"), of("_bn0.running_mean"),
                                       of("_bn0.running_var"), false, 0, 1e-3, false)
                            .clamp(0, 6);
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-5);
  EXPECT_GT(expected.mean().item<double>(), 0.1);
}

// Along a direction the difference quotient agrees, and nothing else gets a gradient.
TEST(TrainedNetworks, GradientsReachTheImagesOnly) {
  const Vgg16 vgg(random_vgg16(), "the test", Vgg16::Pooling::average);
  const EfficientNetLite0 lite0(random_lite0(), "the test");
  const auto check = [](const std::function<Tensor(const Tensor&)>& loss, const std::string& name) {
    const auto image = random_images({1, 3, 32, 32}).requires_grad_();
    const auto value = loss(image);
    ASSERT_TRUE(value.requires_grad()) << name;
    const auto gradient = torch::autograd::grad({value}, {image})[0];
    const auto direction = gradient / gradient.norm();
    const torch::NoGradGuard no_grad;
    const double step = 1e-3;
    const auto slope =
        (loss(image + step * direction) - loss(image - step * direction)).item<double>() / (2 * step);
    EXPECT_NEAR(slope, gradient.norm().item<double>(), 0.05 * gradient.norm().item<double>()) << name;
    EXPECT_GT(slope, 0) << name;
  };
  check([&](const Tensor& x) { return vgg.features(x, {"relu3_2"})[0].square().mean(); }, "vgg16");
  // A random network forgets its image on the way, so its first block.
  check([&](const Tensor& x) { return lite0.maps(x, {"block0"})[0].square().mean(); }, "lite0");
  EXPECT_FALSE(vgg.features(random_images({1, 3, 16, 16}), {"relu2_1"})[0].requires_grad());
}

TEST(TrainedNetworks, AFileThatDoesNotFitIsOneError) {
  TrainedFile file(NetworkKind::vgg16_conv);
  file.add("conv2_1.weight", {128, 64, 5, 5});
  EXPECT_EQ(
      error_of([&] { Vgg16(file.decoded(), "F.safetensors"); }, ExitCode::data),
      "'F.safetensors' does not hold vgg16-conv: tensor 'conv2_1.weight' has the shape [128, 64, 5, 5] "
      "instead of [128, 64, 3, 3]\n  'belamy weights info F.safetensors' lists the tensors that it has");
  EXPECT_THAT(error_of([&] { EfficientNetLite0(file.decoded(), "F.safetensors"); }, ExitCode::data),
              HasSubstr("tensor '_conv_stem.weight' of shape [32, 3, 3, 3] is missing"));
  TrainedFile broken(NetworkKind::efficientnet_lite0);
  broken.values("_bn1.bias")[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error_of([&] { EfficientNetLite0(broken.decoded(), "F.safetensors"); }, ExitCode::data),
              HasSubstr("tensor '_bn1.bias' holds a value that is not finite"));
}

TEST(TrainedNetworks, NumbersOfHalfPrecisionAreRead) {
  TrainedFile file(NetworkKind::efficientnet_lite0, true);
  const auto half = array_tensor(file.arrays["_fc.weight"]).to(torch::kHalf);
  file.arrays["_fc.weight"] = {DType::f16, half.sizes().vec(), half.data_ptr(),
                               static_cast<std::size_t>(half.nbytes())};
  const EfficientNetLite0 network(file.decoded(), "the test");
  const auto features = torch::rand({1, 1280}, seeded(1));
  const auto expected = at::linear(features, half.to(torch::kFloat), array_tensor(file.arrays["_fc.bias"]));
  EXPECT_LT((network.logits(features) - expected).abs().max().item<double>(), 1e-5);
}

TEST(TrainedNetworks, ResizingKeepsAFlatImageAndAveragesAFineOne) {
  const auto flat = torch::full({1, 3, 20, 30}, 0.25f);
  EXPECT_LT((nn::resized(flat, 7, 64) - 0.25).abs().max().item<double>(), 1e-6);
  // Stripes of one pixel, which a filter without antialiasing would take for flat black or white.
  const auto stripes = (torch::arange(64) % 2).to(torch::kFloat).expand({1, 1, 64, 64});
  const auto small = nn::resized(stripes, 16, 16);
  EXPECT_EQ(small.sizes(), (Sizes{1, 1, 16, 16}));
  EXPECT_LT((small - 0.5).abs().max().item<double>(), 0.1);
}

// Two columns, 0 and 200, 299 wide: TensorFlow 1 puts column i at i * 2 / 299 of the source, PyTorch puts it at
// (i + 1/2) * 2 / 299 - 1/2. Beyond the middle of the last column both repeat it.
TEST(InceptionTest, ResizesAsEitherTool) {
  auto bytes = torch::zeros({1, 1, 3, 2}, torch::kByte);
  bytes.select(3, 1).fill_(200);
  const auto at = [&](Inception::Input kind, std::int64_t column) {
    const auto seen = Inception::input(bytes, kind);
    EXPECT_EQ(seen.sizes(), (Sizes{1, 3, 299, 299}));
    EXPECT_TRUE(seen.select(1, 0).equal(seen.select(1, 2))) << "gray in three channels";
    return seen[0][0][150][column].item<double>();
  };
  for (const std::int64_t column : {0, 1, 60, 149, 150, 200, 298}) {
    const auto place = static_cast<double>(column) * 2 / 299,
               centred = (static_cast<double>(column) + 0.5) * 2 / 299 - 0.5;
    EXPECT_NEAR(at(Inception::Input::tensorflow, column), (200 * std::min(place, 1.0) - 128) / 128, 1e-5)
        << column;
    EXPECT_NEAR(at(Inception::Input::pytorch, column), 2 * 200 * std::clamp(centred, 0.0, 1.0) / 255 - 1,
                1e-5)
        << column;
  }
}

TEST(InceptionTest, RefusesWhatItCannotSee) {
  const auto refusal = [](const Tensor& images) {
    return error_of([&] { Inception::input(images, Inception::Input::tensorflow); }, ExitCode::usage);
  };
  EXPECT_THAT(refusal(random_images({1, 3, 16, 16})), HasSubstr("of bytes, not Float [1, 3, 16, 16]"));
  EXPECT_THAT(refusal(torch::zeros({1, 2, 16, 16}, torch::kByte)), HasSubstr("[1, 2, 16, 16]"));
  TrainedFile file(NetworkKind::inception);
  file.arrays.erase("Mixed_7c.branch_pool.bn.running_var");
  EXPECT_THAT(
      error_of([&] { Inception(file.decoded(), "F"); }, ExitCode::data),
      AllOf(HasSubstr("'F' does not hold inception"), HasSubstr("Mixed_7c.branch_pool.bn.running_var")));
}

}  // namespace
}  // namespace belamy
