// Writing NumPy's .npz: one array of images or points, labels and attributes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace belamy {

/// What goes into an archive beside the data; what is empty is left out.
struct NpzFacts {
  std::vector<std::int64_t> labels;          ///< [N]
  std::vector<float> attributes;             ///< [N, A]
  std::vector<std::string> attribute_names;  ///< [A]
};

/// A stored (not deflated) zip with NAME.npy, labels.npy (int64 [N]), attributes.npy (float32 [N, A]) and
/// attribute_names.npy (Unicode [A]). `bytes`: uint8, else float32; C order. Deterministic.
std::string encode_npz(const std::string& name, const void* data, const std::vector<std::int64_t>& shape,
                       bool bytes, const NpzFacts& facts);

}  // namespace belamy
