// Writing NumPy's .npz: one array of images or points, and labels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace belamy {

/// A stored (not deflated) zip with NAME.npy and, unless empty, labels.npy (int64 [N]). `bytes`: uint8, else
/// float32; C order. Deterministic.
std::string encode_npz(const std::string& name, const void* data, const std::vector<std::int64_t>& shape,
                       bool bytes, const std::vector<std::int64_t>& labels);

}  // namespace belamy
