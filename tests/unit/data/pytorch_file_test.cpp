#include "data/pytorch_file.h"

#include <cstring>
#include <gmock/gmock.h>

#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;

std::string number(std::uint64_t value, int bytes) {
  std::string raw;
  for (int i = 0; i < bytes; ++i) raw += static_cast<char>(value >> (8 * i));
  return raw;
}
std::string text(const std::string& value) {
  return "X" + number(value.size(), 4) + value;
}
std::string tuple(const std::string& items) {
  return "(" + items + "t";
}
std::string integer(int value) {
  return "J" + number(static_cast<std::uint32_t>(value), 4);
}
std::string sizes(const std::vector<int>& values) {
  std::string items;
  for (const int value : values) items += integer(value);
  return tuple(items);
}

// What torch.save writes for a tensor of a storage of floats.
std::string tensor(const std::string& key, int offset, const std::vector<int>& shape,
                   const std::vector<int>& strides, const std::string& type = "FloatStorage") {
  const auto storage =
      tuple(text("storage") + "ctorch\n" + type + "\n" + text(key) + text("cpu") + integer(6)) + "Q";
  const auto hooks = "ccollections\nOrderedDict\n)R";
  return "ctorch._utils\n_rebuild_tensor_v2\n" +
         tuple(storage + integer(offset) + sizes(shape) + sizes(strides) + "\x89" + hooks) + "R";
}
std::string pickle(const std::string& content) {
  return "\x80\x02" + content + ".";
}
std::string dictionary(const std::string& items) {
  return "}(" + items + "u";
}
std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// A zip file whose members are not compressed.
std::string zip(const std::vector<std::pair<std::string, std::string>>& members, int method = 0) {
  std::string all, list;
  for (const auto& [name, content] : members) {
    const auto place = all.size();
    const auto sizes = number(content.size(), 4) + number(content.size(), 4) + number(name.size(), 2);
    const auto head =
        number(20, 2) + number(0, 2) + number(static_cast<std::uint64_t>(method), 2) + std::string(8, '\0');
    all += "PK\x03\x04" + head + sizes + number(0, 2) + name + content;
    list += "PK\x01\x02" + number(20, 2) + head + sizes + std::string(12, '\0') + number(place, 4) + name;
  }
  const auto begin = all.size();
  return all + list + "PK\x05\x06" + std::string(4, '\0') + number(members.size(), 2) +
         number(members.size(), 2) + number(list.size(), 4) + number(begin, 4) + number(0, 2);
}
std::string file(const std::string& content, const std::string& storage = floats({1, 2, 3, 4, 5, 6})) {
  return zip({{"a/data.pkl", pickle(content)}, {"a/byteorder", "little"}, {"a/data/0", storage}});
}

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
  const auto magic = "\x8a\x0a" + std::string("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  const auto storage =
      tuple(text("storage") + "ctorch\nFloatStorage\n" + text("k") + text("cpu") + integer(2) + "N") + "Q";
  const auto one = "ctorch._utils\n_rebuild_tensor_v2\n" +
                   tuple(storage + integer(0) + sizes({2}) + sizes({1}) + "\x89}") + "R";
  const auto bytes = pickle(magic) + pickle("M\xe9\x03") + pickle("}") + pickle(dictionary(text("w") + one)) +
                     pickle("](" + text("k") + "e") + number(2, 8) + floats({8, 9});
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

}  // namespace
}  // namespace belamy
