// Large images, part by part, so that a network's layers need not hold all of one at once.
#pragma once

#include <cstdint>
#include <functional>
#include <torch/types.h>

namespace belamy {

using torch::Tensor;

/// f(image) for a function that enlarges [1, C, H, W] `enlargement` times, in tiles of 256 pixels and a border of 32
/// around each, which f sees and which is cut off from its result. An image of at most 320 pixels a side is one tile.
Tensor in_tiles(const Tensor& image, std::int64_t enlargement, const std::function<Tensor(const Tensor&)>& f);

}  // namespace belamy
