// Masks of images of which a part is known: 1 where a pixel is known, 0 in the hole.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// [1, 1, H, W]: a hole in the middle, half as high and half as wide.
Tensor centre_known(std::int64_t height, std::int64_t width);

/// [N, 1, H, W]: one box anywhere, its sides a quarter to a half of the image's.
Tensor boxes_known(std::int64_t n, std::int64_t height, std::int64_t width, at::Generator generator);

/// [N, 1, H, W]: a line of six straight strokes from a random place, each a tenth to a third of the longer side long
/// and a twentieth to a tenth of it wide.
Tensor strokes_known(std::int64_t n, std::int64_t height, std::int64_t width, at::Generator generator);

}  // namespace belamy::nn
