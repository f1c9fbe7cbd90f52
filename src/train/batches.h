// The batches of a training set, by step.
#pragma once

#include <algorithm>
#include <optional>
#include <torch/types.h>

#include "belamy/model.h"

#include "data/dataset.h"
#include "tensors/stored_examples.h"
#include "train/augment.h"

namespace belamy {

/// One step's place in the data.
struct BatchPlace {
  std::int64_t step = 0;
  std::int64_t first = 0;            ///< examples seen in earlier steps
  std::int64_t size = 0;             ///< examples of this step, of all processes
  std::int64_t part = 0, parts = 1;  ///< which part of them this process takes; they must divide equally
};

/// The order in which `count` examples are seen: one seeded permutation for each epoch. It is a pure function
/// of (seed, stream, place), so a checkpoint needs to hold only the step.
class BatchOrder {
 public:
  BatchOrder(std::int64_t count, std::int64_t seed, std::uint64_t stream);
  /// The examples at the places from `first` on: [size] int64, on the CPU. After the end of an epoch the next
  /// one begins.
  Tensor at(std::int64_t first, std::int64_t size);
  /// How many of `size` places from `first` on are of the same epoch as the one before them.
  std::int64_t left_of_epoch(std::int64_t first, std::int64_t size) const {
    return std::min(size, (count_ - first % count_) % count_);
  }

 private:
  std::int64_t count_;
  std::uint64_t seed_, stream_;
  std::int64_t cached_epoch_ = -1;
  Tensor cached_;  // [count] int64, the permutation of cached_epoch_
};

/// The training set of a run. With `data.labelled` only that many labels are known, equally many of
/// each class.
class Batches {
 public:
  /// Words of captions are numbers in `vocabulary`; if that is empty, in the set's own.
  Batches(Dataset dataset, const DataOptions& options, std::int64_t batch, std::int64_t seed,
          torch::Device device, const std::vector<std::string>& vocabulary = {});

  /// The part of the batch that the place names. All parts together are the batch that one process would take.
  Batch at(const BatchPlace& place);
  /// The batch of a step, for runs whose batches all have the same size.
  Batch at(std::int64_t step) { return at({step, step * batch_, batch_}); }
  const DataShape& shape() const { return shape_; }  ///< of the data set
  std::int64_t count() const { return domains_[0].stored.count(); }
  double epoch(const BatchPlace& place) const {
    return static_cast<double>(place.first) / static_cast<double>(count());
  }
  /// The first `n` training examples of a domain in the model's range, for pictures and checks.
  Tensor head(std::int64_t n, std::size_t domain = 0) const;
  std::size_t domains() const { return domains_.size(); }

 private:
  struct Domain {
    StoredExamples stored;
    Tensor labels, attributes, captions;  // on the device
    // `told`: with labels, attributes and captions.
    Examples gather(const Tensor& places, bool told) const;
  };
  // What is needed to choose the second example of each pair.
  struct Partners {
    std::vector<std::vector<std::int64_t>> members;    // places, by class
    std::vector<std::vector<std::size_t>> neighbours;  // other classes of the same folder, by class
    std::vector<std::size_t> class_of;                 // by place
  };

  Tensor second_of_pairs(const Tensor& firsts, const BatchPlace& batch) const;
  void change(Batch& batch, const BatchPlace& place) const;
  void expect_next(const BatchPlace& place);

  DataShape shape_;
  DataOptions options_;
  std::int64_t batch_, seed_;
  Augment augment_;
  std::vector<Domain> domains_;
  bool paired_;
  BatchOrder order_;
  std::optional<BatchOrder> other_order_;  // of the second domain, or of the examples with labels
  Tensor labelled_;                        // [L] int64: the examples whose labels are known, if not all are
  std::optional<Partners> partners_;
};

}  // namespace belamy
