#include "use/localisation.h"

#include <fmt/format.h>
#include <torch/nn/functional/upsampling.h>

#include "metrics/localisation.h"
#include "use/in_batches.h"
#include "use/require.h"

namespace belamy {

Localisation localise(Run& run, const Tensor& images, double share, std::optional<std::int64_t> asked) {
  if (!run.shape().is_images())
    throw usage_error(fmt::format("{} was trained on points, which have no places", run.recipe().name),
                      "use a run that was trained on images");
  auto* localiser = require_capability(run.model().localiser(), run, Capability::localiser);
  auto* classifier = require_capability(run.model().classifier(), run, Capability::classifier);
  namespace F = torch::nn::functional;
  const auto size = std::vector<std::int64_t>{images.size(2), images.size(3)};
  Localisation found;
  std::vector<Tensor> classes, beliefs;
  found.maps = in_batches(run, images, [&](const Tensor& x) {
    const auto all = classifier->classify(x).softmax(1);
    const auto chosen =
        asked ? torch::full({x.size(0)}, *asked, all.options().dtype(torch::kLong)) : all.argmax(1);
    classes.push_back(chosen.cpu());
    beliefs.push_back(all.gather(1, chosen.unsqueeze(1)).squeeze(1).cpu());
    const auto options = F::InterpolateFuncOptions().size(size).mode(torch::kBilinear).align_corners(false);
    return F::interpolate(localiser->class_maps(x, chosen).unsqueeze(1), options).squeeze(1);
  });
  found.classes = torch::cat(classes);
  found.beliefs = torch::cat(beliefs);
  for (std::int64_t i = 0; i < found.maps.size(0); ++i)
    found.boxes.push_back(box_of_map(found.maps[i], share));
  return found;
}

}  // namespace belamy
