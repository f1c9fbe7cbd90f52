#include "tensors/arrays.h"

#include <stdexcept>
#include <string>
#include <torch/types.h>

namespace belamy {
namespace {

torch::ScalarType scalar_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return torch::kDouble;
    case DType::f32: return torch::kFloat;
    case DType::f16: return torch::kHalf;
    case DType::bf16: return torch::kBFloat16;
    case DType::i64: return torch::kLong;
    case DType::i32: return torch::kInt;
    case DType::i16: return torch::kShort;
    case DType::i8: return torch::kChar;
    case DType::u8: return torch::kByte;
    case DType::boolean: return torch::kBool;
  }
  return torch::kByte;
}

DType dtype_of(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat: return DType::f32;
    case torch::kDouble: return DType::f64;
    case torch::kLong: return DType::i64;
    case torch::kInt: return DType::i32;
    case torch::kByte: return DType::u8;
    case torch::kBool: return DType::boolean;
    default:
      throw std::logic_error(std::string("no checkpoint holds tensors of type ") +
                             toString(tensor.scalar_type()));
  }
}

}  // namespace

torch::Tensor array_tensor(const Array& array) {
  return torch::from_blob(const_cast<void*>(array.data), array.shape, scalar_of(array.dtype));
}

void Snapshot::add(const std::string& name, const torch::Tensor& tensor) {
  const auto plain = tensor.detach().to(torch::kCPU).contiguous();
  owners.push_back(plain);
  arrays[name] = {dtype_of(plain), plain.sizes().vec(), plain.data_ptr(),
                  static_cast<std::size_t>(plain.numel()) * plain.element_size()};
}

}  // namespace belamy
