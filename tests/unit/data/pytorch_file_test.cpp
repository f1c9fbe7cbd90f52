#include "data/pytorch_file.h"

#include <cstring>
#include <gmock/gmock.h>

#include "errors.h"
#include "unit/data/pytorch_samples.h"

namespace belamy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using namespace pytorch_samples;

std::vector<float> values(const Array& array) {
  std::vector<float> all(array.bytes / sizeof(float));
  std::memcpy(all.data(), array.data, array.bytes);
  return all;
}
std::string refusal(const std::string& bytes) {
  return message_of(ExitCode::data, [&] { read_pytorch_file(bytes, "F.pth"); });
}

TEST(PytorchFile, TensorsComeByName) {
  const auto bytes =
      file(dictionary(text("conv.weight") + tensor("0", 0, {2, 3}, {3, 1}) + text("conv.bias") +
                      tensor("0", 4, {2}, {1}) + text("epoch") + integer(7)));
  EXPECT_TRUE(is_pytorch_file(bytes));
  const auto read = read_pytorch_file(bytes, "F.pth");
  ASSERT_EQ(read.arrays.size(), 2u);
  EXPECT_EQ(read.arrays.at("conv.weight").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(values(read.arrays.at("conv.weight")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values(read.arrays.at("conv.bias")), (std::vector<float>{5, 6}));
}

TEST(PytorchFile, StridesArePutInOrder) {
  const auto read = read_pytorch_file(file(dictionary(text("w") + tensor("0", 0, {3, 2}, {1, 3}) +
                                                      text("row") + tensor("0", 1, {2, 2}, {0, 1}))),
                                      "F.pth");
  EXPECT_EQ(values(read.arrays.at("w")), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(values(read.arrays.at("row")), (std::vector<float>{2, 3, 2, 3}));
}

TEST(PytorchFile, DictionariesInDictionariesAreNamedByTheirWay) {
  const auto inner = dictionary(text("w") + tensor("0", 0, {6}, {1}));
  const auto read = read_pytorch_file(file(dictionary(text("model") + inner)), "F.pth");
  EXPECT_EQ(read.arrays.count("model.w"), 1u);
}

TEST(PytorchFile, ThoseOfTheOldKindAreRead) {
  const auto one = tensor_of("k", integer(0), sizes({2}), sizes({1}), "FloatStorage", "N");
  const auto bytes =
      old_file(dictionary(text("w") + one), "](" + text("k") + "e", number(2, 8) + floats({8, 9}));
  EXPECT_TRUE(is_pytorch_file(bytes));
  EXPECT_EQ(values(read_pytorch_file(bytes, "F.pth").arrays.at("w")), (std::vector<float>{8, 9}));
}

TEST(PytorchFile, NothingIsRun) {
  EXPECT_THAT(refusal(file("cos\nsystem\n" + tuple(text("touch owned")) + "R")),
              HasSubstr("an object of Python, 'os.system'"));
  EXPECT_THAT(refusal(file("c__builtin__\neval\n" + tuple(text("1")) + "R")),
              HasSubstr("save the tensors alone"));
  EXPECT_THAT(refusal(file(text("os") + text("system") + "\x93" + tuple("") + "R")),
              HasSubstr("'os.system'"));
  EXPECT_THAT(refusal(file("}i")), HasSubstr("operation 0x69"));
}

TEST(PytorchFile, DamageIsNamed) {
  const auto whole = file(dictionary(text("w") + tensor("0", 0, {6}, {1})));
  EXPECT_THAT(refusal(file(dictionary(text("w") + tensor("0", 1, {6}, {1})))),
              HasSubstr("tensor 'w' is larger than its storage"));
  EXPECT_THAT(refusal(file(dictionary(text("w") + tensor("0", 0, {2000000000, 2000000000}, {0, 0})))),
              HasSubstr("tensor 'w'"));
  EXPECT_THAT(refusal(file(dictionary(text("w") + tensor("9", 0, {6}, {1})))),
              HasSubstr("the storage of tensor 'w' is missing"));
  EXPECT_THAT(refusal(file(dictionary(text("w") + integer(1)))), HasSubstr("no dictionary of tensors"));
  EXPECT_THAT(refusal(zip({{"a/other", "x"}})), HasSubstr("was not written by torch.save"));
  EXPECT_THAT(refusal(zip({{"a/data.pkl", "x"}}, 8)), HasSubstr("is compressed"));
  // Whatever is cut off or changed: read, or refused in words.
  for (std::size_t size = 0; size < whole.size(); ++size) {
    try {
      read_pytorch_file(whole.substr(0, size), "F.pth");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
    }
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {1, 0x80, 0xff}) {
      auto other = whole;
      other[at] = static_cast<char>(other[at] ^ change);
      try {
        read_pytorch_file(other, "F.pth");
      } catch (const Error& error) {
        EXPECT_NE(error.code(), ExitCode::ok);
      }
    }
  }
}

TEST(PytorchFile, DictionariesThatHoldOneAnotherEnd) {
  // A dictionary in itself: made, remembered, put into itself.
  EXPECT_THAT(refusal(file("}q\x01(" + text("me") + "h\x01u")), HasSubstr("hold one another"));
}

// The values of a tensor may look like the parts of a zip file.
TEST(PytorchFile, Zip64IsFoundByItsLocator) {
  const auto content = dictionary(text("w") + tensor("0", 0, {6}, {1}));
  EXPECT_EQ(
      values(read_pytorch_file(file(content, floats({1, 2, 3, 4, 5, 6}), true), "F.pth").arrays.at("w")),
      (std::vector<float>{1, 2, 3, 4, 5, 6}));
  const auto lookalike = std::string("PK\x06\x06") + std::string(20, '\x7f');
  for (const bool wide : {false, true}) {
    const auto read = read_pytorch_file(file(content, lookalike, wide), "F.pth");
    EXPECT_EQ(std::string(static_cast<const char*>(read.arrays.at("w").data), 24), lookalike);
  }
}

TEST(PytorchFile, SizesThatNoNumberHoldsAreRefused) {
  const auto with = [&](std::uint64_t offset, const std::string& shape, const std::string& strides) {
    return file(dictionary(text("w") + tensor_of("0", long_integer(offset), tuple(shape), tuple(strides))));
  };
  const auto huge = std::uint64_t{1} << 62;
  for (const auto& bytes :
       {with(0, long_integer(huge) + integer(4) + integer(0), integer(0) + integer(0) + integer(0)),
        with(0, long_integer(huge) + long_integer(huge), integer(0) + integer(0)),
        with(0, integer(5), long_integer(huge)), with(~std::uint64_t{0} >> 1, integer(2), integer(1)),
        with(6, integer(1), integer(1))})
    EXPECT_THAT(refusal(bytes), HasSubstr("tensor 'w' is larger than its storage"));
  EXPECT_EQ(read_pytorch_file(with(5, integer(1), long_integer(huge)), "F.pth").arrays.at("w").bytes, 4u);
}

TEST(PytorchFile, NamesOfTheFileAreHarmless) {
  EXPECT_THAT(refusal(file(dictionary(text("a\x1b[2J") + tensor("9", 0, {6}, {1})))),
              AllOf(HasSubstr("\\u001b"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(refusal(file("cos\x1b[2J\nsystem\n" + tuple("") + "R")), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace belamy
