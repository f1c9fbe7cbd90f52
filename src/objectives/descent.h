// The point at which a loss is least, for losses of points that are not weights: latents of a picture.
#pragma once

#include <cstdint>
#include <functional>
#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Descends `loss`, from points [N, Z] to one number each [N], from `start` by `steps` steps of Adam, whose learning
/// rate falls from `rate` to zero by a cosine. Returns the best point of each row's way: [N, Z]. `progress` gets the
/// share that is done and the mean of the least losses; it may be empty.
Tensor descend(const Tensor& start, std::int64_t steps, double rate,
               const std::function<Tensor(const Tensor&)>& loss,
               const std::function<void(double done, double least)>& progress = {});

}  // namespace belamy::objectives
