#include "store/safetensors.h"

#include <cstring>
#include <gmock/gmock.h>

#include "core/sha256.h"
#include "errors.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A file made by hand, as another program may write it: the length, the header, the data.
std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

/// The message of the storage error that decoding gives, up to the hint.
std::string error_of(const std::string& bytes, bool require_digest = false) {
  try {
    decode_safetensors(bytes, "x.safetensors", require_digest);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::storage);
    const std::string text = error.what();
    return text.substr(0, text.find('\n'));
  }
  return "no error";
}

template <typename T>
std::vector<T> values_of(const Array& array) {
  std::vector<T> values(array.bytes / sizeof(T));
  if (array.bytes > 0) std::memcpy(values.data(), array.data, array.bytes);
  return values;
}

const float weights[] = {1.5f, -2, 0, 3e30f, 0.1f, 6};
const std::uint8_t flags[] = {1, 0, 1};
const std::int64_t counter[] = {-7};

ArrayMap example() {
  return {{"a.flags", {DType::boolean, {3}, flags, 3}},
          {"b.weight", {DType::f32, {2, 3}, weights, sizeof weights}},
          {"c.step", {DType::i64, {}, counter, sizeof counter}},
          {"d.empty", {DType::f16, {0, 4}, nullptr, 0}}};
}

TEST(SafetensorsTest, ComesBackAsItWent) {
  const StringMap metadata = {{"model", "vae"}, {"quote", "\"sha256\":\"0\" \\ \n"}};
  const Safetensors file = decode_safetensors(encode_safetensors(example(), metadata), "x", true);
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.arrays.size(), 4u);
  EXPECT_THAT(file.arrays.at("b.weight").shape, ElementsAre(2, 3));
  EXPECT_EQ(file.arrays.at("b.weight").dtype, DType::f32);
  EXPECT_THAT(values_of<float>(file.arrays.at("b.weight")), ElementsAre(1.5f, -2, 0, 3e30f, 0.1f, 6));
  EXPECT_THAT(values_of<std::int64_t>(file.arrays.at("c.step")), ElementsAre(-7));
  EXPECT_TRUE(file.arrays.at("c.step").shape.empty());
  EXPECT_THAT(values_of<std::uint8_t>(file.arrays.at("a.flags")), ElementsAre(1, 0, 1));
  EXPECT_EQ(file.arrays.at("d.empty").bytes, 0u);
}

TEST(SafetensorsTest, EveryTypeComesBack) {
  const char zeros[8] = {};
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::i32,
                            DType::i16, DType::i8, DType::u8, DType::boolean}) {
    const auto bytes = encode_safetensors({{"a", {dtype, {1}, zeros, item_size(dtype)}}}, {});
    EXPECT_EQ(decode_safetensors(bytes, "x", true).arrays.at("a").dtype, dtype);
  }
}

TEST(SafetensorsTest, TheLayoutIsTheFormats) {
  const std::string bytes = encode_safetensors(example(), {{"m", "1"}});
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  const std::string header = bytes.substr(8, length);
  const std::string digest = header.substr(header.find("\"sha256\":\"") + 10, 64);
  EXPECT_EQ(header.substr(0, header.find_last_not_of(' ') + 1),
            R"({"__metadata__":{"m":"1","sha256":")" + digest +
                R"("},"a.flags":{"data_offsets":[32,35],"dtype":"BOOL","shape":[3]},)"
                R"("b.weight":{"data_offsets":[8,32],"dtype":"F32","shape":[2,3]},)"
                R"("c.step":{"data_offsets":[0,8],"dtype":"I64","shape":[]},)"
                R"("d.empty":{"data_offsets":[32,32],"dtype":"F16","shape":[0,4]}})");
  EXPECT_EQ(bytes.size(), 8 + length + 35);
  // Anyone can check the digest: put zeros in its place and hash.
  std::string zeroed = bytes;
  zeroed.replace(zeroed.find(digest), 64, std::string(64, '0'));
  EXPECT_EQ(sha256_hex(zeroed), digest);
}

TEST(SafetensorsTest, SameContentSameBytes) {
  EXPECT_EQ(encode_safetensors(example(), {{"a", "b"}}), encode_safetensors(example(), {{"a", "b"}}));
}

TEST(SafetensorsTest, NothingAtAllIsAFileToo) {
  const Safetensors file = decode_safetensors(encode_safetensors({}, {}), "x", true);
  EXPECT_TRUE(file.arrays.empty());
  EXPECT_TRUE(file.metadata.empty());
}

TEST(SafetensorsTest, ArraysStayValidWhenTheFileMoves) {
  Safetensors file = decode_safetensors(encode_safetensors(example(), {}), "x", true);
  const Safetensors moved = std::move(file);
  EXPECT_THAT(values_of<std::int64_t>(moved.arrays.at("c.step")), ElementsAre(-7));
}

TEST(SafetensorsTest, MetadataThatIsNotUtf8IsReplacedNotFatal) {
  const auto file = decode_safetensors(encode_safetensors({}, {{"path", "caf\xe9"}}), "x", true);
  EXPECT_EQ(file.metadata.at("path"), "caf\xef\xbf\xbd");
}

TEST(SafetensorsTest, ReadsFilesOfOthers) {
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )";
  const std::string bytes = file_of(header, std::string(reinterpret_cast<const char*>(weights), 8));
  const Safetensors file = decode_safetensors(bytes, "x", false);
  EXPECT_THAT(values_of<float>(file.arrays.at("w")), ElementsAre(1.5f, -2));
  EXPECT_THAT(error_of(bytes, true), HasSubstr("it has no SHA-256"));
}

TEST(SafetensorsTest, BringsArraysOfOthersIntoAlignment) {
  const std::string header = R"( {"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("w":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  const Safetensors file = decode_safetensors(
      file_of(header, "\x05" + std::string(reinterpret_cast<const char*>(weights), 8)), "x", false);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.arrays.at("w").data) % 4, 0u);
  EXPECT_THAT(values_of<float>(file.arrays.at("w")), ElementsAre(1.5f, -2));
  EXPECT_THAT(values_of<std::uint8_t>(file.arrays.at("u")), ElementsAre(5));
  EXPECT_TRUE(file.metadata.empty());
}

TEST(SafetensorsTest, EveryTruncationIsFound) {
  const std::string bytes = encode_safetensors(example(), {{"model", "vae"}});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THAT(error_of(bytes.substr(0, length), true), HasSubstr("'x.safetensors' is damaged")) << length;
  }
  EXPECT_THAT(error_of(bytes + '\0', true), HasSubstr("is damaged"));
}

TEST(SafetensorsTest, EveryFlippedBitIsFound) {
  std::string bytes = encode_safetensors(example(), {{"model", "vae"}});
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const char mask = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_THAT(error_of(bytes, true), HasSubstr("'x.safetensors' is damaged")) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
  EXPECT_EQ(error_of(bytes, true), "no error");
}

TEST(SafetensorsTest, SaysWhatIsWrong) {
  const std::string eight(8, '\0');
  const auto array = [](const std::string& shape, const std::string& offsets,
                        const std::string& dtype = "F32") {
    return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  EXPECT_EQ(error_of("abc"), "'x.safetensors' is damaged: it has only 3 bytes");
  EXPECT_THAT(error_of(std::string(8, '\xff') + "{}"), HasSubstr("it ends inside of its header"));
  EXPECT_THAT(error_of(file_of("{")), HasSubstr("its header is not valid JSON"));
  EXPECT_THAT(error_of(file_of("[]")), HasSubstr("its header is not a JSON object"));
  EXPECT_THAT(error_of(file_of(R"({"a":[[[[[)")), HasSubstr("not that of a safetensors file"));
  EXPECT_THAT(error_of(file_of(R"({"__metadata__":{"a":1}})")), HasSubstr("its metadata holds something"));
  EXPECT_THAT(error_of(file_of(R"({"__metadata__":{"sha256":"12"}})")),
              HasSubstr("its SHA-256 is malformed"));
  EXPECT_THAT(error_of(file_of(R"({"w":3})")), HasSubstr("array \"w\" is not described as one"));
  EXPECT_THAT(error_of(file_of(array("[2]", "[0,8]", "U16"), eight)),
              HasSubstr("has an unknown element type"));
  EXPECT_THAT(error_of(file_of(array("[-2]", "[0,8]"), eight)), HasSubstr("has no valid shape"));
  EXPECT_THAT(error_of(file_of(array("[2]", "[0]"), eight)), HasSubstr("has no valid offsets"));
  EXPECT_THAT(error_of(file_of(array("[2]", "[0,9]"), eight)), HasSubstr("lies outside of the file"));
  EXPECT_THAT(error_of(file_of(array("[2]", "[8,0]"), eight)), HasSubstr("lies outside of the file"));
  EXPECT_THAT(error_of(file_of(array("[3]", "[0,8]"), eight)), HasSubstr("does not fit its shape"));
  EXPECT_THAT(error_of(file_of(array("[4611686018427387906]", "[0,8]"), eight)), HasSubstr("does not fit"));
  EXPECT_THAT(error_of(file_of(array("[1]", "[4,8]"), eight)), HasSubstr("overlap or leave holes"));
  EXPECT_THAT(error_of(file_of(array("[1]", "[0,4]"), eight)), HasSubstr("bytes that belong to no array"));
  const std::string one = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_THAT(error_of(file_of("{" + one + "," + one + "}", eight)), HasSubstr("\"w\" occurs twice"));
}

TEST(SafetensorsTest, RefusesToWriteWhatItCouldNotRead) {
  const auto refusal = [](ExitCode code, const std::string& name, std::size_t bytes) {
    return message_of(code, [&] { encode_safetensors({{name, {DType::f32, {1}, weights, bytes}}}, {}); });
  };
  EXPECT_THAT(refusal(ExitCode::internal, "a", 8), HasSubstr("wrong size"));
  // Foreign files may have these names: no defects of Belamy.
  EXPECT_THAT(refusal(ExitCode::data, "__metadata__", 4), HasSubstr("a tensor of the name '__metadata__'"));
  EXPECT_THAT(refusal(ExitCode::data, "a\x1b\xff", 4), HasSubstr("'\"a\\u001b\\ufffd\"'"));
  EXPECT_THAT(refusal(ExitCode::data, std::string(17 << 20, 'x'), 4), HasSubstr("over 16 MiB"));
}

TEST(SafetensorsTest, CopiesAreAlignedAndStandAlone) {
  Safetensors copy;
  {
    std::string bytes(13, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
    copy = copy_arrays({{"a", {DType::u8, {1}, &bytes[0], 1}},
                        {"b", {DType::f64, {1}, &bytes[1], 8}},
                        {"c", {DType::f32, {1}, &bytes[9], 4}}});
    bytes.assign(13, 'x');
  }
  const auto moved = std::move(copy);
  for (const auto& [name, array] : moved.arrays)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data) % item_size(array.dtype), 0u) << name;
  EXPECT_THAT(values_of<std::uint8_t>(moved.arrays.at("a")), ElementsAre(0));
  EXPECT_THAT(values_of<std::uint8_t>(moved.arrays.at("b")), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(values_of<std::uint8_t>(moved.arrays.at("c")), ElementsAre(9, 10, 11, 12));
}

TEST(SafetensorsTest, AHeaderNestsThreeLevels) {
  EXPECT_THAT(error_of(file_of(R"({"w":{"shape":[[1]]}})")), HasSubstr("not that of a safetensors file"));
  EXPECT_THAT(error_of(file_of(R"({"w":{"shape":[1]}})")), HasSubstr("is not described as one"));
}

}  // namespace
}  // namespace belamy
