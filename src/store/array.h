// A named array of plain bytes, as the store writes and reads it. No torch here; src/train converts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace belamy {

/// The element types of safetensors.
enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t item_size(DType dtype);   ///< bytes of one element
const char* dtype_name(DType dtype);  ///< "F32", as safetensors writes it
bool is_floating(DType dtype);

/// Row-major, little-endian, aligned to its item size. Does not own `data`, which must outlive it.
struct Array {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  std::size_t bytes = 0;
};

using ArrayMap = std::map<std::string, Array>;  // sorted by name: same content, same bytes
using StringMap = std::map<std::string, std::string>;

}  // namespace belamy
