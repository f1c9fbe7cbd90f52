// Toy sets of points in one and two dimensions, drawn afresh from a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// `count` points [N, 1] or [N, 2] of the set `name`, drawn independently. Labels are the mode or class of
/// each point; a set with only one has no labels. With `classes` (names or numbers) all points are of these
/// classes, and a mixture has only their modes. The same seed gives the same bytes, and a larger count only
/// appends to them. A data error for an unknown name or class, or a count outside 1 .. 2^26.
Dataset make_synthetic(const std::string& name, std::int64_t count, std::int64_t seed,
                       const std::vector<std::string>& classes = {});

/// The mixture that the set `name` is drawn from; nothing if that is not a mixture of two or more Gaussians.
/// Its modes are in the order of the labels.
std::optional<Mixture> mixture_of(const std::string& name);

/// Name and one-line description of each set.
std::vector<std::pair<std::string, std::string>> synthetic_sets();

}  // namespace belamy
