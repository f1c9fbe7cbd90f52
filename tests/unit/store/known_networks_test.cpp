#include "store/known_networks.h"

#include <gmock/gmock.h>

#include "trained_networks.h"

namespace belamy {
namespace {

using testing::HasSubstr;

std::int64_t numbers_in(NetworkKind kind, const std::string& without = "nothing") {
  std::int64_t count = 0;
  for (const auto& [name, shape] : tensors_of(kind)) {
    std::int64_t each = 1;
    for (const auto size : shape) each *= size;
    if (name.find(without) == std::string::npos) count += each;
  }
  return count;
}

// The numbers of parameters that the networks' authors and their reimplementations state.
TEST(KnownNetworks, HaveTheirNumbersOfParameters) {
  EXPECT_EQ(tensors_of(NetworkKind::vgg16_conv).size(), 26);
  EXPECT_EQ(numbers_in(NetworkKind::vgg16_conv), 14'714'688);
  EXPECT_EQ(numbers_in(NetworkKind::efficientnet_lite0, "running"), 4'652'008);
  // As PyTorch counts those of pytorch-fid's network.
  EXPECT_EQ(numbers_in(NetworkKind::inception, "running"), 23'850'960);
}

TEST(KnownNetworks, AreRecognisedByTheirTensors) {
  for (const auto kind : {NetworkKind::vgg16_conv, NetworkKind::efficientnet_lite0, NetworkKind::inception}) {
    TrainedFile file(kind);
    file.add("another", {2});
    EXPECT_EQ(recognise(file.decoded()), kind);
  }
  const auto checkpoint = encode_safetensors({}, {{"format", "belamy-checkpoint-1"}});
  EXPECT_EQ(recognise(decode_safetensors(checkpoint, "the test", false)), NetworkKind::belamy_checkpoint);
  EXPECT_EQ(recognise(decode_safetensors(encode_safetensors({}, {}), "the test", false)),
            NetworkKind::unknown);
}

TEST(KnownNetworks, AFaultNamesTheTensorAndBothShapes) {
  TrainedFile file(NetworkKind::vgg16_conv);
  EXPECT_EQ(tensor_fault(file.arrays, NetworkKind::vgg16_conv), "");
  file.add("conv3_2.weight", {256, 256, 1, 1});
  EXPECT_EQ(tensor_fault(file.arrays, NetworkKind::vgg16_conv),
            "tensor 'conv3_2.weight' has the shape [256, 256, 1, 1] instead of [256, 256, 3, 3]");
  file.arrays.erase("conv1_2.bias");
  EXPECT_EQ(tensor_fault(file.arrays, NetworkKind::vgg16_conv),
            "tensor 'conv1_2.bias' of shape [64] is missing");
  EXPECT_EQ(recognise(file.decoded()), NetworkKind::unknown);
  ASSERT_NE(most_like(file.arrays), nullptr);
  EXPECT_EQ(most_like(file.arrays)->kind, NetworkKind::vgg16_conv);
  file.arrays["conv1_1.bias"].dtype = DType::i32;
  EXPECT_THAT(tensor_fault(file.arrays, NetworkKind::vgg16_conv),
              HasSubstr("'conv1_1.bias' has the type I32 instead of"));
}

TEST(KnownNetworks, AnUnknownFileIsLikeNone) {
  TrainedFile file(NetworkKind::unknown);
  file.add("conv1_1.bias", {64});
  EXPECT_EQ(most_like(file.arrays), nullptr);
}

// Most names count first, then the shapes: a file may have all tensors under other names.
TEST(KnownNetworks, TheNearestHasTheNamesOrAllShapes) {
  for (const auto& network : known_networks()) {
    TrainedFile named(NetworkKind::unknown), shaped(NetworkKind::unknown);
    int number = 0;
    for (const auto& [name, shape] : network.tensors) {
      if (++number % 3 > 0) named.add(name, {1});
      shaped.add("x." + name, shape);
    }
    ASSERT_NE(most_like(named.arrays), nullptr) << network.title;
    EXPECT_EQ(most_like(named.arrays)->title, network.title);
    EXPECT_EQ(missing_tensors(named.arrays, network).size(), network.tensors.size() / 3) << network.title;
    ASSERT_NE(most_like(shaped.arrays), nullptr) << network.title;
    EXPECT_EQ(most_like(shaped.arrays)->kind, network.kind);
    shaped.arrays.erase(shaped.arrays.begin());
    EXPECT_EQ(most_like(shaped.arrays), nullptr) << network.title << ": one shape is not there";
  }
}

TEST(KnownNetworks, NamesOfTorchvisionAreNotOurs) {
  TrainedFile file(NetworkKind::unknown);
  for (const auto& network : known_networks())
    if (network.theirs)
      for (const auto& [name, shape] : network.tensors) file.add(name, shape);
  EXPECT_EQ(recognise(file.decoded()), NetworkKind::unknown);
  EXPECT_EQ(vgg16_of_torchvision(file.arrays).size(), 26u);
  EXPECT_EQ(file.arrays.count("features.28.bias"), 1u);
}

}  // namespace
}  // namespace belamy
