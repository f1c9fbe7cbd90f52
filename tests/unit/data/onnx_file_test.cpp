#include "data/onnx_file.h"

#include <cstring>
#include <gmock/gmock.h>

#include "errors.h"
#include "export/protobuf.h"

namespace belamy {
namespace {

using testing::HasSubstr;

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

Message tensor(const std::string& name, std::int64_t type, const std::vector<std::int64_t>& shape) {
  Message made;
  for (const auto size : shape) made.integer(1, size);
  made.integer(2, type);
  made.text(8, name);
  return made;
}
std::string file(const std::vector<Message>& tensors) {
  Message model, graph;
  for (const auto& each : tensors) graph.message(5, each);
  model.integer(1, 8);
  model.message(7, graph);
  return model.bytes();
}
std::string refusal(const std::string& bytes) {
  return message_of(ExitCode::data, [&] { read_onnx_file(bytes, "F.onnx"); });
}

TEST(OnnxFile, InitialisersComeByName) {
  auto raw = tensor("conv.weight", 1, {2, 1});
  raw.text(9, floats({1, 2}));
  auto plain = tensor("conv.bias", 1, {3});
  plain.text(4, floats({3, 4, 5}));
  auto whole = tensor("count", 7, {});
  whole.integer(7, -9);
  const auto read = read_onnx_file(file({raw, plain, whole}), "F.onnx");
  ASSERT_EQ(read.arrays.size(), 3u);
  EXPECT_EQ(read.arrays.at("conv.weight").shape, (std::vector<std::int64_t>{2, 1}));
  float values[3];
  std::memcpy(values, read.arrays.at("conv.bias").data, sizeof values);
  EXPECT_EQ(values[2], 5);
  std::int64_t count = 0;
  std::memcpy(&count, read.arrays.at("count").data, sizeof count);
  EXPECT_EQ(count, -9);
}

// Packed numbers may be none: the shape of a single value.
TEST(OnnxFile, AnEmptyShapeIsThatOfOneValue) {
  auto one = tensor("one", 1, {});
  one.text(1, "");
  one.text(9, floats({7}));
  const auto read = read_onnx_file(file({one}), "F.onnx");
  EXPECT_TRUE(read.arrays.at("one").shape.empty());
  auto deep = tensor("deep", 1, std::vector<std::int64_t>(65, 1));
  deep.text(9, floats({7}));
  EXPECT_THAT(refusal(file({deep})), HasSubstr("damaged"));
}

TEST(OnnxFile, DamageIsNamed) {
  auto sound = tensor("w", 1, {2});
  sound.text(9, floats({1, 2}));
  const auto whole = file({sound});
  auto large = tensor("w", 1, {std::int64_t{1} << 40, std::int64_t{1} << 40});
  large.text(9, floats({1}));
  EXPECT_THAT(refusal(file({large})), HasSubstr("damaged"));
  EXPECT_THAT(refusal(file({})), HasSubstr("no weights"));
  EXPECT_THAT(refusal("hello"), HasSubstr("F.onnx"));
  auto strange = tensor("w", 8, {1});
  EXPECT_THAT(refusal(file({strange})), HasSubstr("a type that weights do not have"));
  auto outside = tensor("w", 1, {1});
  outside.integer(14, 1);
  EXPECT_THAT(refusal(file({outside})), HasSubstr("'w' is in another file"));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto other = whole;
    other[at] = static_cast<char>(other[at] ^ 0x81);
    for (const auto& bytes : {whole.substr(0, at), other}) {
      try {
        read_onnx_file(bytes, "F.onnx");
      } catch (const Error& error) {
        EXPECT_NE(error.code(), ExitCode::internal);
      }
    }
  }
}

}  // namespace
}  // namespace belamy
