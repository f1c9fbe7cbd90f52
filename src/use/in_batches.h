// Long calls into a run's model, batch by batch.
#pragma once

#include <functional>

#include "belamy/run.h"

namespace belamy {

/// What the request asks for, batch by batch, on the CPU.
Tensor draw(Sampler& sampler, const SampleRequest& request);

/// Applies `f` to batches of `data` ([N, ...] on the CPU: uint8 images, or in the model's range already),
/// which it gets on the run's device in the model's range; the results joined on the CPU.
Tensor in_batches(const Run& run, const Tensor& data, const std::function<Tensor(const Tensor&)>& f);

}  // namespace belamy
