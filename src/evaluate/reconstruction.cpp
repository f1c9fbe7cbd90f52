// The error of reconstructions.
#include <fmt/format.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"
#include "use/in_batches.h"

namespace belamy::measures {

Measure reconstruction() {
  return {
      .key = "reconstruction",
      .text = "error of reconstructions",
      .cost = "seconds",
      .needs = Capability::reconstructor,
      .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::reconstructor); },
      .take =
          [](EvaluationContext& context) {
            auto* reconstructor = context.model().reconstructor();
            const double unit = context.run().shape().is_images() ? 0.25 : 1;  // from [-1, 1] to [0, 1]
            const auto each = in_batches(context.run(), context.limited_test(), [&](const Tensor& x) {
              return (reconstructor->reconstruct(x) - x).square().flatten(1).sum(1) * unit;
            });
            const auto n = each.size(0);
            context.add(
                "reconstruction-error", each.mean().item<double>(),
                fmt::format("mean over {}, {}", counted(n, "test example"), standard_error_of(each, 3)),
                {.examples = n, .range = "[0, 1]"});
          }};
}

}  // namespace belamy::measures
