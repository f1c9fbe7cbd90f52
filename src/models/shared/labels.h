// What models that learn from labels share.
#pragma once

#include <string>

#include "belamy/model.h"

namespace belamy::models {

/// The batch whose labels are known: `others[0]` of partly labelled data, else the batch itself.
inline const Batch& labelled_part(const Batch& batch) {
  return batch.others.empty() ? batch : batch.others[0];
}

/// What is wrong with the data for a model that learns from labels; empty: nothing.
inline std::string check_labels(const DataShape& shape) {
  return shape.classes < 2 ? "it needs labels; choose labelled data" : "";
}

}  // namespace belamy::models
