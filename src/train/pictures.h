// Tensors as pictures for people: grids of images, scatter plots of points.
#pragma once

#include <torch/torch.h>
#include <vector>

#include "data/image.h"
#include "train/model_state.h"

namespace belamy {

/// [N, C, H, W] in [-1, 1] -> N images of 8 bits.
std::vector<Image> to_images(const Tensor& images);

/// A contact sheet of [N, C, H, W]; small images are enlarged by a whole factor. columns 0: as square as can
/// be.
Image image_grid(const Tensor& images, std::int64_t columns = 0);

/// Points [N, 2] in colour over the data's [M, 2] in grey, both inside the data's bounds with a margin.
Image scatter_plot(const Tensor& points, const Tensor& data);

/// What a run shows of itself: samples (always the same latents), else reconstructions beside their
/// originals. Empty pixels when the model can do neither. `data` are training examples in the model's range.
Image progress_picture(ModelState& state, std::int64_t count, const Tensor& data);

}  // namespace belamy
