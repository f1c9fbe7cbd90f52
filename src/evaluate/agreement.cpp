// Whether conditional samples show the requested class, attributes or text.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "core/text.h"
#include "evaluate/measure.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// The mean of the share found among those that have something and the share not found among the others. Of one kind only:
// its share.
double balanced_accuracy(const Tensor& found, const Tensor& present) {
  const auto right = (found == present).to(torch::kDouble);
  double sum = 0, kinds = 0;
  for (const bool with : {true, false}) {
    const auto of_kind = right.masked_select(present == with);
    if (of_kind.numel() == 0) continue;
    sum += of_kind.mean().item<double>();
    ++kinds;
  }
  return sum / kinds;
}

// The share of samples that show the requested class.
void take_class_agreement(EvaluationContext& context) {
  const auto& labels = context.asked_classes();
  const auto& judge = context.classifier();
  context.add("class-agreement", judge.classifier.accuracy(context.sample_bytes(), labels),
              fmt::format("share of {} that show the requested class, judged by {}",
                          counted(labels.size(0), "sample"), context.judge_text()),
              context.classifier_basis());
}

// For each attribute, draws samples twice from the same latents: as requested, and with this
// attribute inverted.
void take_attribute_agreement(EvaluationContext& context) {
  constexpr std::int64_t most = 2000;
  const auto& judge = context.attribute_classifier();
  const auto n = std::min(most, context.request().samples);
  auto condition = context.asked();
  for (auto* each : {&condition.labels, &condition.attributes, &condition.captions}) {
    if (each->defined()) *each = each->narrow(0, 0, n);
  }
  const auto wanted = condition.attributes;
  const auto seen_with = [&](const Tensor& attributes) {
    condition.attributes = attributes;
    // The same latents each time.
    const auto generator = context.run().generator(context.request().seed);
    return judge.attributes(to_bytes(draw(*context.model().sampler(), {n, generator, condition, {}}))).cpu();
  };
  const auto present = wanted >= 0.5, right = seen_with(wanted) == present;
  const auto share = [](const Tensor& good) { return good.to(torch::kDouble).mean().item<double>(); };
  const auto& names = context.run().shape().attributes;
  double turned = 0;
  std::string shown_each, turned_each;
  for (std::size_t place = 0; place < names.size(); ++place) {
    const auto at = static_cast<std::int64_t>(place);
    auto other = wanted.clone();
    other.select(1, at).copy_(present.select(1, at).logical_not());
    const auto shown = right.select(1, at);
    const double flipped = share(shown & (seen_with(other).select(1, at) != present.select(1, at)));
    turned += flipped / static_cast<double>(names.size());
    shown_each += fmt::format(" {} {:.3f}", names[place], share(shown));
    turned_each += fmt::format(" {} {:.3f}", names[place], flipped);
  }
  const auto basis = context.attribute_basis(n);
  context.add("attribute-agreement", share(right),
              fmt::format("share of {} that show an attribute as requested, judged by {}:{}",
                          counted(n, "sample"), context.attribute_judge_text(), shown_each),
              basis);
  context.add("attribute-turn", turned,
              fmt::format("share of {} whose sample shows an attribute as requested, and the opposite "
                          "if the request is inverted:{}",
                          counted(n, "latent"), turned_each),
              basis);
}

// How often samples show the class and the attributes of the pictures whose captions were requested. Each attribute counts
// by its two shares, with it and without it, since most pictures lack a rare one.
void take_caption_agreement(EvaluationContext& context) {
  const auto& asked = context.asked();
  const auto n = context.samples().size(0);
  if (asked.labels.defined()) {
    const auto& judge = context.classifier();
    context.add(
        "caption-class", judge.classifier.accuracy(context.sample_bytes(), asked.labels),
        fmt::format(
            "share of {} that show the class of the picture whose caption was requested, judged by {}",
            counted(n, "sample"), context.judge_text()),
        context.classifier_basis());
  }
  if (!asked.attributes.defined()) return;
  const auto& judge = context.attribute_classifier();
  const auto present = asked.attributes >= 0.5, found = judge.attributes(context.sample_bytes()).cpu();
  const auto basis = context.attribute_basis(n);
  const auto& names = context.train().attribute_names;
  double sum = 0;
  std::vector<double> each;
  for (std::size_t place = 0; place < names.size(); ++place) {
    const auto at = static_cast<std::int64_t>(place);
    each.push_back(balanced_accuracy(found.select(1, at), present.select(1, at)));
    sum += each.back();
  }
  context.add(
      "caption-attributes", sum / static_cast<double>(names.size()),
      fmt::format("mean over {} of the balanced accuracy with which samples show what the caption's own "
                  "picture shows, judged by {}",
                  counted(names.size(), "attribute"), context.attribute_judge_text()),
      basis);
  for (std::size_t place = 0; place < names.size(); ++place)
    context.add("caption-attribute:" + names[place], each[place], "", basis);
}

}  // namespace

namespace measures {

Measure class_agreement() {
  return {.key = "class-agreement",
          .text = "share of samples that show the requested class",
          .cost = "seconds; minutes the first time",
          .needs = Capability::conditional_sampler,
          .fits = fits_classes_of_images(Capability::conditional_sampler),
          .take = take_class_agreement};
}

Measure attribute_agreement() {
  return {.key = "attribute-agreement",
          .text = "share of samples that show the requested attributes",
          .cost = "seconds; minutes the first time",
          .needs = Capability::attribute_sampler,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::attribute_sampler) && shape.is_images() &&
                       !shape.attributes.empty();
              },
          .take = take_attribute_agreement};
}

Measure caption_agreement() {
  return {.key = "caption-agreement",
          .text = "share of samples that show what their caption's own picture shows",
          .cost = "seconds; minutes the first time",
          .needs = Capability::caption_sampler,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::caption_sampler) && shape.is_images() &&
                       (shape.classes > 1 || !shape.attributes.empty());
              },
          .take = take_caption_agreement};
}

}  // namespace measures
}  // namespace belamy
