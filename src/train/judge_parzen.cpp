#include <torch/types.h>

#include "belamy/error.h"

#include "core/random.h"
#include "metrics/clustering.h"
#include "metrics/parzen.h"
#include "train/batches.h"
#include "train/judge_parts.h"

namespace belamy {
namespace {

constexpr std::int64_t kValidation = 1000;  // images, as in Goodfellow et al.'s code
constexpr std::int64_t kCentroids = 1000;
constexpr std::int64_t kLloydSteps = 6;

}  // namespace

void judge_parzen(Run& run, const Tensor& samples, const Dataset& train, const Dataset& test,
                  std::int64_t seed, std::vector<ReportScore>& scores, const JudgeProgress& progress) {
  if (!train.is_images()) {
    throw usage_error("the Parzen window is for images; points have exact distances",
                      "evaluate without parzen");
  }
  const auto unit = [](const Tensor& stored) { return stored.to(torch::kFloat) / 255; };
  // In random order: the classes of a folder lie one after the other.
  Random random(static_cast<std::uint64_t>(seed), 1);
  auto real = unit(data_tensor(train).index_select(0, torch::tensor(random.permutation(train.count))));
  Tensor validation;
  std::string chosen = "the validation set";
  try {
    validation = unit(data_tensor(load_dataset(run.recipe().data, Split::validation)));
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    // Without a validation set some training images serve, and are no samples of the anchors.
    const auto kept = std::min(kValidation, real.size(0) / 2);
    validation = real.narrow(0, real.size(0) - kept, kept);
    real = real.narrow(0, 0, real.size(0) - kept);
    chosen = "training images";
  }
  validation = validation.narrow(0, 0, std::min(kValidation, validation.size(0)));
  const auto held_out = unit(data_tensor(test));
  const auto add = [&](const char* name, const Tensor& centres, const std::string& what) {
    progress(std::string("Parzen window: ") + name);
    const auto found = parzen_estimate(centres, validation, held_out, parzen_widths());
    scores.push_back(
        {name, found.mean, "nats",
         fmt::format("{}; sigma {:.5f} chosen on {} of {}, {} over {} images", what, found.sigma,
                     validation.size(0), chosen,
                     held_out.size(0) < 2 ? "no standard error"
                                          : fmt::format("standard error {:.2g}", found.standard_error),
                     held_out.size(0))});
  };
  add("parzen log-likelihood", (samples + 1) / 2,
      fmt::format("{} samples; no measure of quality, see the two below", samples.size(0)));
  add("parzen of real images", real.narrow(0, 0, std::min(samples.size(0), real.size(0))),
      "training images in place of samples: what a perfect model gets");
  const auto count = std::min(kCentroids, real.size(0));
  const auto clusters =
      k_means(real.flatten(1), count,
              {.iterations = kLloydSteps, .plus_plus = false, .seed = static_cast<std::uint64_t>(seed)});
  add("parzen of k-means centroids", clusters.centres.view_as(real.narrow(0, 0, count)),
      fmt::format("{} centroids after {} Lloyd steps: above real images, and nobody would call them samples",
                  count, kLloydSteps));
}

}  // namespace belamy
