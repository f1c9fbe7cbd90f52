#include "data/npz.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

namespace belamy {
namespace {

struct Member {
  std::string name, content;
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;
};

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::string npy(const std::string& type, const std::vector<std::int64_t>& shape, const void* data,
                std::size_t bytes) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}", type,
                                   fmt::join(shape, ", "));
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  put(out, header.size(), 2);
  out += header;
  return out.append(static_cast<const char*>(data), bytes);
}

// The characters of a text in UTF-8, as numbers.
std::u32string characters_of(const std::string& text) {
  std::u32string characters;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0xc0) {
      characters += byte & (byte >= 0xf0 ? 0x07 : byte >= 0xe0 ? 0x0f : 0x1f);
    } else if (byte >= 0x80 && !characters.empty()) {
      characters.back() = characters.back() << 6 | (byte & 0x3f);
    } else {
      characters += byte;
    }
  }
  return characters;
}

// Texts as NumPy stores them: all of one length, padded with zeros.
std::string npy_of_texts(const std::vector<std::string>& texts) {
  std::size_t longest = 1;
  for (const auto& text : texts) longest = std::max(longest, characters_of(text).size());
  std::u32string all;
  for (const auto& text : texts) {
    auto characters = characters_of(text);
    characters.resize(longest);
    all += characters;
  }
  return npy(fmt::format("<U{}", longest), {static_cast<std::int64_t>(texts.size())}, all.data(),
             all.size() * sizeof(all[0]));
}

// The 64-bit sizes of a zip64 member: an array of images may exceed 4 GiB.
std::string wide_sizes(const Member& member, bool with_offset) {
  std::string extra;
  put(extra, 1, 2);
  put(extra, with_offset ? 24 : 16, 2);
  put(extra, member.content.size(), 8);
  put(extra, member.content.size(), 8);
  if (with_offset) put(extra, member.offset, 8);
  return extra;
}

// Common to the local and the central header, from "version needed" to the field lengths.
void put_header(std::string& out, const Member& member, std::size_t extra) {
  put(out, 45, 2);    // version needed: zip64
  put(out, 0, 2);     // flags
  put(out, 0, 2);     // stored
  put(out, 0, 2);     // time
  put(out, 0x21, 2);  // date: 1980-01-01
  put(out, member.crc, 4);
  put(out, 0xffffffff, 4);  // sizes: in the extra field
  put(out, 0xffffffff, 4);
  put(out, member.name.size(), 2);
  put(out, extra, 2);
}

std::string zip(std::vector<Member> members) {
  std::string out;
  for (auto& member : members) {
    member.offset = out.size();
    member.crc = static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(member.content.data()), member.content.size()));
    const auto extra = wide_sizes(member, false);
    put(out, 0x04034b50, 4);
    put_header(out, member, extra.size());
    out += member.name + extra + member.content;
  }
  const std::uint64_t directory = out.size();
  for (const auto& member : members) {
    const auto extra = wide_sizes(member, true);
    put(out, 0x02014b50, 4);
    put(out, 45, 2);
    put_header(out, member, extra.size());
    put(out, 0, 2);  // comment
    put(out, 0, 2);  // disk
    put(out, 0, 2);  // internal attributes
    put(out, 0, 4);  // external attributes
    put(out, 0xffffffff, 4);
    out += member.name + extra;
  }
  const std::uint64_t end = out.size();
  put(out, 0x06064b50, 4);  // zip64 end of directory
  put(out, 44, 8);
  put(out, 45, 2);
  put(out, 45, 2);
  put(out, 0, 4);
  put(out, 0, 4);
  put(out, members.size(), 8);
  put(out, members.size(), 8);
  put(out, end - directory, 8);
  put(out, directory, 8);
  put(out, 0x07064b50, 4);  // its locator
  put(out, 0, 4);
  put(out, end, 8);
  put(out, 1, 4);
  put(out, 0x06054b50, 4);  // end of directory
  put(out, 0, 4);
  put(out, members.size(), 2);
  put(out, members.size(), 2);
  put(out, 0xffffffff, 4);
  put(out, 0xffffffff, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace

std::string encode_npz(const std::string& name, const void* data, const std::vector<std::int64_t>& shape,
                       bool bytes, const NpzFacts& facts) {
  std::size_t count = bytes ? 1 : sizeof(float);
  for (const auto n : shape) count *= static_cast<std::size_t>(n);
  std::vector<Member> members;
  members.push_back({name + ".npy", npy(bytes ? "|u1" : "<f4", shape, data, count)});
  const auto size = [](const auto& list) { return static_cast<std::int64_t>(list.size()); };
  if (const auto& labels = facts.labels; !labels.empty()) {
    members.push_back(
        {"labels.npy", npy("<i8", {size(labels)}, labels.data(), labels.size() * sizeof(labels[0]))});
  }
  if (const auto& rows = facts.attributes; !rows.empty()) {
    const auto width = size(facts.attribute_names);
    members.push_back({"attributes.npy",
                       npy("<f4", {size(rows) / width, width}, rows.data(), rows.size() * sizeof(rows[0]))});
    members.push_back({"attribute_names.npy", npy_of_texts(facts.attribute_names)});
  }
  return zip(std::move(members));
}

}  // namespace belamy
