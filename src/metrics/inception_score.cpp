#include "metrics/inception_score.h"

#include <limits>

#include "metrics/numpy_permutation.h"
#include "metrics/pairwise.h"

namespace belamy {

MeanAndDeviation inception_score(const torch::Tensor& logits, std::int64_t splits, std::uint32_t seed) {
  check_feature_sets(logits, logits, splits, "the Inception score");
  const torch::NoGradGuard no_grad;
  const auto count = logits.size(0);
  const auto order = torch::tensor(NumpyPermutation(seed)(count));
  const auto log_p = logits.to(torch::kCPU, torch::kDouble).index_select(0, order).log_softmax(/*dim=*/1);
  std::vector<double> found;
  for (std::int64_t i = 0; i < splits; ++i) {
    const auto first = i * count / splits;
    const auto part = log_p.narrow(0, first, (i + 1) * count / splits - first);
    const auto p = part.exp();
    found.push_back((p * (part - p.mean(0, true).clamp_min(std::numeric_limits<double>::min()).log()))
                        .sum(1)
                        .mean()
                        .exp()
                        .item<double>());
  }
  const auto all = torch::tensor(found, torch::kDouble);
  return {all.mean().item<double>(), all.std(/*unbiased=*/false).item<double>()};
}

}  // namespace belamy
