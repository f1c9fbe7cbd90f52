#include "store/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/foreign_text.h"
#include "core/sha256.h"
#include "core/text.h"

namespace belamy {

namespace {

using nlohmann::json;

constexpr std::size_t length_bytes = 8;
// A parsed JSON value takes about ten times the memory of its text. The header of a model with 10,000 arrays
// has about 1 MiB.
constexpr std::uint64_t max_header = 16 << 20;
constexpr std::size_t digest_digits = 64;
// A short string keeps its characters in itself, where they move with it.
constexpr std::size_t shortest_on_heap = 64;
constexpr const char* digest_key = "sha256";
constexpr const char* metadata_key = "__metadata__";

struct TypeRow {
  DType dtype;
  const char* name;
  std::size_t size;
};
constexpr TypeRow types[] = {{DType::f64, "F64", 8},     {DType::f32, "F32", 4}, {DType::f16, "F16", 2},
                             {DType::bf16, "BF16", 2},   {DType::i64, "I64", 8}, {DType::i32, "I32", 4},
                             {DType::i16, "I16", 2},     {DType::i8, "I8", 1},   {DType::u8, "U8", 1},
                             {DType::boolean, "BOOL", 1}};

const TypeRow& row_of(DType dtype) {
  return *std::find_if(std::begin(types), std::end(types),
                       [&](const TypeRow& row) { return row.dtype == dtype; });
}

/// Nothing if the shape has a negative size, or more bytes than 64 bits can count.
std::optional<std::uint64_t> byte_count(const std::vector<std::int64_t>& shape, DType dtype) {
  std::uint64_t bytes = item_size(dtype);
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes))
      return std::nullopt;
  }
  return bytes;
}

/// Place of the 64 digits in a header; npos if they are missing. Quotes inside JSON strings are escaped, so
/// the text found is the entry itself.
std::size_t find_digest(std::string_view header, const std::string& digest) {
  const std::string entry = fmt::format("\"{}\":\"{}\"", digest_key, digest);
  const std::size_t at = header.find(entry);
  return at == std::string_view::npos ? at : at + entry.size() - 1 - digest.size();
}

/// The digest of a file that holds its own digest at `at`.
std::string digest_without(std::string_view bytes, std::size_t at) {
  Sha256 hash;
  hash.update(bytes.substr(0, at));
  hash.update(std::string(digest_digits, '0'));
  hash.update(bytes.substr(at + digest_digits));
  return hash.hex();
}

/// Reads a header without keeping it. The format nests three levels, and deeper nesting could exhaust memory. (A callback of
/// json::parse could look for the same, but nlohmann 3.11 then takes time by the square of the number of arrays.)
class HeaderCheck : public json::json_sax_t {
 public:
  bool deep = false;
  std::string twice;  ///< the name of an array that occurs twice

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    if (depth_ > 1 || names_.insert(name).second) return true;
    twice = name;
    return false;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  bool enter() {
    deep = ++depth_ > 3;
    return !deep;
  }
  bool leave() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::set<std::string> names_;
};

/// Decodes one file; messages call it `name`.
class Decoder {
 public:
  Decoder(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  void decode(bool require_digest, ArrayMap& arrays, StringMap& metadata) {
    const json header = read_header();
    if (header.contains(metadata_key)) read_metadata(header[metadata_key], metadata);
    check_digest(require_digest, metadata);
    for (const auto& [key, entry] : header.items()) {
      if (key != metadata_key) arrays.emplace(key, read_array(key, entry));
    }
    check_layout(arrays);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw storage_error(fmt::format("'{}' is damaged: {}", name_, what),
                        "use another copy; it is incomplete or was changed after it was written");
  }

  [[noreturn]] void fail(const std::string& array, const std::string& what) const {
    // The name may be any bytes, which must not flood or garble a terminal.
    const std::string quoted = json(array).dump(-1, ' ', true);
    fail(fmt::format("array {} {}", quoted.size() > 80 ? quoted.substr(0, 80) + "..." : quoted, what));
  }

  json read_header() {
    if (bytes_.size() < length_bytes) fail("it has only " + counted(bytes_.size(), "byte"));
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), sizeof length);
    if (length > bytes_.size() - length_bytes) fail("it ends inside of its header");
    if (length > max_header) fail("its header is larger than 16 MiB");
    header_ = bytes_.substr(length_bytes, length);
    data_ = bytes_.substr(length_bytes + length);

    HeaderCheck check;
    if (!json::sax_parse(header_.begin(), header_.end(), &check)) {
      if (!check.twice.empty()) fail(check.twice, "occurs twice");
      fail(check.deep ? "its header is not that of a safetensors file" : "its header is not valid JSON");
    }
    json header = json::parse(header_.begin(), header_.end());
    if (!header.is_object()) fail("its header is not a JSON object");
    return header;
  }

  void read_metadata(const json& entry, StringMap& metadata) const {
    if (!entry.is_object()) fail("its metadata is not a JSON object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail("its metadata holds something that is not text");
      metadata.emplace(key, value.get<std::string>());
    }
  }

  void check_digest(bool required, StringMap& metadata) const {
    const auto digest = metadata.extract(digest_key);
    if (digest.empty()) {
      if (required) fail("it has no SHA-256");
      return;
    }
    const std::size_t at = find_digest(header_, digest.mapped());
    if (digest.mapped().size() != digest_digits || at == std::string_view::npos)
      fail("its SHA-256 is malformed");
    if (digest_without(bytes_, length_bytes + at) != digest.mapped())
      fail("its SHA-256 does not match its content");
  }

  Array read_array(const std::string& name, const json& entry) const {
    Array array;
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets")) {
      fail(name, "is not described as one");
    }
    const auto row = std::find_if(std::begin(types), std::end(types),
                                  [&](const TypeRow& type) { return entry["dtype"] == type.name; });
    if (row == std::end(types)) fail(name, "has an unknown element type");
    array.dtype = row->dtype;

    const auto is_size = [](const json& value) {
      return value.is_number_unsigned() &&
             value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    };
    const json& shape = entry["shape"];
    const json& offsets = entry["data_offsets"];
    if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), is_size))
      fail(name, "has no valid shape");
    if (!offsets.is_array() || offsets.size() != 2 || !std::all_of(offsets.begin(), offsets.end(), is_size)) {
      fail(name, "has no valid offsets");
    }
    array.shape = shape.get<std::vector<std::int64_t>>();
    const auto begin = offsets[0].get<std::uint64_t>();
    const auto end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) fail(name, "lies outside of the file");
    if (byte_count(array.shape, array.dtype) != end - begin)
      fail(name, "has a size that does not fit its shape");
    array.data = data_.data() + begin;
    array.bytes = end - begin;
    return array;
  }

  /// The arrays must tile the data: no byte twice, none unused.
  void check_layout(const ArrayMap& arrays) const {
    std::vector<std::pair<const char*, std::size_t>> spans;
    for (const auto& [name, array] : arrays)
      spans.emplace_back(static_cast<const char*>(array.data), array.bytes);
    std::sort(spans.begin(), spans.end());
    const char* expected = data_.data();
    for (const auto& [begin, size] : spans) {
      if (begin != expected) fail("its arrays overlap or leave holes");
      expected = begin + size;
    }
    if (expected != data_.data() + data_.size()) fail("it has bytes that belong to no array");
  }

  std::string_view bytes_;
  const std::string& name_;
  std::string_view header_;
  std::string_view data_;
};

bool is_aligned(const Array& array) {
  return reinterpret_cast<std::uintptr_t>(array.data) % item_size(array.dtype) == 0;
}

// Decreasing item size keeps every array aligned without holes, which the format forbids.
std::vector<ArrayMap::const_iterator> in_order_of_storage(const ArrayMap& arrays) {
  std::vector<ArrayMap::const_iterator> order;
  for (auto entry = arrays.begin(); entry != arrays.end(); ++entry) order.push_back(entry);
  std::stable_sort(order.begin(), order.end(), [](const auto& left, const auto& right) {
    return item_size(left->second.dtype) > item_size(right->second.dtype);
  });
  return order;
}

bool is_utf8(const std::string& text) {
  try {
    std::ignore = json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

std::size_t item_size(DType dtype) {
  return row_of(dtype).size;
}

const char* dtype_name(DType dtype) {
  return row_of(dtype).name;
}

bool is_floating(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

std::string encode_safetensors(const ArrayMap& arrays, const StringMap& metadata) {
  const auto order = in_order_of_storage(arrays);
  json header = json::object();
  header[metadata_key] = metadata;
  header[metadata_key][digest_key] = std::string(digest_digits, '0');
  std::uint64_t offset = 0;
  for (const auto& entry : order) {
    const auto& [name, array] = *entry;
    if (byte_count(array.shape, array.dtype) != array.bytes)
      throw Error(ExitCode::internal, fmt::format("array '{}' cannot be stored: wrong size", name));
    // Invalid UTF-8 would be replaced, and two names could become one.
    if (name == metadata_key || !is_utf8(name))
      throw data_error(
          fmt::format("a safetensors file cannot hold a tensor of the name '{}'", harmless(name, 80)),
          "give the tensor another name");
    header[name] = {{"dtype", dtype_name(array.dtype)},
                    {"shape", array.shape},
                    {"data_offsets", {offset, offset + array.bytes}}};
    offset += array.bytes;
  }
  // Metadata may contain a path, and a path may be any bytes: invalid UTF-8 is replaced.
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');
  if (text.size() > max_header)
    throw data_error(
        "a safetensors file cannot hold so many tensors or so long names: its header is over 16 MiB");

  std::string bytes;
  bytes.reserve(length_bytes + text.size() + offset);
  const std::uint64_t length = text.size();
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += text;
  for (const auto& entry : order) {
    bytes.append(static_cast<const char*>(entry->second.data), entry->second.bytes);
  }
  const std::size_t at = length_bytes + find_digest(text, std::string(digest_digits, '0'));
  bytes.replace(at, digest_digits, digest_without(bytes, at));
  return bytes;
}

Safetensors decode_safetensors(std::string bytes, const std::string& name, bool require_digest) {
  Safetensors file;
  file.bytes = std::move(bytes);
  Decoder(file.bytes, name).decode(require_digest, file.arrays, file.metadata);
  const bool aligned = std::all_of(file.arrays.begin(), file.arrays.end(),
                                   [](const auto& entry) { return is_aligned(entry.second); });
  // Other writers may not align their arrays.
  if (!aligned) {
    auto copy = copy_arrays(file.arrays);
    copy.metadata = std::move(file.metadata);
    return copy;
  }
  return file;
}

Safetensors copy_arrays(const ArrayMap& arrays) {
  Safetensors copy;
  std::size_t total = 0;
  for (const auto& [name, array] : arrays) total += array.bytes;
  copy.bytes.reserve(std::max(total, shortest_on_heap));
  copy.arrays = arrays;
  for (const auto& entry : in_order_of_storage(arrays)) {
    copy.arrays[entry->first].data = copy.bytes.data() + copy.bytes.size();
    copy.bytes.append(static_cast<const char*>(entry->second.data), entry->second.bytes);
  }
  return copy;
}

}  // namespace belamy
