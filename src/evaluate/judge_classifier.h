// The classifier that judges images of a data set.
#pragma once

#include <functional>
#include <string>

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

/// The number of passes over `count` images that makes about 1,200 steps, from 3 to 200.
std::int64_t judge_passes(std::int64_t count);

}  // namespace belamy
