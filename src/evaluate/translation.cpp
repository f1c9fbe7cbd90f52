// Compares translations with true partners, translates back, and checks that classes are kept.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "data/image.h"
#include "evaluate/measure.h"
#include "evaluate/translated.h"
#include "metrics/completion.h"
#include "metrics/image_quality.h"
#include "metrics/nearest.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kMost = 2000;  // images that are translated

// Compares with the true partners, beside the input as it is or enlarged.
void add_quality(EvaluationContext& context, const Translated& translated) {
  const auto wanted = unit_range(translated.wanted);
  const auto add = [&](const std::string& name, const Tensor& each, const Tensor& plain) {
    const EvaluationContext::Basis basis{
        .samples = each.size(0), .examples = each.size(0), .range = "[0, 1]"};
    context.add(translated.key(name), each.mean().item<double>(),
                fmt::format("over {} pairs, {}", each.size(0), standard_error_of(each)), basis);
    if (!plain.defined()) return;
    context.add(translated.plain_key(name), plain.mean().item<double>(),
                translated.plain_name == "copying" ? "the same for the untranslated image"
                                                   : "the same for bicubic interpolation",
                basis);
  };
  const auto both = [&](const std::string& name, const auto& measure) {
    add(name, measure(unit_range(translated.made), wanted),
        translated.plain.defined() ? measure(unit_range(translated.plain), wanted) : Tensor());
  };
  both("l1", mean_absolute_error);
  both("psnr", peak_signal_to_noise);
  both("ssim", structural_similarity);
  // Blurred pictures have less of it than their targets.
  const auto whole = gradient_energy(wanted).mean();
  both("gradient-energy", [&](const Tensor& a, const Tensor&) { return gradient_energy(a) / whole; });
  const auto factor = wanted.size(3) / translated.input.size(3);
  if (translated.plain_name != "bicubic") return;
  // Super-resolution is compared in luma, without a border as wide as the enlargement.
  const auto inner = [factor](const Tensor& images) {
    return luma(images).slice(2, factor, images.size(2) - factor).slice(3, factor, images.size(3) - factor);
  };
  both("psnr-y", [&](const Tensor& a, const Tensor& b) { return peak_signal_to_noise(inner(a), inner(b)); });
  both("ssim-y", [&](const Tensor& a, const Tensor& b) { return structural_similarity(inner(a), inner(b)); });
}

// The share of images whose partner is the nearest of all images of the other domain.
double recall(const Tensor& queries, const Tensor& gallery) {
  const auto found = nearest_neighbours(queries, gallery).indices;
  return (found == torch::arange(queries.size(0))).to(torch::kDouble).mean().item<double>();
}

void add_retrieval(EvaluationContext& context, const Translated& translated) {
  const auto& [direction, input, made, wanted, plain, plain_name] = translated;
  std::string note =
      fmt::format("share of {} translated images whose partner is the nearest by pixels", made.size(0));
  if (plain.defined()) {
    note += fmt::format("; of the images {} {:.3f}",
                        plain_name == "copying" ? "before translation" : "enlarged by bicubic interpolation",
                        recall(plain, wanted));
  }
  context.add(translated.key("retrieval"), recall(made, wanted), note,
              {.samples = made.size(0), .examples = wanted.size(0)});
}

void add_consistency(EvaluationContext& context, const Translated& translated, const Dataset& from,
                     const Dataset& to, const Dataset& to_train) {
  // The judge must know all classes, even those that the model's training leaves out.
  auto images = to_train;
  append(images, to);
  const auto judge = judge_classifier(images, context.run().device(),
                                      [&](const std::string& text) { context.progress(text); });
  const auto n = translated.made.size(0);
  const auto labels = torch::tensor(from.labels).narrow(0, 0, n);
  const auto real = data_tensor(to).narrow(0, 0, std::min(kMost, to.count));
  const EvaluationContext::Basis basis{
      .samples = n, .network = judge.digest, .range = "[-1, 1]", .resize = "none"};
  context.add(
      translated.key("classifier-consistency"), judge.classifier.accuracy(translated.made, labels),
      fmt::format("share of {} translated images in which a classifier of the other domain ({}) sees the "
                  "input's class; it is right on {:.3f} of real images there",
                  n, judge.training,
                  judge.classifier.accuracy(real, torch::tensor(to.labels).narrow(0, 0, real.size(0)))),
      basis);
  context.add(translated.plain_key("classifier-consistency"),
              judge.classifier.accuracy(translated.plain, labels),
              translated.plain_name == "copying" ? "the same for the untranslated images"
                                                 : "the same for bicubic interpolation",
              basis);
}

// Translates the test images of both domains. If the test set is paired, compares with the true partners; if
// the model translates both ways, translates back; if there are labels, checks the class by a classifier.
void take_translation(EvaluationContext& context) {
  auto& run = context.run();
  auto* translator = run.model().translator();
  const auto& test = context.test();
  if (test.others.empty()) throw data_error("the data have no second domain");
  bool any = false;
  for (const auto direction : translator->directions()) {
    const bool forth = direction == Direction::a2b;
    const auto& from = forth ? test : test.others[0];
    const auto& to = forth ? test.others[0] : test;
    const auto translated = translate_test(context, direction, kMost);
    if (test.paired) {
      add_quality(context, translated);
      add_retrieval(context, translated);
      any = true;
    }
    const auto back = reversed(direction);
    if (translator->knows(back)) {
      const auto returned = to_bytes(
          in_batches(run, translated.made, [&](const Tensor& x) { return translator->translate(x, back); }));
      const auto each = mean_absolute_error(unit_range(returned), unit_range(translated.input));
      context.add(translated.key("cycle-error"), each.mean().item<double>(),
                  "mean absolute difference after translating there and back, " + standard_error_of(each),
                  {.samples = each.size(0), .range = "[0, 1]"});
      any = true;
    }
    const bool same_classes = from.class_names.size() > 1 && from.class_names == to.class_names;
    if (!same_classes || to.width < 16 || !translated.plain.defined()) continue;
    add_consistency(context, translated, from, to, forth ? context.train().others.at(0) : context.train());
    any = true;
  }
  if (!any)
    throw data_error(
        "the images are not paired, the domains have different classes, and the model cannot translate back");
}

}  // namespace

Tensor enlarged(const Tensor& images, std::int64_t height, std::int64_t width) {
  std::vector<Tensor> all;
  for (const auto& image : to_images(to_model_range(images)))
    all.push_back(
        image_tensor(resize(image, static_cast<int>(width), static_cast<int>(height), Filter::bicubic)));
  return torch::stack(all);
}

Translated translate_test(EvaluationContext& context, Direction direction, std::int64_t most) {
  auto& run = context.run();
  const auto& test = context.test();
  const bool forth = direction == Direction::a2b;
  const auto& from = forth ? test : test.others.at(0);
  const auto& to = forth ? test.others.at(0) : test;
  const auto head = [most](const Dataset& set) {
    return data_tensor(set).narrow(0, 0, std::min(most, set.count));
  };
  context.progress("translating " + direction_name(direction));
  Translated translated{direction, head(from), {}, {}, {}, ""};
  const auto& input = translated.input;
  translated.made = to_bytes(in_batches(
      run, input, [&](const Tensor& x) { return run.model().translator()->translate(x, direction); }));
  if (test.paired) translated.wanted = head(to);
  const auto factor = to.width / from.width;
  if (to.channels != from.channels || to.width != factor * from.width || to.height != factor * from.height)
    return translated;
  translated.plain = factor == 1 ? input : enlarged(input, to.height, to.width);
  translated.plain_name = factor == 1 ? "copying" : "bicubic";
  return translated;
}

namespace measures {

Measure translation() {
  return {.key = "translation",
          .text = "quality of translations",
          .cost = "seconds; minutes the first time",
          .needs = Capability::translator,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::translator); },
          .take = take_translation};
}

}  // namespace measures
}  // namespace belamy
