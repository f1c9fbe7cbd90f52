#include "metrics/kernel_distance.h"

#include "metrics/numpy_permutation.h"
#include "metrics/pairwise.h"

namespace belamy {
namespace {

using torch::Tensor;

Tensor cubic_kernel(const Tensor& a, const Tensor& b) {
  return (a.mm(b.t()) / static_cast<double>(a.size(1)) + 1).pow(3);
}

// The mean of the kernel over all pairs of different rows of one set.
double mean_of_pairs(const Tensor& x) {
  const auto kernel = cubic_kernel(x, x);
  const auto n = static_cast<double>(x.size(0));
  return (kernel.sum() - kernel.trace()).item<double>() / (n * (n - 1));
}

}  // namespace

MeanAndDeviation kernel_distance(const Tensor& a, const Tensor& b, const KernelDistanceOptions& options) {
  check_feature_sets(a, b, options.size, "the kernel distance");
  const torch::NoGradGuard no_grad;
  const auto x = a.to(torch::kCPU, torch::kDouble), y = b.to(torch::kCPU, torch::kDouble);
  NumpyPermutation permutation(options.seed);
  const auto some_of = [&](const Tensor& rows) {
    return rows.index_select(0, torch::tensor(permutation(rows.size(0))).narrow(0, 0, options.size));
  };
  std::vector<double> found;
  for (std::int64_t i = 0; i < options.subsets; ++i) {
    if (options.progress) options.progress(i);
    const auto p = some_of(x), q = some_of(y);
    found.push_back(mean_of_pairs(p) + mean_of_pairs(q) - 2 * cubic_kernel(p, q).mean().item<double>());
  }
  const auto all = torch::tensor(found, torch::kDouble);
  return {all.mean().item<double>(), all.std(/*unbiased=*/false).item<double>()};
}

}  // namespace belamy
