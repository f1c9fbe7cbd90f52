// Tensors as pictures for people: grids of images, and what a run shows of itself.
#pragma once

#include <torch/types.h>
#include <vector>

#include "data/image.h"
#include "train/model_state.h"

namespace belamy {

/// [N, C, H, W] in [-1, 1] -> N images of 8 bits.
std::vector<Image> to_images(const Tensor& images);

/// A contact sheet of [N, C, H, W]; small images are enlarged by a whole factor. columns 0: as square as can
/// be.
Image image_grid(const Tensor& images, std::int64_t columns = 0);

/// Translations in rows of `columns`: inputs, what becomes of them, and below that what they should become
/// (`target`, where defined), else what comes back where the model knows the way back. Gray rows beside
/// coloured ones are made coloured, small images enlarged. The last row is short where `input` [N, C, H, W]
/// does not fill it.
Image translation_picture(Translator& translator, const std::string& direction, const Tensor& input,
                          const Tensor& target = {}, std::int64_t columns = 8);

/// Originals [N, C, H, W] in rows of `columns`, and below each row its copies.
Image reconstruction_picture(const Tensor& original, const Tensor& copy, std::int64_t columns);

/// What a run shows of itself: translations, else samples (always the same latents), else reconstructions
/// beside their originals. Points are drawn over what the model's scorer thinks of every place. Empty pixels
/// when the model can do none. `domains` are training examples in the model's range, of each domain.
Image progress_picture(ModelState& state, std::int64_t count, const std::vector<Tensor>& domains);

/// Markov chains of a sampler that has them, a row each, from their start to samples; else empty pixels.
Image chain_picture(ModelState& state);

}  // namespace belamy
