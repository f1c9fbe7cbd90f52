#include "train/sample_check.h"

#include "metrics/diversity.h"
#include "metrics/modes.h"

namespace belamy {
namespace {

constexpr std::int64_t kModesBatch = 2500;  // as in the PacGAN paper

}  // namespace

SampleCheck check_samples(Sampler& sampler, SampleRequest request, const Tensor& data,
                          const std::optional<Mixture>& mixture, double done, TrainingAlarms& alarms) {
  if (data.size(0) < 2) return {};
  request.count = mixture ? kModesBatch : kDiversityBatch;
  const auto samples = sampler.sample(request);
  const auto ratio =
      diversity_ratio(samples.narrow(0, 0, kDiversityBatch).flatten(1), data.flatten(1)).item<double>();
  SampleCheck check;
  check.values = {{"diversity/ratio", ratio}};
  if (!mixture) {
    check.warnings = alarms.observe_diversity(ratio, done);
    return check;
  }
  const auto modes = mode_coverage(samples, *mixture);
  check.values.emplace_back("modes/covered", static_cast<double>(modes.covered));
  check.values.emplace_back("modes/high-quality", modes.high_quality_share);
  check.warnings = alarms.observe_modes({modes.covered, modes.modes, modes.high_quality_share, ratio}, done);
  return check;
}

}  // namespace belamy
