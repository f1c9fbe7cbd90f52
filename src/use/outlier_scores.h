// How unusual a run finds data: the scores that its model offers, and where an image is unusual.
#pragma once

#include <functional>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/run.h"

namespace belamy {

/// One way to tell how unusual data are.
struct OutlierScore {
  std::string key;   ///< "scorer", "density" or "reconstruction"
  std::string name;  ///< "negative ELBO (nats)"
  /// Data in the model's range on its device -> [N], higher is more unusual. The next random numbers of a score that
  /// draws some are those of its next call.
  std::function<Tensor(const Tensor&)> of;
};

/// The keys of all scores: "scorer" (what the model itself calls unusual), "density" (negative log-likelihood),
/// "reconstruction" (squared error).
const std::vector<std::string>& outlier_score_keys();
/// Those that the run's model offers, in that order. `seed` is that of the draws of a score that needs some.
std::vector<OutlierScore> outlier_scores(Run& run, std::int64_t seed = 1);
/// The one with this key; without a key the first. A usage error if the model has none, or not this one.
OutlierScore outlier_score(Run& run, const std::string& key);

/// Where images are unusual.
struct OutlierMaps {
  Tensor reconstructions;  ///< [N, C, H, W] on the CPU; undefined if the model has no Reconstructor
  Tensor heat;             ///< [N, 1, H, W] on the CPU, from 0; higher is more unusual
};
/// Of images [N, C, H, W] in the model's range. A model that reconstructs: the mean of |x - reconstruction| over the
/// channels. Others: that of |slope of the score|. A usage error if the score has no slope.
OutlierMaps outlier_maps(Run& run, const OutlierScore& score, const Tensor& images);

}  // namespace belamy
