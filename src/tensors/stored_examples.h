// The pixels or points of a training set, from which batches are taken.
#pragma once

#include <algorithm>
#include <memory>
#include <torch/types.h>

#include "data/dataset.h"

namespace belamy {

using torch::Tensor;

/// Pixels (uint8, [N, C, H, W]) or points (float, [N, D]): on the device, or in a file if the data set is larger than
/// memory.
class StoredExamples {
 public:
  /// Takes the pixels or points of the set, and leaves the rest.
  StoredExamples(Dataset&& set, torch::Device device);

  std::int64_t count() const { return values_.size(0); }
  bool on_disk() const { return file_ != nullptr; }
  torch::Device device() const { return device_; }
  /// The examples at places [n] int64, given on the CPU and on the device: on the device.
  Tensor rows(const Tensor& places, const Tensor& on_the_device) const;
  Tensor head(std::int64_t n) const { return values_.narrow(0, 0, std::min(n, count())); }
  /// Says which places will be asked for next: a disk begins to read them.
  void expect(const Tensor& places) const;

 private:
  std::shared_ptr<const Pixels> file_;  // null: values_ are in memory
  Tensor values_;
  torch::Device device_;
  std::int64_t row_bytes_ = 0;
};

}  // namespace belamy
