// How much the pictures of one caption differ.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/diversity.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"

namespace belamy::measures {

Measure caption_variance() {
  return {
      .key = "caption-variance",
      .text = "how much the pictures of one caption differ",
      .cost = "seconds",
      .needs = Capability::caption_sampler,
      .fits =
          [](const ModelInfo& model, const DataShape& shape) {
            return model.can(Capability::caption_sampler) && shape.is_images();
          },
      .take =
          [](EvaluationContext& context) {
            constexpr std::int64_t most = 64, draws = 16;
            const auto known = context.test().count, captions = std::min(most, known);
            const auto rows = evenly_spread(captions, known).repeat_interleave(draws);
            const auto words = caption_tensor(context.test().captions, context.run().shape().vocabulary);
            const auto made =
                draw(*context.model().sampler(), {captions * draws,
                                                  context.run().generator(context.request().seed),
                                                  {.captions = words.index_select(0, rows)}})
                    .to(torch::kDouble);
            const auto each = variance_within(made, draws) / 4;  // from [-1, 1] to [0, 1]
            context.add(
                "caption-variance", each.mean().item<double>(),
                fmt::format("variance of a pixel over {} for one caption, mean over pixels and {}, {}",
                            counted(draws, "draw"), counted(captions, "caption"), standard_error_of(each)),
                {.samples = captions * draws, .range = "[0, 1]"});
          },
      .only_asked = true};
}

}  // namespace belamy::measures
