#include "pictures/domain_pictures.h"

#include <algorithm>
#include <torch/types.h>

#include "metrics/tsne.h"
#include "pictures/latent_pictures.h"
#include "pictures/views.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"

namespace belamy {
namespace {

constexpr std::int64_t kCodeBatch = 250, kLeast = 4;
constexpr double kPerplexity = 30;

struct Codes {
  Tensor codes, labels, place;  // [N, Z], [N] (-1: not known), [N] from 0 to 1
};

Codes codes_of(Encoder& encoder, torch::Device device, const Dataset& set, std::int64_t most) {
  const auto n = std::min(most, set.count);
  const auto pick =
      torch::linspace(0, static_cast<double>(set.count - 1), n, torch::kDouble).to(torch::kLong);
  const auto data = data_tensor(set).index_select(0, pick);
  std::vector<Tensor> parts;
  for (const auto& some : data.split(kCodeBatch))
    parts.push_back(encoder.encode(to_model_range(some).to(device)).flatten(1).cpu());
  return {torch::cat(parts),
          set.labels.empty() ? torch::full({n}, -1, torch::kLong)
                             : torch::tensor(set.labels).index_select(0, pick),
          torch::arange(n, torch::kDouble) / static_cast<double>(n)};
}

}  // namespace

Image domain_picture(Encoder& encoder, torch::Device device, const Dataset& data, std::int64_t most) {
  const auto& other = data.others.at(0);
  if (std::min(data.count, other.count) < kLeast) return {};
  const auto a = codes_of(encoder, device, data, most), b = codes_of(encoder, device, other, most);
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

namespace views {

View domain_codes() {
  return {.key = "domain-codes",
          .title = "Codes of test images, left by class, right the source blue and the target orange",
          .time = View::Time::end_unseen,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::encoder) && shape.relation == Relation::domains;
              },
          .draw =
              [](const ViewContext& context) {
                return domain_picture(*context.model.encoder(), context.device, context.test());
              }};
}

}  // namespace views
}  // namespace belamy
