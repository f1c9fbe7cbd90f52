// The classifier that judges images of a data set.
#pragma once

#include <functional>
#include <string>
#include <torch/types.h>

#include "data/dataset.h"
#include "metrics/classifier.h"

namespace belamy {

/// Trained on a data set once and kept in the cache under the digest of the data.
struct JudgeClassifier {
  FeatureClassifier classifier;
  std::string training;  ///< "200 passes over 40 images"
  std::string digest;    ///< SHA-256 of its weights
};

/// The classifier of the classes of `train`. `progress` receives texts about the current work.
JudgeClassifier judge_classifier(const Dataset& train, torch::Device device,
                                 const std::function<void(const std::string&)>& progress);

/// The same for the attributes of `train`, all in one network; those of 0.5 and more count as present.
JudgeClassifier judge_attributes(const Dataset& train, torch::Device device,
                                 const std::function<void(const std::string&)>& progress);

/// The attributes of a data set as that classifier sees them: int64 [N, A], 0 or 1.
torch::Tensor present_attributes(const Dataset& set);

/// The number of passes over `count` images that makes about 1,200 steps, from 3 to 200.
std::int64_t judge_passes(std::int64_t count);

}  // namespace belamy
