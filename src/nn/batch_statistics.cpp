#include "nn/batch_statistics.h"

#include <algorithm>
#include <torch/autograd.h>
#include <torch/types.h>

#include "nn/products.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kChunkValues = 4 << 20;

// Calls use(first row, rows, differences [c, N, B, C], similarities [c, N, B] with zero for a row itself).
template <class F>
void for_each_chunk(const Tensor& m, std::int64_t chunk, F use) {
  const auto n = m.size(0);
  const auto self = torch::eye(n, m.options()).unsqueeze(2);
  for (std::int64_t first = 0; first < n; first += chunk) {
    const auto rows = std::min(chunk, n - first);
    const auto difference = m.narrow(0, first, rows).unsqueeze(1) - m.unsqueeze(0);
    const auto alike = difference.abs().sum(3).neg().exp() * (1 - self.narrow(0, first, rows));
    use(first, rows, difference, alike);
  }
}

// Both passes consist of differentiable operations on saved tensors, so gradient penalties can go through.
struct Similarity : torch::autograd::Function<Similarity> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& m, std::int64_t chunk) {
    ctx->save_for_backward({m});
    ctx->saved_data["chunk"] = chunk;
    std::vector<Tensor> sums;
    for_each_chunk(m, chunk,
                   [&](auto, auto, const Tensor&, const Tensor& alike) { sums.push_back(alike.sum(1)); });
    return at::cat(sums);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto m = ctx->get_saved_variables()[0];
    const auto& grad = grads[0];  // [N, B]
    std::vector<Tensor> sums;
    for_each_chunk(m, ctx->saved_data["chunk"].toInt(),
                   [&](std::int64_t first, std::int64_t rows, const Tensor& difference, const Tensor& alike) {
                     // A pair contributes to both of its rows.
                     const auto both = grad.narrow(0, first, rows).unsqueeze(1) + grad.unsqueeze(0);
                     sums.push_back(-((both * alike).unsqueeze(3) * difference.sign()).sum(1));
                   });
    return {at::cat(sums), {}};
  }
};

}  // namespace

MinibatchDiscrimination::MinibatchDiscrimination(std::int64_t features, std::int64_t kernels,
                                                 std::int64_t size)
    : kernels_(kernels), size_(size) {
  weight_ = register_parameter("weight", torch::zeros({kernels * size, features}));
}

Tensor MinibatchDiscrimination::forward(const Tensor& x) {
  const auto m = affine(x, present(weight_)).view({x.size(0), kernels_, size_});
  return at::cat({x, minibatch_similarity(m)}, 1);
}

Tensor minibatch_similarity(const Tensor& m, std::int64_t chunk) {
  if (chunk == 0)
    chunk = std::clamp<std::int64_t>(kChunkValues / std::max<std::int64_t>(m.numel(), 1), 1, m.size(0));
  return Similarity::apply(m, chunk);
}

Tensor append_deviation_channel(const Tensor& x, std::int64_t group) {
  const auto n = x.size(0);
  while (n % group != 0) --group;
  const auto groups = x.reshape({group, n / group, x.size(1), x.size(2), x.size(3)});
  const auto centred = groups - groups.mean(0, true);
  const auto deviation = (centred.square().mean(0) + 1e-8).sqrt().mean({1, 2, 3});  // [N / group]
  const auto channel = deviation.repeat({group}).view({n, 1, 1, 1}).expand({n, 1, x.size(2), x.size(3)});
  return at::cat({x, channel}, 1);
}

Tensor append_deviation(const Tensor& x) {
  const auto centred = x - x.mean(0, true);
  const auto deviation = (centred.square().mean(0) + 1e-8).sqrt().mean();
  return at::cat({x, deviation.expand({x.size(0), 1})}, 1);
}

}  // namespace belamy::nn
