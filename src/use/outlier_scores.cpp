#include "use/outlier_scores.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "use/in_batches.h"
#include "use/require.h"

namespace belamy {
namespace {

constexpr const char* kScorer = "scorer";
constexpr const char* kDensity = "density";
constexpr const char* kReconstruction = "reconstruction";

Tensor slopes(const Run& run, const OutlierScore& score, const Tensor& images) {
  return in_batches(run, images, [&](const Tensor& batch) {
    const torch::AutoGradMode with_gradients(true);
    const auto x = batch.detach().clone().requires_grad_();
    const auto sum = score.of(x).sum();
    Tensor slope;
    if (sum.requires_grad()) slope = torch::autograd::grad({sum}, {x}, {}, false, false, true)[0];
    // Rounded and drawn pixels pass no gradient, or one of zero.
    if (!slope.defined() || !slope.any().item<bool>()) {
      throw usage_error(
          fmt::format("{} has no slope in the pixels of an image for {}", run.recipe().name, score.name),
          "leave --maps out, or choose another score by --by");
    }
    return slope.detach();
  });
}

}  // namespace

const std::vector<std::string>& outlier_score_keys() {
  static const std::vector<std::string> keys = {kScorer, kDensity, kReconstruction};
  return keys;
}

std::vector<OutlierScore> outlier_scores(Run& run, std::int64_t seed) {
  std::vector<OutlierScore> all;
  auto& model = run.model();
  if (auto* scorer = model.scorer())
    all.push_back({kScorer, scorer->score_name(), [scorer](const Tensor& x) { return scorer->score(x); }});
  if (auto* density = model.density()) {
    all.push_back({kDensity, "negative log-likelihood (nats)",
                   [density, generator = run.generator(seed)](const Tensor& x) {
                     return -density->log_likelihood(x, generator);
                   }});
  }
  if (auto* reconstructor = model.reconstructor()) {
    const double unit = run.shape().is_images() ? 0.25 : 1;  // from [-1, 1] to [0, 1]
    all.push_back(
        {kReconstruction, "squared error of the reconstruction", [reconstructor, unit](const Tensor& x) {
           return (reconstructor->reconstruct(x) - x).square().flatten(1).sum(1) * unit;
         }});
  }
  return all;
}

OutlierScore outlier_score(Run& run, const std::string& key) {
  const auto all = outlier_scores(run);
  std::vector<std::string> known;
  for (const auto& score : all) {
    if (key.empty() || score.key == key) return score;
    known.push_back(score.key);
  }
  if (known.empty()) throw missing_capability(run, Capability::scorer);
  throw usage_error(fmt::format("{} has no score '{}'", run.recipe().model->name, key),
                    fmt::format("it has {}", fmt::join(known, ", ")));
}

OutlierMaps outlier_maps(Run& run, const OutlierScore& score, const Tensor& images) {
  OutlierMaps maps;
  Tensor difference;
  if (auto* reconstructor = run.model().reconstructor()) {
    maps.reconstructions =
        in_batches(run, images, [&](const Tensor& x) { return reconstructor->reconstruct(x); });
    difference = images.cpu() - maps.reconstructions;
  } else {
    difference = slopes(run, score, images);
  }
  maps.heat = difference.abs().mean(1, /*keepdim=*/true);
  return maps;
}

}  // namespace belamy
