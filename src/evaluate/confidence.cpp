// How sure the classifier is of the classes of samples.
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"

namespace belamy::measures {

Measure confidence() {
  return {
      .key = "confidence",
      .text = "how sure the classifier is of the class of a sample: its probability, and the entropy of all",
      .cost = "seconds; minutes the first time",
      .needs = Capability::sampler,
      .fits = fits_classes_of_images(Capability::sampler),
      .take =
          [](EvaluationContext& context) {
            const auto& judge = context.classifier().classifier;
            const auto probabilities_of = [&](const Tensor& images) {
              return judge.logits(images).softmax(1).to(torch::kDouble);
            };
            const auto greatest = [](const Tensor& p) { return std::get<0>(p.max(1)); };
            const auto entropy = [](const Tensor& p) {
              return at::special_entr(p).sum(1) / std::log(static_cast<double>(p.size(1)));
            };
            const auto samples = probabilities_of(context.sample_bytes());
            const auto real = probabilities_of(context.test_data());
            const auto add = [&](const char* key, const auto& what) {
              const auto each = what(samples);
              context.add(key, each.mean().template item<double>(),
                          fmt::format("mean over {}, {}; {:.3f} for test images; by {}",
                                      counted(each.size(0), "sample"), standard_error_of(each),
                                      what(real).mean().template item<double>(), context.judge_text()),
                          context.classifier_basis());
            };
            add("confidence", greatest);
            add("class-entropy", entropy);
          },
      .only_asked = true};
}

}  // namespace belamy::measures
