#include "train/run_batches.h"

#include <torch/types.h>

#include "train/batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kUseBatch = 250;

}  // namespace

Tensor draw(Sampler& sampler, std::int64_t n, at::Generator generator) {
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < n; done += kUseBatch) {
    parts.push_back(sampler.sample(std::min(kUseBatch, n - done), generator).cpu());
  }
  return torch::cat(parts);
}

Tensor in_batches(const Run& run, const Tensor& data, const std::function<Tensor(const Tensor&)>& f) {
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < data.size(0); done += kUseBatch) {
    const auto n = std::min(kUseBatch, data.size(0) - done);
    parts.push_back(f(to_model_range(data.narrow(0, done, n)).to(run.device())).cpu());
  }
  return torch::cat(parts);
}

}  // namespace belamy
