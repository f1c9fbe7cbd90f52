// What a model that learnt from two domains makes of both.
#pragma once

#include "data/dataset.h"
#include "data/image.h"
#include "train/model_state.h"

namespace belamy {

/// The codes of images of both domains in the plane, by t-SNE where they have more than two values, twice
/// side by side: left in the colours of their classes, with each class's number at the median of its points
/// of A, gray where labels are not known; right A blue and B orange (Ganin et al. 2016, figure 3). Of each
/// domain as many as `most`, evenly spread. Empty pixels for a model without encoder, for one that
/// learns from one domain or from pairs, and for fewer than 4 images of a domain.
Image domain_picture(ModelState& state, const Dataset& data, std::int64_t most = 750);

}  // namespace belamy
