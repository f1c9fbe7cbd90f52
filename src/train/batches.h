// A data set as tensors on the device, and its batches by number.
#pragma once

#include <optional>
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

/// The order in which `count` things are seen, in batches. Batch k is a pure function of (seed, stream, k):
/// each epoch is a seeded permutation, cut into batches, so the place in the data is the step number and
/// nothing else needs saving. The last, smaller batch of an epoch is filled from the next epoch's
/// permutation.
class BatchOrder {
 public:
  BatchOrder(std::int64_t count, std::int64_t batch, std::int64_t seed, std::uint64_t stream);
  /// [batch] int64, on the CPU.
  Tensor at(std::int64_t number);

 private:
  std::int64_t count_, batch_;
  std::uint64_t seed_, stream_;
  std::int64_t cached_epoch_ = -1;
  Tensor cached_;  // [count] int64, the permutation of cached_epoch_
};

/// The training set of a run. With `labelled` above 0 only so many labels are known, as many of each class,
/// chosen by `labelled_seed`: batches then carry no labels, and `others[0]` is a labelled batch of the same
/// length.
class Batches {
 public:
  Batches(const Dataset& dataset, std::int64_t batch, std::int64_t seed, torch::Device device,
          std::int64_t labelled = 0, std::int64_t labelled_seed = 1);

  Batch at(std::int64_t number);
  std::int64_t count() const { return count_; }
  double epoch(std::int64_t number) const {
    return static_cast<double>(number) * static_cast<double>(batch_) / static_cast<double>(count_);
  }
  /// The first `n` training examples in the model's range, for looking at.
  Tensor head(std::int64_t n) const;

 private:
  Batch gather(const Tensor& indices, bool with_labels) const;

  std::int64_t count_, batch_;
  Tensor stored_, labels_;  // on the device
  BatchOrder order_;
  Tensor labelled_;  // [L] int64: the examples whose labels are known, where not all are
  std::optional<BatchOrder> labelled_order_;
};

}  // namespace belamy
