// Grids of images for people.
#pragma once

#include <torch/types.h>
#include <vector>

#include "belamy/capabilities.h"

#include "data/image.h"

namespace belamy {

/// A contact sheet of [N, C, H, W]; small images are enlarged by a whole factor. columns 0: about as many as
/// rows.
Image image_grid(const Tensor& images, std::int64_t columns = 0);

/// Translations in rows of `columns`: inputs, their translations, and below these the true partners
/// (`target`, where defined), else the way back where the model knows it. Gray rows beside coloured ones are
/// made coloured, small images enlarged. The last row is short where `input` [N, C, H, W] does not fill it.
Image translation_picture(Translator& translator, Direction direction, const Tensor& input,
                          const Tensor& target = {}, std::int64_t columns = 8);

/// Sets of images [N, C, H, W] one below the other, in rows of `columns`: a row of each set, then the next
/// images. Gray sets beside coloured ones are made coloured, small images enlarged.
Image rows_picture(std::vector<Tensor> sets, std::int64_t columns);

/// Values [N, 1, H, W] as colours [N, 3, H, W]: 0 is black, then red and yellow; `highest` and above are white.
Tensor heat_colours(const Tensor& values, double highest);

/// Originals [N, C, H, W] in rows of `columns`, and below each row its copies.
Image reconstruction_picture(const Tensor& original, const Tensor& copy, std::int64_t columns);

}  // namespace belamy
