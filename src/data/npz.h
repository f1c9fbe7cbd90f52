// Writes NumPy's .npz: one array of images or points, with labels and attributes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace belamy {

/// Arrays beside the data in an archive; empty ones are left out.
struct NpzFacts {
  std::vector<std::int64_t> labels;          ///< [N]
  std::vector<float> attributes;             ///< [N, A]
  std::vector<std::string> attribute_names;  ///< [A]
};

/// An uncompressed zip with NAME.npy, labels.npy (int64 [N]), attributes.npy (float32 [N, A]) and
/// attribute_names.npy (Unicode [A]). `data` is uint8 if `bytes`, else float32, in C order. Deterministic.
std::string encode_npz(const std::string& name, const void* data, const std::vector<std::int64_t>& shape,
                       bool bytes, const NpzFacts& facts);

}  // namespace belamy
