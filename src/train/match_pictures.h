// What a matcher makes of pairs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/image.h"
#include "train/model_state.h"

namespace belamy {

/// The similarity that parts most pairs rightly: `same` [N] of pairs of one class lie above it, `different`
/// [M] below. Not both empty.
double best_threshold(const Tensor& same, const Tensor& different);

/// About `count` images of a batch of matches as pairs, one image above the other, their similarity below.
/// The upper block are pairs of one class, the lower block pairs of two, each from the most to the least
/// alike; frames tell on which side of the best threshold of these pairs they lie. Empty pixels for a model
/// that is no matcher, for data that are no images and for a batch with pairs of one kind alone.
Image match_picture(ModelState& state, const Batch& pairs, std::int64_t count);

/// What the frames mean: colours as "#rrggbb", and their meaning, for a legend beside it.
std::vector<std::pair<std::string, std::string>> match_legend();

}  // namespace belamy
