#include "train/domain_pictures.h"

#include <algorithm>
#include <torch/types.h>

#include "metrics/tsne.h"
#include "train/batches.h"
#include "train/latent_pictures.h"

namespace belamy {
namespace {

constexpr std::int64_t kCodeBatch = 250, kLeast = 4;
constexpr double kPerplexity = 30;

struct Codes {
  Tensor codes, labels, place;  // [N, Z], [N] (-1: not known), [N] from 0 to 1
};

Codes codes_of(ModelState& state, const Dataset& set, std::int64_t most) {
  const auto n = std::min(most, set.count);
  const auto pick =
      torch::linspace(0, static_cast<double>(set.count - 1), n, torch::kDouble).to(torch::kLong);
  const auto data = data_tensor(set).index_select(0, pick);
  const auto device = state.model().parameters().at(0).device();
  std::vector<Tensor> parts;
  for (const auto& some : data.split(kCodeBatch))
    parts.push_back(state.model().encoder()->encode(to_model_range(some).to(device)).flatten(1).cpu());
  return {torch::cat(parts),
          set.labels.empty() ? torch::full({n}, -1, torch::kLong)
                             : torch::tensor(set.labels).index_select(0, pick),
          torch::arange(n, torch::kDouble) / static_cast<double>(n)};
}

}  // namespace

Image domain_picture(ModelState& state, const Dataset& data, std::int64_t most) {
  if (!state.model().encoder() || data.others.empty() || state.shape().relation != Relation::domains)
    return {};
  const auto& other = data.others[0];
  if (std::min(data.count, other.count) < kLeast) return {};
  const ModelState::Evaluation evaluation(state);
  const auto a = codes_of(state, data, most), b = codes_of(state, other, most);
  // Drawn by turns, so that neither domain hides the other.
  const auto order = torch::cat({a.place, b.place}).argsort();
  const auto joined = [&](const Tensor& x, const Tensor& y) {
    return torch::cat({x, y}).index_select(0, order);
  };
  auto points = joined(a.codes, b.codes);
  if (points.size(1) != 2) {
    const double perplexity = std::min(kPerplexity, static_cast<double>(points.size(0) - 1) / 3);
    points = tsne(points, {.perplexity = perplexity}).points;
  }
  return two_domain_map(points, joined(a.labels, b.labels),
                        joined(torch::zeros_like(a.labels), torch::ones_like(b.labels)));
}

}  // namespace belamy
