#include "objectives/similarity.h"

#include <algorithm>
#include <torch/types.h>

namespace belamy::objectives {
namespace {

constexpr double kSmooth = 1e-6;  // added to squared distances

// [N, N]
Tensor all_distances(const Tensor& codes) {
  const auto squares = codes.square().sum(1, /*keepdim=*/true);
  return (squares + squares.t() - 2 * at::mm(codes, codes.t())).clamp_min(0).add(kSmooth).sqrt();
}

}  // namespace

Tensor row_distances(const Tensor& a, const Tensor& b) {
  return (a - b).square().sum(1).add(kSmooth).sqrt();
}

Tensor contrastive(const Tensor& distances, const Tensor& same, double margin) {
  return 0.5 * at::where(same, distances, (margin - distances).clamp_min(0)).square().mean();
}

Tensor pair_cross_entropy(const Tensor& logits, const Tensor& same) {
  return at::binary_cross_entropy_with_logits(logits, same.to(logits.scalar_type()));
}

Tensor triplet(const Tensor& a, const Tensor& b, const Tensor& a_labels, const Tensor& b_labels,
               double margin) {
  const auto labels = at::cat({a_labels, b_labels});
  const auto near = row_distances(a, b), far = all_distances(at::cat({a, b}));
  const auto same = (a_labels == b_labels).repeat({2}).unsqueeze(1);
  const auto counts = same.logical_and(labels.unsqueeze(1) != labels.unsqueeze(0));
  const auto excess = (near.repeat({2}).unsqueeze(1) - far + margin).clamp_min(0) * counts;
  return excess.sum() / (excess > 0).sum().clamp_min(1);
}

Tensor partner_cross_entropy(const Tensor& a, const Tensor& b, double scale) {
  const auto unit = [](const Tensor& codes) {
    return codes / codes.norm(2, 1, /*keepdim=*/true).clamp_min(1e-6);
  };
  const auto scores = scale * at::mm(unit(a), unit(b).t());
  const auto right = torch::arange(a.size(0), scores.options().dtype(torch::kLong));
  return 0.5 * (at::cross_entropy_loss(scores, right) + at::cross_entropy_loss(scores.t(), right));
}

Tensor partner_hinge(const Tensor& a, const Tensor& b) {
  const auto scores = at::mm(a, b.t()), right = scores.diagonal();
  const auto n = a.size(0);
  const auto wrong = 1 - torch::eye(n, scores.options());
  const auto excess = [&](const Tensor& own) { return ((1 + scores - own).clamp_min(0) * wrong).sum(); };
  return (excess(right.unsqueeze(1)) + excess(right.unsqueeze(0))) /
         (2.0 * static_cast<double>(std::max<std::int64_t>(n * (n - 1), 1)));
}

}  // namespace belamy::objectives
