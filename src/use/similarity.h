// How alike two data are to a trained model.
#pragma once

#include <string>

#include "belamy/run.h"

namespace belamy {

/// By its Matcher, else by minus the Euclidean distance of its Encoder's codes.
class Similarity {
 public:
  /// A usage error for a model that is neither.
  explicit Similarity(Run& run);

  /// All pairs of data as `in_batches` takes them, [Q, ...] and [N, ...]: [Q, N] double, higher is more
  /// alike.
  Tensor between(const Tensor& queries, const Tensor& others) const;
  /// "similarity of siamese", "minus the distance of vae's codes"
  std::string how() const;

 private:
  Run& run_;
  Matcher* matcher_;
  Encoder* encoder_;
};

/// Cosines of the codes of captions [Q, L] and of images [N, ...]: [Q, N] double. A usage error for a model without a
/// TextEncoder and an Encoder.
Tensor caption_similarity(Run& run, const Tensor& captions, const Tensor& images);

}  // namespace belamy
