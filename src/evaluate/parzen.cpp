// The Parzen window estimate and its anchors.
#include "metrics/parzen.h"

#include <torch/types.h>

#include "belamy/error.h"

#include "core/random.h"
#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/clustering.h"
#include "tensors/dataset_tensors.h"

namespace belamy {
namespace {

constexpr std::int64_t kValidation = 1000;  // images, as in Goodfellow et al.'s code
constexpr std::int64_t kCentroids = 1000;
constexpr std::int64_t kLloydSteps = 6;

// The Parzen window estimate of samples, and of real images and k-means centroids in their place. The width
// is chosen on the run's validation set, or on some training images if there is none.
void take_parzen(EvaluationContext& context) {
  const auto& samples = context.samples();
  const auto unit = [](const Tensor& stored) { return stored.to(torch::kFloat) / 255; };
  // In random order, because the images of a folder are sorted by class.
  Random random(context.seed(), 1);
  auto real =
      unit(context.train_data().index_select(0, torch::tensor(random.permutation(context.train().count))));
  Tensor validation;
  std::string chosen = "the validation set";
  try {
    validation = unit(data_tensor(load_dataset(context.run().recipe().data, Split::validation)));
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    // Without a validation set, some training images replace it; the anchors do not use these.
    const auto kept = std::min(kValidation, real.size(0) / 2);
    validation = real.narrow(0, real.size(0) - kept, kept);
    real = real.narrow(0, 0, real.size(0) - kept);
    chosen = "training images";
  }
  validation = validation.narrow(0, 0, std::min(kValidation, validation.size(0)));
  const auto held_out = unit(context.test_data());
  const auto add = [&](const char* key, const Tensor& centres, const std::string& what) {
    context.progress(fmt::format("Parzen window: {}", key));
    const auto found = parzen_estimate(centres, validation, held_out, parzen_widths());
    const auto n = held_out.size(0);
    context.add(
        key, found.mean,
        fmt::format("{}; sigma {:.5f} chosen on {} of {}, {} over {}", what, found.sigma, validation.size(0),
                    chosen,
                    n < 2 ? "no standard error" : fmt::format("standard error {:.2g}", found.standard_error),
                    counted(n, "image")),
        {.samples = centres.size(0), .examples = n, .range = "[0, 1]"});
  };
  add("parzen-log-likelihood", (samples + 1) / 2,
      counted(samples.size(0), "sample") + "; not a measure of quality, see the two scores below");
  add("parzen-of-real-images", real.narrow(0, 0, std::min(samples.size(0), real.size(0))),
      "training images in place of samples: the value of a perfect model");
  const auto count = std::min(kCentroids, real.size(0));
  const auto clusters = k_means(real.flatten(1), count,
                                {.iterations = kLloydSteps, .plus_plus = false, .seed = context.seed()});
  add("parzen-of-k-means-centroids", clusters.centres.view_as(real.narrow(0, 0, count)),
      fmt::format("{} after {} Lloyd steps in place of samples: not samples, yet often above real images",
                  counted(count, "centroid"), kLloydSteps));
}

}  // namespace

namespace measures {

Measure parzen() {
  return {.key = "parzen",
          .text = "Parzen window estimate and its anchors",
          .cost = "minutes",
          .needs = Capability::sampler,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::sampler) && shape.is_images(); },
          .take = take_parzen,
          .asked = [](const EvaluationRequest& request) { return request.parzen; },
          .only_asked = true};
}

}  // namespace measures
}  // namespace belamy
