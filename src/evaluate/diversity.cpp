// How much samples differ from one another.
#include "metrics/diversity.h"

#include <algorithm>
#include <torch/types.h>

#include "evaluate/measure.h"

namespace belamy::measures {

Measure diversity() {
  return {.key = "diversity",
          .text = "diversity of samples",
          .cost = "seconds",
          .needs = Capability::sampler,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::sampler); },
          .take =
              [](EvaluationContext& context) {
                constexpr std::int64_t most = 1000;
                const auto& real = context.train_data();
                const auto& samples =
                    context.run().shape().is_images() ? context.sample_bytes() : context.samples();
                const auto n = std::min({most, samples.size(0), real.size(0)});
                const auto flat = [n](const Tensor& x) {
                  return x.narrow(0, 0, n).to(torch::kFloat).flatten(1);
                };
                context.add(
                    "diversity",
                    diversity_ratio(flat(samples), flat(real.index_select(0, evenly_spread(n, real.size(0)))))
                        .item<double>(),
                    "mean distance between samples divided by that between training examples; 1: equal, "
                    "0: collapse",
                    {.samples = n, .examples = n});
              }};
}

}  // namespace belamy::measures
