// Rows of past data, from which a model draws what a request leaves open.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::models {

/// The last `count` rows [count, width] of past batches, in a buffer of the model.
class SeenRows {
 public:
  SeenRows() = default;
  SeenRows(torch::nn::Module& owner, const std::string& name, std::int64_t count, std::int64_t width)
      : rows_(owner.register_buffer(name, torch::zeros({count, width}))) {}

  /// Stores the rows of a step in place of the oldest. The first step fills all.
  void remember(const torch::Tensor& rows, std::int64_t step) {
    const torch::NoGradGuard no_grad;
    const auto count = rows_.size(0), given = rows.size(0);
    if (step == 0) {
      rows_.copy_(rows.repeat({(count + given - 1) / given, 1}).narrow(0, 0, count));
      return;
    }
    const auto n = std::min(given, count), first = step * n % count, here = std::min(n, count - first);
    rows_.narrow(0, first, here).copy_(rows.narrow(0, 0, here));
    if (here < n) rows_.narrow(0, 0, n - here).copy_(rows.narrow(0, here, n - here));
  }

  const torch::Tensor& rows() const { return rows_; }
  /// n of them, drawn at random.
  torch::Tensor draw(std::int64_t n, at::Generator generator) const {
    const auto options = torch::TensorOptions(torch::kLong).device(generator.device());
    return rows_.index_select(0, torch::randint(rows_.size(0), {n}, generator, options));
  }

 private:
  torch::Tensor rows_;
};

}  // namespace belamy::models
