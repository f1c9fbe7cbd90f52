// How well the class maps of a run show where in an image its class is.
#include "metrics/localisation.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"
#include "use/localisation.h"

namespace belamy {
namespace {

constexpr double kShareOfMaximum = 0.2;  // Zhou et al. 2016

void take_localisation(EvaluationContext& context) {
  const auto& test = context.test();
  if (test.boxes.empty())
    throw data_error("where the classes are in the images of '" + test.name + "' is not known");
  const auto found = localise(context.run(), context.test_data(), kShareOfMaximum);
  auto overlaps = torch::zeros({test.count}, torch::kDouble);
  for (std::size_t i = 0; i < test.boxes.size(); ++i) {
    if (found.boxes[i]) overlaps[static_cast<std::int64_t>(i)] = overlap_of(*found.boxes[i], test.boxes[i]);
  }
  const auto how =
      fmt::format("boxes at {:.0f} % of the greatest value of the map of the class that is named; {}",
                  100 * kShareOfMaximum, counted(test.count, "test image"));
  context.add("localisation-iou", overlaps.mean().item<double>(), how + ", " + standard_error_of(overlaps),
              {.examples = test.count});
  for (const auto& [key, least] :
       {std::pair{"localisation-iou-50", 0.5}, std::pair{"localisation-iou-30", 0.3}}) {
    const auto share = (overlaps >= least).to(torch::kDouble).mean().item<double>();
    context.add(key, share, how + ", " + share_error(share, test.count), {.examples = test.count});
  }
}

}  // namespace

namespace measures {

Measure localisation() {
  return {
      .key = "localisation",
      .text = "overlap of boxes around class maps with the true boxes",
      .cost = "seconds",
      .needs = Capability::localiser,
      .fits = [](const ModelInfo& model,
                 const DataShape& shape) { return model.can(Capability::localiser) && shape.is_images(); },
      .take = take_localisation};
}

}  // namespace measures
}  // namespace belamy
