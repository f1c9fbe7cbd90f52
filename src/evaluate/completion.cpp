// Fills a hole in the middle of test images, and compares with what was there.
#include "metrics/completion.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "evaluate/measure.h"
#include "evaluate/translated.h"
#include "nn/holes.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kMostFilled = 1000;

void take_completion(EvaluationContext& context) {
  auto& run = context.run();
  auto& completer = *run.model().completer();
  if (!completer.any_region())
    throw data_error("the model completes only images whose upper part is known, not a hole in the middle");
  const auto test = context.limited_test();
  const auto images = test.narrow(0, 0, std::min(kMostFilled, test.size(0)));
  const auto known = nn::centre_known(images.size(2), images.size(3));
  SampleRequest request{1, run.generator(context.request().seed)};
  request.progress = [&](double done) {
    context.progress(fmt::format("filling holes: {:.0f} %", 100 * done));
    return true;
  };
  const auto made = to_bytes(in_batches(run, images, [&](const Tensor& x) {
    return completer.complete(x, known.to(x.device()).expand({x.size(0), 1, x.size(2), x.size(3)}), request);
  }));
  const auto wanted = unit_range(images), filled = unit_range(made);
  const EvaluationContext::Basis basis{
      .samples = made.size(0), .examples = images.size(0), .range = "[0, 1]"};
  const auto note = [](const Tensor& each) {
    return fmt::format("over {} images with a hole in the middle, half as wide and high, {}", each.size(0),
                       standard_error_of(each));
  };
  const auto psnr = hole_psnr(filled, wanted, known);
  context.add("hole-psnr", psnr.mean().item<double>(), note(psnr), basis);
  context.add("hole-psnr-of-laplace",
              hole_psnr(harmonic_fill(wanted, known), wanted, known).mean().item<double>(),
              "the same where each unknown pixel is the mean of its neighbours", basis);
  context.add("hole-gradient-energy",
              (gradient_energy(filled, known).mean() / gradient_energy(wanted, known).mean()).item<double>(),
              "mean squared difference of neighbouring pixels in the hole; below 1: blurred", basis);
}

}  // namespace

namespace measures {

Measure completion() {
  return {
      .key = "completion",
      .text = "how well a hole in the middle of images is filled",
      .cost = "seconds; minutes for samplers of many steps",
      .needs = Capability::completer,
      .fits = [](const ModelInfo& model,
                 const DataShape& shape) { return model.can(Capability::completer) && shape.is_images(); },
      .take = take_completion};
}

}  // namespace measures
}  // namespace belamy
