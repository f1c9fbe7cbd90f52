// A data set as tensors on the device, and its batches by number.
#pragma once

#include <torch/torch.h>

#include "belamy/model.h"

#include "data/dataset.h"

namespace belamy {

DataShape shape_of(const Dataset& dataset);

/// uint8 or float pixels/points of a data set as [N, C, H, W] or [N, D], without a copy where possible.
Tensor data_tensor(const Dataset& dataset);

/// uint8 images -> [-1, 1]; points stay as they are.
Tensor to_model_range(const Tensor& stored);
/// [-1, 1] -> uint8 [0, 255], rounded.
Tensor to_bytes(const Tensor& images);

/// The training set of a run. Batch k is a pure function of (seed, k): each epoch is a seeded permutation,
/// cut into batches, so the place in the data is the step number and nothing else needs saving. The last,
/// smaller batch of an epoch is filled from the next epoch's permutation.
class Batches {
 public:
  Batches(const Dataset& dataset, std::int64_t batch, std::int64_t seed, torch::Device device);

  Batch at(std::int64_t number);
  std::int64_t count() const { return count_; }
  double epoch(std::int64_t number) const {
    return static_cast<double>(number) * static_cast<double>(batch_) / static_cast<double>(count_);
  }
  /// The first `n` training examples in the model's range, for looking at.
  Tensor head(std::int64_t n) const;

 private:
  const Tensor& permutation(std::int64_t epoch);

  std::int64_t count_, batch_, seed_;
  Tensor stored_, labels_;  // on the device
  std::int64_t cached_epoch_ = -1;
  Tensor cached_;  // [N] int64, of cached_epoch_
};

}  // namespace belamy
