// Which examples of a source make a split: hold-out, validation, classes, limit. Internal to src/data.
#pragma once

#include <string>
#include <vector>

#include "data/readers.h"

namespace belamy {

/// Keeps only the attributes that data.attributes names, in its order; all of them if it names none. Data
/// errors: an unknown name, a source without attributes.
void keep_attributes(Listing& listing, const DataOptions& options);

/// For each item of a listing, whether it belongs to the split. The hold-out and the validation set are taken
/// first, whatever the classes, so that an example stays in its split; then the classes are chosen, then the
/// limit applies to the training examples left. Hold-out and validation set take whole groups of a listing that has
/// groups: the hold-out is then a share of them. Data errors: a split that is kept empty, an unknown class, a
/// class without a training example. A hold-out of 1, which settings do not allow, puts everything into the
/// test split.
std::vector<bool> choose(const Listing& listing, const DataOptions& options, Split split);

}  // namespace belamy
