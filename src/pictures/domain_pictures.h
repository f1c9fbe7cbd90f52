// What a model that learnt from two domains makes of both.
#pragma once

#include <torch/types.h>

#include "belamy/capabilities.h"

#include "data/dataset.h"
#include "data/image.h"

namespace belamy {

/// The codes of images of both domains in the plane, by t-SNE where they have more than two values, twice
/// side by side: left in the colours of their classes, with each class's number at the median of its points
/// of A, gray where labels are not known; right A blue and B orange (Ganin et al. 2016, figure 3). Of each
/// domain at most `most` images, evenly spread. Empty pixels for fewer than 4 images of a domain. `data` has a
/// second domain.
Image domain_picture(Encoder& encoder, torch::Device device, const Dataset& data, std::int64_t most = 750);

}  // namespace belamy
