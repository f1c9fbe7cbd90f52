#include "data/onnx_file.h"

#include <cstring>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <vector>

#include "belamy/error.h"

#include "core/foreign_text.h"

namespace belamy {
namespace {

Error damaged_onnx() {
  return data_error("the file is damaged, or no ONNX file");
}

// Field numbers of onnx.proto.
constexpr std::uint64_t kGraph = 7, kInitializer = 5;
constexpr std::size_t kMostOnnxDimensions = 64;
constexpr std::uint64_t kDims = 1, kType = 2, kFloats = 4, kNumbers = 7, kName = 8, kRaw = 9, kPlace = 14;

// The fields of a message of Protocol Buffers, one after another.
class WireFields {
 public:
  explicit WireFields(std::string_view bytes) : bytes_(bytes) {}

  /// The next field; false at the end.
  bool next() {
    if (at_ == bytes_.size()) return false;
    const auto tag = varint();
    field = tag >> 3;
    number = 0;
    text = {};
    is_number = (tag & 7) == 0;
    switch (tag & 7) {
      case 0: number = varint(); break;
      case 1: text = take(8); break;
      case 2: text = take(varint()); break;
      case 5: text = take(4); break;
      default: throw damaged_onnx();
    }
    return true;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damaged_onnx();
  }
  bool ended() const { return at_ == bytes_.size(); }

  std::uint64_t field = 0, number = 0;
  bool is_number = false;
  std::string_view text;

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) throw damaged_onnx();
    const auto part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::optional<DType> onnx_type(std::uint64_t number) {
  static const std::map<std::uint64_t, DType> known = {
      {1, DType::f32}, {2, DType::u8},      {3, DType::i8},   {5, DType::i16},  {6, DType::i32},
      {7, DType::i64}, {9, DType::boolean}, {10, DType::f16}, {11, DType::f64}, {16, DType::bf16}};
  const auto found = known.find(number);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

struct Initializer {
  std::string name, values;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
};

Initializer initializer_in(std::string_view bytes) {
  Initializer made;
  std::uint64_t type = 0;
  WireFields fields(bytes);
  const auto add = [&](const auto& value) {
    made.values.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  while (fields.next()) {
    if (fields.field == kDims) {  // one number, or several packed
      if (fields.is_number) made.shape.push_back(static_cast<std::int64_t>(fields.number));
      for (WireFields packed(fields.text); !packed.ended();)
        made.shape.push_back(static_cast<std::int64_t>(packed.varint()));
      if (made.shape.size() > kMostOnnxDimensions) throw damaged_onnx();
    } else if (fields.field == kType) {
      type = fields.number;
    } else if (fields.field == kName) {
      made.name = fields.text;
    } else if (fields.field == kRaw || fields.field == kFloats) {
      made.values += fields.text;
    } else if (fields.field == kNumbers) {
      if (fields.is_number) add(static_cast<std::int64_t>(fields.number));
      for (WireFields packed(fields.text); !packed.ended();) add(static_cast<std::int64_t>(packed.varint()));
    } else if (fields.field == kPlace && fields.number != 0) {
      throw data_error(fmt::format("its tensor '{}' is in another file", harmless(made.name, 100)));
    }
  }
  const auto dtype = onnx_type(type);
  if (!dtype)
    throw data_error(
        fmt::format("its tensor '{}' has a type that weights do not have", harmless(made.name, 100)));
  made.dtype = *dtype;
  std::uint64_t count = 1;
  for (const auto size : made.shape) {
    if (size < 0 || (size > 0 && count > made.values.size() / static_cast<std::uint64_t>(size)))
      throw damaged_onnx();
    count *= static_cast<std::uint64_t>(size);
  }
  if (count * item_size(made.dtype) != made.values.size()) throw damaged_onnx();
  return made;
}

}  // namespace

Safetensors read_onnx_file(std::string_view bytes, const std::string& name) {
  try {
    std::vector<Initializer> found;
    for (WireFields model(bytes); model.next();) {
      if (model.field != kGraph) continue;
      for (WireFields graph(model.text); graph.next();)
        if (graph.field == kInitializer) found.push_back(initializer_in(graph.text));
    }
    if (found.empty()) throw data_error("it holds no weights");
    ArrayMap arrays;
    for (const auto& each : found)
      arrays[each.name] = {each.dtype, each.shape, each.values.data(), each.values.size()};
    return copy_arrays(arrays);
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    throw data_error(fmt::format("'{}': {}", name, error.what()));
  }
}

}  // namespace belamy
