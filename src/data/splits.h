// Which examples of a source make a split: hold-out, validation, classes, limit. Internal to src/data.
#pragma once

#include <string>
#include <vector>

#include "data/readers.h"

namespace belamy {

/// Leaves the attributes that data.attributes names, in its order; all of them where it names none. Data
/// errors: an unknown name, a source without attributes.
void keep_attributes(Listing& listing, const DataOptions& options);

/// [items] of a listing: whether the split takes it. First the hold-out and the validation set are taken
/// away, whatever the classes, so that an example stays in its split; then the classes, then the limit among
/// what is left for training. Data errors: a split that is kept empty, an unknown class, a class without a
/// training example. A hold-out of 1, which no
/// setting can ask for, takes everything for the test split.
std::vector<bool> choose(const Listing& listing, const DataOptions& options, Split split);

}  // namespace belamy
