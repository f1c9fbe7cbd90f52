// How much of the data's fine detail samples have.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"
#include "evaluate/translated.h"
#include "metrics/completion.h"

namespace belamy::measures {

Measure sharpness() {
  return {.key = "sharpness",
          .text = "gradient energy of samples; blurred ones have less of it than the data",
          .cost = "seconds",
          .needs = Capability::sampler,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::sampler) && shape.is_images(); },
          .take =
              [](EvaluationContext& context) {
                const auto energy = [](const Tensor& images) {
                  constexpr std::int64_t most = 2000;
                  const auto n = std::min(most, images.size(0));
                  const auto some = images.index_select(0, evenly_spread(n, images.size(0)));
                  return gradient_energy(unit_range(some)).to(torch::kDouble);
                };
                const auto samples = energy(context.sample_bytes()), real = energy(context.test_data());
                const auto whole = real.mean().item<double>();
                context.add(
                    "gradient-energy", samples.mean().item<double>() / whole,
                    fmt::format("mean squared difference of neighbouring pixels over {}, divided by "
                                "that of {}; 1: equal, less: blurred; {}",
                                counted(samples.size(0), "sample"), counted(real.size(0), "test image"),
                                standard_error_of(samples / whole)),
                    {.samples = samples.size(0), .examples = real.size(0), .range = "[0, 1]"});
              },
          .only_asked = true};
}

}  // namespace belamy::measures
