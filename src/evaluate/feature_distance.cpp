// Compares translations with true partners in the features of VGG16.
#include "metrics/feature_distance.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "evaluate/measure.h"
#include "evaluate/translated.h"
#include "tensors/image_tensors.h"

namespace belamy {
namespace {

constexpr std::int64_t kMostCompared = 1000, kComparedAtOnce = 100;

void take_feature_distance(EvaluationContext& context) {
  const auto& test = context.test();
  if (!test.paired)
    throw data_error("the test images are not paired, so translations have nothing to be near to");
  const FeatureDistance distance(context.request().features, context.run().device());
  for (const auto direction : context.model().translator()->directions()) {
    const auto translated = translate_test(context, direction, kMostCompared);
    if (std::min(translated.wanted.size(2), translated.wanted.size(3)) < 16)
      throw data_error("VGG16 needs images of at least 16 pixels a side");
    const auto to_partners = [&](const Tensor& images) {
      std::vector<Tensor> parts;
      for (std::int64_t done = 0; done < images.size(0); done += kComparedAtOnce) {
        context.progress(fmt::format("comparing in the features of VGG16: {} of {}", done, images.size(0)));
        const auto part = [&](const Tensor& all) {
          const auto n = std::min(kComparedAtOnce, images.size(0) - done);
          return to_model_range(all.narrow(0, done, n)).to(context.run().device());
        };
        parts.push_back(distance(part(images), part(translated.wanted)).cpu());
      }
      return torch::cat(parts);
    };
    const auto each = to_partners(translated.made);
    const EvaluationContext::Basis basis{.samples = each.size(0),
                                         .examples = each.size(0),
                                         .network = distance.sha256(),
                                         .range = "[-1, 1]",
                                         .resize = "none"};
    context.add(translated.key("feature-distance"), each.mean().item<double>(),
                fmt::format("over {} pairs, {}", each.size(0), standard_error_of(each)), basis);
    if (!translated.plain.defined()) continue;
    context.add(translated.plain_key("feature-distance"), to_partners(translated.plain).mean().item<double>(),
                translated.plain_name == "copying" ? "the same for the untranslated image"
                                                   : "the same for bicubic interpolation",
                basis);
  }
}

}  // namespace

namespace measures {

Measure feature_distance() {
  return {.key = "feature-distance",
          .text = "distance of translations from their partners in the features of VGG16",
          .cost = "a minute",
          .needs = Capability::translator,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::translator); },
          .take = take_feature_distance,
          .only_asked = true};
}

}  // namespace measures
}  // namespace belamy
