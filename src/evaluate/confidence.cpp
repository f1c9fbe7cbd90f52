// How sure the classifier is of the classes of samples.
#include <fmt/format.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"

namespace belamy::measures {

Measure confidence() {
  return {.key = "confidence",
          .text = "probability that the classifier gives to the class it finds in a sample",
          .cost = "seconds; minutes the first time",
          .needs = Capability::sampler,
          .fits = fits_classes_of_images(Capability::sampler),
          .take =
              [](EvaluationContext& context) {
                const auto& judge = context.classifier().classifier;
                const auto confidence_of = [&](const Tensor& images) {
                  return std::get<0>(judge.logits(images).softmax(1).max(1)).to(torch::kDouble);
                };
                const auto each = confidence_of(context.sample_bytes());
                context.add("confidence", each.mean().item<double>(),
                            fmt::format("mean over {}, {}; {:.3f} for test images; by {}",
                                        counted(each.size(0), "sample"), standard_error_of(each),
                                        confidence_of(context.test_data()).mean().item<double>(),
                                        context.judge_text()),
                            context.classifier_basis());
              },
          .only_asked = true};
}

}  // namespace belamy::measures
