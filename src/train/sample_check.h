// Checks of samples during a training: their diversity, and the modes of a mixture that they cover.
#pragma once

#include <optional>
#include <string>
#include <torch/types.h>
#include <utility>
#include <vector>

#include "belamy/capabilities.h"

#include "data/dataset.h"
#include "train/alarms.h"

namespace belamy {

/// The number of examples for `check_samples`.
constexpr std::int64_t kDiversityBatch = 128;

struct SampleCheck {
  std::vector<std::pair<std::string, double>> values;  ///< "diversity/ratio", "modes/covered", ...
  std::vector<std::string> warnings;                   ///< new warnings of `alarms`
};

/// Draws from the sampler (with generator and progress of `request`, as many as the check needs) and compares the samples
/// with training examples `data` [N, ...] in the model's range; with fewer than 2 of them the result is empty. `done` is
/// the share of the training that is done. The model must be in evaluation mode.
SampleCheck check_samples(Sampler& sampler, SampleRequest request, const Tensor& data,
                          const std::optional<Mixture>& mixture, double done, TrainingAlarms& alarms);

}  // namespace belamy
