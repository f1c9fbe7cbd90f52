#include "metrics/probes.h"

#include <torch/optim/lbfgs.h>

#include "belamy/error.h"

#include "core/text.h"
#include "metrics/pairwise.h"

namespace belamy {

using torch::Tensor;

namespace {

constexpr std::int64_t kProbeBlock = 1000;

// The number of classes.
std::int64_t check_labels(const Tensor& codes, const Tensor& labels, const char* what) {
  check_feature_sets(codes, codes, 1, what);
  if (labels.dim() != 1 || labels.size(0) != codes.size(0) || labels.scalar_type() != torch::kLong ||
      labels.min().item<std::int64_t>() < 0) {
    throw data_error(
        fmt::format("{} needs one label from 0 for each of {}", what, counted(codes.size(0), "code")));
  }
  return labels.max().item<std::int64_t>() + 1;
}

}  // namespace

Tensor nearest_labels(const Tensor& queries, const Tensor& codes, const Tensor& labels, std::int64_t k) {
  const torch::NoGradGuard no_grad;
  const auto classes = check_labels(codes, labels, "k nearest neighbours");
  check_feature_sets(queries, codes, 1, "k nearest neighbours");
  if (k < 1 || k > codes.size(0))
    throw usage_error(
        fmt::format("{} among {}", counted(k, "nearest neighbour"), counted(codes.size(0), "code")));
  const auto at = codes.to(torch::kFloat), middle = at.mean(0, true), around = at - middle;
  // One vote each, plus a small share for nearer neighbours, which decides between equal counts.
  const auto share = 1e-3 / static_cast<double>(k * k);
  const auto votes = 1 + share * torch::arange(k, 0, -1, torch::kFloat);
  std::vector<Tensor> parts;
  for (const auto& rows : queries.to(torch::kFloat).split(kProbeBlock)) {
    const auto near = std::get<1>(squared_distances(rows - middle, around).topk(k, 1, /*largest=*/false));
    auto sums = torch::zeros({rows.size(0), classes}, torch::kFloat);
    sums.scatter_add_(1, labels.index_select(0, near.flatten()).view_as(near), votes.expand(near.sizes()));
    parts.push_back(sums.argmax(1));
  }
  return torch::cat(parts);
}

Tensor LinearProbe::predict(const Tensor& codes) const {
  return torch::addmm(bias, codes.to(torch::kDouble), weight.t()).argmax(1);
}

LinearProbe fit_linear_probe(const Tensor& given, const Tensor& labels, const LinearProbeOptions& options) {
  const auto classes = check_labels(given, labels, "a linear probe");
  const auto plain = given.detach().to(torch::kDouble);
  const auto mean = plain.mean(0, true), deviation = plain.std(0, /*unbiased=*/false, true);
  const auto scale = torch::where(deviation > 0, 1 / deviation, torch::zeros_like(deviation));
  const auto codes = (plain - mean) * scale;

  const torch::AutoGradMode with_gradients(true);
  auto weight = torch::zeros({classes, codes.size(1)}, torch::kDouble).requires_grad_();
  auto bias = torch::zeros({classes}, torch::kDouble).requires_grad_();
  torch::optim::LBFGS optimizer({weight, bias}, torch::optim::LBFGSOptions(1)
                                                    .max_iter(options.iterations)
                                                    .tolerance_grad(1e-7)
                                                    .tolerance_change(1e-12)
                                                    .history_size(20)
                                                    .line_search_fn("strong_wolfe"));
  const auto evaluate = [&] {
    optimizer.zero_grad();
    auto loss = torch::cross_entropy_loss(torch::addmm(bias, codes, weight.t()), labels) +
                options.decay / 2 * weight.square().sum();
    loss.backward();
    return loss;
  };
  optimizer.step(evaluate);

  LinearProbe probe;
  probe.loss = evaluate().item<double>();
  probe.gradient = std::max(weight.grad().abs().max().item<double>(), bias.grad().abs().max().item<double>());
  // Converts the weights to codes that are not standardised.
  probe.weight = weight.detach() * scale;
  probe.bias = bias.detach() - (probe.weight * mean).sum(1);
  return probe;
}

}  // namespace belamy
