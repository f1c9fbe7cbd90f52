// Perceptual path length: how much the picture changes when the latent moves a little.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "evaluate/measure.h"
#include "metrics/feature_distance.h"
#include "use/latents.h"

namespace belamy {
namespace {

constexpr std::int64_t kMostPaths = 5000, kPathsAtOnce = 100;
constexpr double kPathStep = 1e-4;

// The great circle through the directions of both ends: the latents of a normal prior have nearly one length.
Tensor along_circle(const Tensor& from, const Tensor& to, const Tensor& t) {
  const auto length = from.norm(2, 1, true);
  return length * spherical_path(from / length, to / to.norm(2, 1, true), t);
}

// [N], the squared distance of the pictures of two near latents for each unit of the way between a pair, as Karras et
// al. 2019 measure it: uniform places on the way, the way through z a circle, others lines.
Tensor path_lengths(EvaluationContext& context, const std::string& space, const FeatureDistance& distance) {
  auto& decoder = *context.model().decoder();
  auto generator = context.run().generator(context.request().seed);
  const auto count = std::min(kMostPaths, context.request().samples);
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < count; done += kPathsAtOnce) {
    context.progress(fmt::format("path length in {}: {} of {}", space, done, count));
    const auto n = std::min(kPathsAtOnce, count - done);
    const auto latent = [&] { return decoder.draw_latent(n, generator); };
    const auto first = latent(), second = latent();
    if (!first.defined()) throw data_error("the model has no prior to draw latents from");
    const auto t = torch::rand({n, 1}, generator, first.options());
    const auto at = [&](const Tensor& place) {
      if (space == "z") return decoder.decode(along_circle(first, second, place));
      return decoder.decode_from(space,
                                 linear_path(decoder.into(space, first), decoder.into(space, second), place));
    };
    parts.push_back((distance(at(t), at(t + kPathStep)) / (kPathStep * kPathStep)).cpu());
  }
  return torch::cat(parts);
}

void take_path_length(EvaluationContext& context) {
  const auto& shape = context.run().shape();
  if (std::min(shape.width, shape.height) < 16)
    throw data_error("VGG16 needs images of at least 16 pixels a side");
  const FeatureDistance distance(context.request().features, context.run().device());
  for (const auto& space : context.model().decoder()->spaces()) {
    const auto all = path_lengths(context, space, distance).to(torch::kDouble);
    const auto low = all.quantile(0.01), high = all.quantile(0.99);
    const auto kept = all.masked_select((all >= low).logical_and(all <= high));
    context.add("path-length-" + space, kept.mean().item<double>(),
                fmt::format("mean of {} pairs, without the lowest and highest hundredth, {}", kept.size(0),
                            standard_error_of(kept)),
                {.samples = all.size(0), .network = distance.sha256(), .range = "[-1, 1]", .resize = "none"});
  }
}

}  // namespace

namespace measures {

Measure path_length() {
  return {.key = "path-length",
          .text = "perceptual path length in each latent space",
          .cost = "minutes",
          .needs = Capability::decoder,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::decoder) && shape.is_images(); },
          .take = take_path_length,
          .only_asked = true};
}

}  // namespace measures
}  // namespace belamy
