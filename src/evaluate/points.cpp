// Compares samples of points with test points.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "core/progress.h"
#include "core/text.h"
#include "evaluate/measure.h"

namespace belamy {
namespace {

// Distances between samples and test points, and the modes of a mixture.
void take_points(EvaluationContext& context) {
  const auto& train = context.train();
  const auto& test = context.test_data();
  context.progress("comparing samples with the test points");
  const auto quality = judge_points(context.samples(), context.train_data(), test,
                                    train.mixture ? &*train.mixture : nullptr, {.seed = context.seed()});
  if (const auto& modes = quality.modes) {
    const EvaluationContext::Basis basis{.samples = quality.counted};
    const auto of = "of " + counted(quality.counted, "sample");
    context.add("modes-covered", static_cast<double>(modes->covered),
                "modes that are the nearest mode of a high-quality sample, " + of, basis,
                fmt::format("of {}", modes->modes));
    context.add("high-quality-share", modes->high_quality_share,
                "within 3 standard deviations of the nearest mode, " + of, basis);
    context.add("reverse-kl-over-modes", modes->reverse_kl,
                fmt::format("frequencies of the modes against equal frequencies; samples at each: {}",
                            fmt::join(modes->counts, " ")),
                basis);
  }
  const auto& near = quality.samples;
  const auto& floor = quality.floor;
  const auto all = context.sample_basis();
  const EvaluationContext::Basis moved{.samples = near.moved, .examples = near.moved};
  context.add("sliced-wasserstein", near.sliced,
              fmt::format("distance to {}, in the data's units", counted(test.size(0), "test point")), all);
  context.add("sliced-wasserstein-floor", floor.sliced, "the same for as many training points", all);
  context.add("earth-mover-distance", near.earth_movers,
              fmt::format("exact, between {} and {} drawn at random", counted(near.moved, "sample"),
                          counted(near.moved, "test point")),
              moved);
  context.add("earth-mover-distance-floor", floor.earth_movers, "the same for training points", moved);
}

}  // namespace

namespace measures {

Measure points() {
  return {.key = "points",
          .text = "distance between samples and test points; modes",
          .cost = "seconds",
          .needs = Capability::sampler,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::sampler) && !shape.is_images(); },
          .take = take_points};
}

}  // namespace measures
}  // namespace belamy
