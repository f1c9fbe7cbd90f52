// What a matcher makes of pairs.
#pragma once

#include "belamy/model.h"

#include "data/image.h"

namespace belamy {

/// The threshold of similarity that separates most pairs correctly: `same` [N] of pairs of one class should lie
/// above it, `different` [M] below. Not both empty.
double best_threshold(const Tensor& same, const Tensor& different);

/// About `count` images of a batch of matches as pairs, one image above the other, their similarity below.
/// The upper block are pairs of one class, the lower block pairs of two, each from the most to the least
/// alike; the frame shows whether the pair lies on the right side of the best threshold of these pairs. Empty
/// pixels for a batch with pairs of one kind alone.
Image match_picture(Matcher& matcher, const Batch& pairs, std::int64_t count);

}  // namespace belamy
