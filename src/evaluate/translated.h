// The translations of test images, and what they are compared with.
#pragma once

#include <string>
#include <torch/types.h>

#include "evaluate/measure.h"

namespace belamy {

/// Test images, their translations in one direction, and the partners of a paired test set. All are bytes.
struct Translated {
  Direction direction;
  Tensor input, made;
  Tensor wanted;  ///< undefined if the test set is not paired
  /// The input as a baseline: itself, or enlarged by bicubic interpolation where partners are a whole number of
  /// times larger. Undefined if neither fits the partners.
  Tensor plain;
  std::string plain_name;  ///< "copying" or "bicubic": ends the keys of its scores

  std::string key(const std::string& score) const { return score + "-" + direction_name(direction); }
  std::string plain_key(const std::string& score) const { return key(score + "-of-" + plain_name); }
};

/// Translates at most `most` test images.
Translated translate_test(EvaluationContext& context, Direction direction, std::int64_t most);

/// Images [N, C, H, W] in bytes, enlarged by bicubic interpolation.
Tensor enlarged(const Tensor& images, std::int64_t height, std::int64_t width);

/// Bytes as values in [0, 1].
inline Tensor unit_range(const Tensor& bytes) {
  return bytes.to(torch::kFloat) / 255;
}

}  // namespace belamy
