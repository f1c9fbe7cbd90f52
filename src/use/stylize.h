// One image's content in another's style.
#pragma once

#include <functional>
#include <torch/types.h>

#include "belamy/capabilities.h"

namespace belamy {

struct StylizeOptions {
  double style_weight = 100;  ///< of the style's loss beside the content's
  double smoothness = 1;      ///< of the mean squared difference of neighbouring pixels
  std::int64_t steps = 200;
  bool adam = false;          ///< Adam in place of L-BFGS
  bool keep_colours = false;  ///< only the brightness is changed (Gatys et al. 2016, arXiv:1606.05897)
  std::int64_t seed = 1;      ///< of the noise that a texture starts from
};

/// Gatys, Ecker & Bethge 2016: moves the pixels of `content` [1, C, H, W] so that the coarsest but one of the
/// featurizer's maps stays as it is, and the Gram matrices of all maps become those of `style` [1, C, H',
/// W']. Images in [-1, 1]; a usage error when a network has not two maps of them.
///
/// Without `content`, starts from noise of the style's size and has no loss of content: a texture (Gatys, Ecker &
/// Bethge 2015, arXiv:1505.07376).
///
/// Departures: any featurizer of Belamy's, vgg16_featurizer among them; each loss is a share of what it would
/// be for a black map, so that layers need no weights; a term for smoothness. `progress` gets the share that
/// is done, and the loss.
Tensor stylize(Featurizer& featurizer, const Tensor& content, const Tensor& style,
               const StylizeOptions& options, const std::function<void(double, double)>& progress);

}  // namespace belamy
