// Images as tensors, in the range of models [-1, 1] and as bytes.
#pragma once

#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

#include "data/image.h"

namespace belamy {

/// uint8 images -> [-1, 1]; points stay as they are.
Tensor to_model_range(const Tensor& stored);
/// [-1, 1] -> uint8 [0, 255], rounded.
Tensor to_bytes(const Tensor& images);

/// [C, H, W] in bytes.
Tensor image_tensor(const Image& image);
/// [N, C, H, W] in [-1, 1] -> N images of 8 bits.
std::vector<Image> to_images(const Tensor& images);

}  // namespace belamy
