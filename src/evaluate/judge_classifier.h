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

/// The classifier of the classes of `train`. `progress` gets what is being done.
JudgeClassifier judge_classifier(const Dataset& train, torch::Device device,
                                 const std::function<void(const std::string&)>& progress);

/// Passes over `count` images that make about 1,200 steps of the classifier: 3 at least, 200 at most.
std::int64_t judge_passes(std::int64_t count);

}  // namespace belamy
