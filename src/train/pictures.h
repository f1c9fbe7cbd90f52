// Tensors as pictures for people: grids of images, and what a run shows of itself.
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

/// What a run shows of itself: samples (always the same latents), else reconstructions beside their
/// originals. Points are drawn over what the model's scorer thinks of every place. Empty pixels when the
/// model can do neither. `data` are training examples in the model's range.
Image progress_picture(ModelState& state, std::int64_t count, const Tensor& data);

/// Markov chains of a sampler that has them, a row each, from their start to samples; else empty pixels.
Image chain_picture(ModelState& state);

}  // namespace belamy
