// Files with the tensors of networks that were trained elsewhere, for tests that do without such files.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/random.h"
#include "store/known_networks.h"

namespace belamy {

/// The tensors of a network with numbers of the test's choosing. Tests change `arrays` before they write it.
class TrainedFile {
 public:
  /// All tensors of `kind`; numbers of normalised layers keep their outputs near 1 where `random`, else all
  /// are zero.
  explicit TrainedFile(NetworkKind kind, bool random = false) {
    Random source(5);
    for (const auto& [name, shape] : tensors_of(kind)) {
      auto& values = add(name, shape);
      if (!random) continue;
      const bool variance = name.ends_with("running_var");
      const double inputs =
          shape.size() > 1 ? static_cast<double>(values.size()) / static_cast<double>(shape[0]) : 1;
      for (auto& value : values)
        value =
            static_cast<float>(variance ? source.uniform(0.5, 2)
                                        : source.normal() * (shape.size() > 1 ? std::sqrt(2 / inputs) : 0.5));
    }
  }

  /// A further tensor, or another in place of one.
  std::vector<float>& add(const std::string& name, const std::vector<std::int64_t>& shape) {
    std::size_t count = 1;
    for (const auto size : shape) count *= static_cast<std::size_t>(size);
    auto& values = values_.emplace_back(count);
    arrays[name] = {DType::f32, shape, values.data(), count * sizeof(float)};
    return values;
  }
  float* values(const std::string& name) {
    return static_cast<float*>(const_cast<void*>(arrays.at(name).data));
  }

  std::string bytes(const StringMap& metadata = {}) const { return encode_safetensors(arrays, metadata); }
  Safetensors decoded() const { return decode_safetensors(bytes(), "the test", false); }

  ArrayMap arrays;

 private:
  std::deque<std::vector<float>> values_;
};

}  // namespace belamy
