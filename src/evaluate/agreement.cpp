// Whether conditional samples show the requested class and attributes.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "evaluate/measure.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// The share of samples that show the requested class.
void take_class_agreement(EvaluationContext& context) {
  const auto& labels = context.asked().labels;
  if (!labels.defined()) throw data_error("the samples were drawn without classes");
  const auto& judge = context.classifier();
  context.add("class-agreement", judge.classifier.accuracy(context.sample_bytes(), labels),
              fmt::format("share of {} samples that show the requested class, judged by {}",
                          format_count(labels.size(0)), context.judge_text()),
              context.classifier_basis());
}

// A classifier of the training images with and without one attribute.
JudgeClassifier judge_attribute(const Dataset& train, std::size_t place, const EvaluationContext& context) {
  auto set = train;
  const auto width = train.attribute_names.size();
  set.class_names = {"without", "with"};
  set.labels.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(train.count); ++i)
    set.labels.push_back(train.attributes[i * width + place] >= 0.5F ? 1 : 0);
  return judge_classifier(set, torch::kCPU, [&](const std::string& text) {
    context.progress(fmt::format("attribute '{}': {}", train.attribute_names[place], text));
  });
}

// For each attribute, draws samples twice from the same latents: as requested, and with this
// attribute inverted.
void take_attribute_agreement(EvaluationContext& context) {
  constexpr std::int64_t most = 2000;
  const auto& train = context.train();
  if (context.run().shape().width < 16 || context.run().shape().width != context.run().shape().height)
    throw data_error("the classifier of attributes needs square images of at least 16 pixels a side");
  const auto n = std::min(most, context.request().samples);
  SampleRequest asked{n, context.run().generator(context.request().seed), context.asked(), {}};
  for (auto* each : {&asked.condition.labels, &asked.condition.attributes, &asked.condition.captions}) {
    if (each->defined()) *each = each->narrow(0, 0, n);
  }
  const auto drawn_with = [&](const Tensor& attributes) {
    auto request = asked;
    request.generator = context.run().generator(context.request().seed);  // the same latents each time
    request.condition.attributes = attributes;
    return to_bytes(draw(*context.model().sampler(), request));
  };
  const auto& wanted = asked.condition.attributes;
  const auto plain = drawn_with(wanted);
  double shown = 0, turned = 0;
  std::string shown_each, turned_each;
  const auto width = train.attribute_names.size();
  for (std::size_t place = 0; place < width; ++place) {
    const auto judge = judge_attribute(train, place, context);
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
    shown_each += fmt::format(" {} {:.3f}", train.attribute_names[place], right);
    turned_each += fmt::format(" {} {:.3f}", train.attribute_names[place], flipped);
  }
  const EvaluationContext::Basis basis{.samples = n, .range = "[-1, 1]", .resize = "none"};
  context.add(
      "attribute-agreement", shown,
      fmt::format(
          "share of {} samples that show an attribute as requested, judged by a classifier for each:{}",
          format_count(n), shown_each),
      basis);
  context.add(
      "attribute-turn", turned,
      fmt::format("share of {} latents whose sample shows an attribute as requested, and the opposite "
                  "if the request is inverted:{}",
                  format_count(n), turned_each),
      basis);
}

}  // namespace

namespace measures {

Measure class_agreement() {
  return {.key = "class-agreement",
          .text = "share of samples that show the requested class",
          .cost = "seconds; minutes the first time",
          .needs = Capability::conditional_sampler,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::conditional_sampler) && shape.is_images() && shape.classes > 1;
              },
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
