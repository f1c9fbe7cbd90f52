// Whether conditional samples show the requested class and attributes.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "core/sha256.h"
#include "core/text.h"
#include "evaluate/measure.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// The share of samples that show the requested class.
void take_class_agreement(EvaluationContext& context) {
  const auto& labels = context.asked_classes();
  const auto& judge = context.classifier();
  context.add("class-agreement", judge.classifier.accuracy(context.sample_bytes(), labels),
              fmt::format("share of {} that show the requested class, judged by {}",
                          counted(labels.size(0), "sample"), context.judge_text()),
              context.classifier_basis());
}

// Makes an attribute the class of each example: 1 with it, 0 without.
void label_by(Dataset& set, std::size_t place) {
  const auto width = set.attribute_names.size();
  set.class_names = {"without", "with"};
  set.labels.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(set.count); ++i)
    set.labels.push_back(set.attributes[i * width + place] >= 0.5F ? 1 : 0);
}

// For each attribute, draws samples twice from the same latents: as requested, and with this
// attribute inverted.
void take_attribute_agreement(EvaluationContext& context) {
  constexpr std::int64_t most = 2000;
  context.check_size();
  auto set = context.train();
  const auto n = std::min(most, context.request().samples);
  auto condition = context.asked();
  for (auto* each : {&condition.labels, &condition.attributes, &condition.captions}) {
    if (each->defined()) *each = each->narrow(0, 0, n);
  }
  const auto wanted = condition.attributes;
  const auto drawn_with = [&](const Tensor& attributes) {
    condition.attributes = attributes;
    // The same latents each time.
    const auto generator = context.run().generator(context.request().seed);
    return to_bytes(draw(*context.model().sampler(), {n, generator, condition, {}}));
  };
  const auto plain = drawn_with(wanted);
  double shown = 0, turned = 0;
  std::string shown_each, turned_each;
  Sha256 networks;
  const auto width = set.attribute_names.size();
  for (std::size_t place = 0; place < width; ++place) {
    const auto& name = set.attribute_names[place];
    label_by(set, place);
    const auto judge = judge_classifier(set, context.run().device(), [&](const std::string& text) {
      context.progress(fmt::format("attribute '{}': {}", name, text));
    });
    networks.update(judge.digest);
    const auto at = static_cast<std::int64_t>(place);
    const auto before = (wanted.select(1, at) >= 0.5).to(torch::kLong);
    auto other = wanted.clone();
    other.select(1, at).copy_(1 - before);
    const auto seen = judge.classifier.logits(plain).argmax(1).cpu();
    const auto seen_after = judge.classifier.logits(drawn_with(other)).argmax(1).cpu();
    const auto share = [](const Tensor& good) { return good.to(torch::kDouble).mean().item<double>(); };
    const double right = share(seen == before);
    const double flipped = share((seen == before) & (seen_after == 1 - before));
    shown += right / static_cast<double>(width);
    turned += flipped / static_cast<double>(width);
    shown_each += fmt::format(" {} {:.3f}", name, right);
    turned_each += fmt::format(" {} {:.3f}", name, flipped);
  }
  const EvaluationContext::Basis basis{
      .samples = n, .network = networks.hex(), .range = "[-1, 1]", .resize = "none"};
  context.add(
      "attribute-agreement", shown,
      fmt::format("share of {} that show an attribute as requested, judged by a classifier for each:{}",
                  counted(n, "sample"), shown_each),
      basis);
  context.add("attribute-turn", turned,
              fmt::format("share of {} whose sample shows an attribute as requested, and the opposite "
                          "if the request is inverted:{}",
                          counted(n, "latent"), turned_each),
              basis);
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

}  // namespace measures
}  // namespace belamy
