#include "data/tensor_map.h"

#include <gmock/gmock.h>

#include "errors.h"
#include "trained_networks.h"

namespace belamy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TensorMapTest : public testing::Test {
 protected:
  TensorMapTest() {
    for (const auto& [name, array] : vgg16_.arrays) theirs_["net." + name] = array;
  }
  ArrayMap mapped(const std::string& map) const {
    return TensorMap(map, "map.txt").network_in(theirs_, "F.pth");
  }
  std::string refusal(const std::string& map, ExitCode code) const {
    return message_of(code, [&] { mapped(map); });
  }

  TrainedFile vgg16_{NetworkKind::vgg16_conv};
  ArrayMap theirs_;  // "net.conv1_1.weight", ...
};

TEST_F(TensorMapTest, NamesAndBeginningsAreReplaced) {
  theirs_["first"] = theirs_.extract("net.conv1_1.weight").mapped();
  theirs_["conv5_3.bias"] = theirs_.extract("net.conv5_3.bias").mapped();  // has its name already
  theirs_["net.head.weight"] = vgg16_.arrays.at("conv1_1.bias");
  const auto named = mapped("\xef\xbb\xbf# ours\r\n\r\n  first=conv1_1.weight\r\nnet.* = *\nnet.head.* = -");
  ASSERT_EQ(named.size(), 26u);
  for (const auto& [name, array] : named) EXPECT_EQ(array.data, vgg16_.arrays.at(name).data) << name;
}

// "net.conv5_*" is longer than "net.*", and a whole name is more exact than both.
TEST_F(TensorMapTest, TheMostExactLineCounts) {
  std::swap(theirs_.at("net.conv5_1.bias"), theirs_["net.conv5_x"]);
  theirs_.erase("net.conv5_1.bias");
  const auto named = mapped("net.* = *\nnet.conv5_x = conv5_1.bias\nnet.conv5_* = conv5_*\n");
  EXPECT_EQ(named.at("conv5_1.bias").data, vgg16_.arrays.at("conv5_1.bias").data);
  EXPECT_THAT(refusal("net.* = *\nnet.con* = con*\n", ExitCode::usage),
              AllOf(HasSubstr("map.txt, line 1: other lines are more exact for every tensor of 'net.*'"),
                    HasSubstr("remove this line")));
  EXPECT_THAT(
      refusal("net.* = *\nnet.conv1_1.bias* = x*\nnet.conv1_1.bias = conv1_1.bias\n", ExitCode::usage),
      HasSubstr("map.txt, line 2: other lines are more exact"));
}

TEST_F(TensorMapTest, ALineThatIsNoneIsNamed) {
  const auto fault = [&](const std::string& line) { return refusal("net.* = *\n" + line, ExitCode::usage); };
  EXPECT_THAT(fault("a b"),
              AllOf(HasSubstr("map.txt, line 2: there must be one '='"), HasSubstr("THEIR.NAME")));
  EXPECT_THAT(fault("a = b = c"), HasSubstr("there must be one '='"));
  EXPECT_THAT(fault("= b"), HasSubstr("line 2: a name is missing"));
  EXPECT_THAT(fault("a ="), AllOf(HasSubstr("line 2: a name is missing"), HasSubstr("'= -'")));
  EXPECT_THAT(fault("a.*.b = c"), HasSubstr("'*' stands only once, at the end"));
  EXPECT_THAT(fault("a = *c"), HasSubstr("'*' stands only once, at the end"));
  EXPECT_THAT(fault("a.* = c"), HasSubstr("'*' stands at the end of one name only"));
  EXPECT_THAT(fault("a = c.*"), HasSubstr("'*' stands at the end of one name only"));
  EXPECT_THAT(fault("\n\nnet.* = x*"), HasSubstr("map.txt, line 4: line 1 is for 'net.*' as well"));
  EXPECT_THAT(fault("a\x1b[2J ="), Not(HasSubstr("\x1b")));
  EXPECT_THAT(refusal("# nothing\n", ExitCode::usage), HasSubstr("map.txt: this map has no line"));
  EXPECT_THAT(refusal(std::string("a\0=\0b\0", 6), ExitCode::usage), HasSubstr("not UTF-8"));
}

TEST_F(TensorMapTest, ALineForNoTensorIsNamed) {
  EXPECT_THAT(refusal("net.* = *\nnet.conv1_1.wieght = x\n", ExitCode::usage),
              AllOf(HasSubstr("map.txt, line 2: 'F.pth' has no tensor 'net.conv1_1.wieght'"),
                    HasSubstr("did you mean 'net.conv1_1.weight'?"), HasSubstr("belamy weights info F.pth")));
  EXPECT_THAT(refusal("net.* = *\nfeatures.* = -\n", ExitCode::usage),
              HasSubstr("map.txt, line 2: 'F.pth' has no tensor 'features.*'"));
}

TEST_F(TensorMapTest, TwoTensorsOfOneNameAreNamedWithTheirLines) {
  EXPECT_THAT(refusal("net.* = *\nnet.conv1_1.bias = conv1_2.bias\n", ExitCode::usage),
              AllOf(HasSubstr("map.txt, line 2: two tensors of 'F.pth' become 'conv1_2.bias'"),
                    HasSubstr("'net.conv1_1.bias' by map.txt, line 2"),
                    HasSubstr("'net.conv1_2.bias' by map.txt, line 1"), HasSubstr("'= -'")));
  EXPECT_THAT(refusal("net.conv1_2.bias = conv1_1.bias\nnet.* = *\n", ExitCode::usage),
              HasSubstr("map.txt, line 1: two tensors of 'F.pth' become 'conv1_1.bias'"));
  theirs_["conv1_1.bias"] = theirs_["net.conv1_1.bias"];
  EXPECT_THAT(refusal("net.* = *\n", ExitCode::usage),
              AllOf(HasSubstr("map.txt, line 1: two tensors of 'F.pth' become 'conv1_1.bias'"),
                    HasSubstr("'conv1_1.bias' in the file")));
}

TEST_F(TensorMapTest, WhatIsMissingIsListed) {
  EXPECT_THAT(refusal("net.* = *\nnet.conv3_* = -\nnet.conv1_1.bias = -\n", ExitCode::data),
              AllOf(HasSubstr("'F.pth': after map.txt, it has 19 of the 26 tensors of vgg16-conv; missing: "
                              "'conv1_1.bias' [64], 'conv3_1.weight' [256, 128, 3, 3], 'conv3_1.bias' [256]"),
                    HasSubstr(", ...\n"), HasSubstr("add lines to the map")));
  EXPECT_THAT(refusal("net.* = other.*\n", ExitCode::data),
              AllOf(HasSubstr("no tensor has a name of a network that Belamy knows"),
                    HasSubstr("belamy weights networks")));
}

TEST_F(TensorMapTest, AnotherShapeOrTypeIsNamed) {
  const auto put = [&](const std::string& name, const std::vector<std::int64_t>& shape, DType dtype) {
    vgg16_.add("x", shape);
    theirs_[name] = vgg16_.arrays.at("x");
    theirs_[name].dtype = dtype;
  };
  put("net.conv2_1.weight", {128, 64, 5, 5}, DType::f32);
  EXPECT_THAT(refusal("net.* = *\n", ExitCode::data),
              AllOf(HasSubstr("'F.pth': 'conv2_1.weight' ('net.conv2_1.weight' by map.txt, line 1) has the "
                              "shape [128, 64, 5, 5] instead of [128, 64, 3, 3]"),
                    HasSubstr("name another tensor")));
  put("net.conv2_1.weight", {3, 3, 64, 128}, DType::f32);
  EXPECT_THAT(refusal("net.* = *\n", ExitCode::data),
              AllOf(HasSubstr("[3, 3, 64, 128] instead of [128, 64, 3, 3]"), HasSubstr("permute them")));
  put("net.conv2_1.weight", {128, 64, 3, 3}, DType::i32);
  EXPECT_THAT(refusal("net.* = *\n", ExitCode::data), HasSubstr("has the type I32 instead of F32"));
}

TEST_F(TensorMapTest, WhatIsLeftOverIsNamed) {
  theirs_["net.fc6.weight"] = vgg16_.arrays.at("conv1_1.bias");
  EXPECT_THAT(
      refusal("net.* = *\n", ExitCode::data),
      AllOf(HasSubstr("'F.pth': tensor 'net.fc6.weight' [64] is left over: vgg16-conv has no 'fc6.weight'"),
            HasSubstr("name it otherwise in map.txt, line 1, or leave it out with '= -'")));
  EXPECT_THAT(refusal("net.conv* = conv*\n", ExitCode::data),
              HasSubstr("add the line 'net.fc6.weight = -' to map.txt to leave it out"));
  EXPECT_EQ(mapped("net.* = *\nnet.fc6.weight = -\n").size(), 26u);
}

// The count of batches that a norm has seen belongs to files of this network, and is of no use here.
TEST_F(TensorMapTest, SurplusOfANetworkIsNoError) {
  TrainedFile lite0(NetworkKind::efficientnet_lite0);
  theirs_.clear();
  for (const auto& [name, array] : lite0.arrays) theirs_["net." + name] = array;
  theirs_["net._bn0.num_batches_tracked"] = lite0.arrays.at("_bn0.bias");
  EXPECT_EQ(mapped("net.* = *\n").size(), lite0.arrays.size());
}

}  // namespace
}  // namespace belamy
