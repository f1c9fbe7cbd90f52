// Small files as torch.save writes them, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace belamy::pytorch_samples {

inline std::string number(std::uint64_t value, int bytes) {
  std::string raw;
  for (int i = 0; i < bytes; ++i) raw += static_cast<char>(value >> (8 * i));
  return raw;
}
inline std::string text(const std::string& value) {
  return "X" + number(value.size(), 4) + value;
}
inline std::string tuple(const std::string& items) {
  return "(" + items + "t";
}
inline std::string integer(int value) {
  return "J" + number(static_cast<std::uint32_t>(value), 4);
}
inline std::string long_integer(std::uint64_t value) {
  return "\x8a\x08" + number(value, 8);
}
inline std::string sizes(const std::vector<int>& values) {
  std::string items;
  for (const int value : values) items += integer(value);
  return tuple(items);
}

/// A tensor of a storage of floats; `shape` and `strides` are pickled tuples.
inline std::string tensor_of(const std::string& key, const std::string& offset, const std::string& shape,
                             const std::string& strides, const std::string& type = "FloatStorage",
                             const std::string& view = "") {
  const auto storage =
      tuple(text("storage") + "ctorch\n" + type + "\n" + text(key) + text("cpu") + integer(6) + view) + "Q";
  const auto hooks = "ccollections\nOrderedDict\n)R";
  return "ctorch._utils\n_rebuild_tensor_v2\n" + tuple(storage + offset + shape + strides + "\x89" + hooks) +
         "R";
}
inline std::string tensor(const std::string& key, int offset, const std::vector<int>& shape,
                          const std::vector<int>& strides, const std::string& type = "FloatStorage") {
  return tensor_of(key, integer(offset), sizes(shape), sizes(strides), type);
}
inline std::string pickle(const std::string& content) {
  return "\x80\x02" + content + ".";
}
inline std::string dictionary(const std::string& items) {
  return "}(" + items + "u";
}
inline std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

using Members = std::vector<std::pair<std::string, std::string>>;

/// A zip file whose members are not compressed; `wide` as zip64.
inline std::string zip(const Members& members, int method = 0, bool wide = false) {
  std::string all, list;
  for (const auto& [name, content] : members) {
    const auto place = all.size();
    const auto sizes = number(content.size(), 4) + number(content.size(), 4) + number(name.size(), 2);
    const auto head =
        number(20, 2) + number(0, 2) + number(static_cast<std::uint64_t>(method), 2) + std::string(8, '\0');
    all += "PK\x03\x04" + head + sizes + number(0, 2) + name + content;
    list += "PK\x01\x02" + number(20, 2) + head;
    if (wide) {
      list += number(0xffffffff, 4) + number(0xffffffff, 4) + number(name.size(), 2) + number(28, 2) +
              std::string(10, '\0') + number(0xffffffff, 4) + name + number(1, 2) + number(24, 2) +
              number(content.size(), 8) + number(content.size(), 8) + number(place, 8);
    } else {
      list += sizes + std::string(12, '\0') + number(place, 4) + name;
    }
  }
  const auto begin = all.size(), record = all.size() + list.size();
  all += list;
  if (wide)
    all += "PK\x06\x06" + number(44, 8) + std::string(12, '\0') + number(members.size(), 8) +
           number(members.size(), 8) + number(list.size(), 8) + number(begin, 8) + "PK\x06\x07" +
           number(0, 4) + number(record, 8) + number(1, 4);
  return all + "PK\x05\x06" + std::string(4, '\0') + number(wide ? 0xffff : members.size(), 2) +
         number(wide ? 0xffff : members.size(), 2) + number(list.size(), 4) +
         number(wide ? 0xffffffff : begin, 4) + number(0, 2);
}
/// The file of a pickle's content and of storage "0".
inline std::string file(const std::string& content, const std::string& storage = floats({1, 2, 3, 4, 5, 6}),
                        bool wide = false) {
  return zip({{"a/data.pkl", pickle(content)}, {"a/byteorder", "little"}, {"a/data/0", storage}}, 0, wide);
}
/// The same as PyTorch wrote it before 1.6; `keys` is the pickled list of its storages.
inline std::string old_file(const std::string& content, const std::string& keys,
                            const std::string& storages) {
  const auto magic = "\x8a\x0a" + std::string("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  return pickle(magic) + pickle("M\xe9\x03") + pickle("}") + pickle(content) + pickle(keys) + storages;
}

}  // namespace belamy::pytorch_samples
