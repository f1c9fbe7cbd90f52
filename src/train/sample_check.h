// What a training looks at in its own samples: how varied they are, and the modes of a mixture that they reach.
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

/// Examples that `check_samples` compares with.
constexpr std::int64_t kDiversityBatch = 128;

struct SampleCheck {
  std::vector<std::pair<std::string, double>> values;  ///< "diversity/ratio", "modes/covered", ...
  std::vector<std::string> warnings;                   ///< new ones of `alarms`
};

/// Draws from the sampler (on its device, with `generator`) and compares with training examples `data` [N, ...]
/// in the model's range; fewer than 2 give nothing. `done` is the share of the training that is done. The
/// caller holds the model in evaluation mode.
SampleCheck check_samples(Sampler& sampler, at::Generator generator, const Tensor& data,
                          const std::optional<Mixture>& mixture, double done, TrainingAlarms& alarms);

}  // namespace belamy
