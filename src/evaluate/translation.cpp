// Compares translations with true partners, translates back, and checks that classes are kept.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "evaluate/measure.h"
#include "metrics/image_quality.h"
#include "metrics/nearest.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kMost = 2000;  // images that are translated

Tensor head(const Dataset& set) {
  return data_tensor(set).narrow(0, 0, std::min(kMost, set.count));
}

Tensor unit(const Tensor& bytes) {
  return bytes.to(torch::kFloat) / 255;
}

// Compares with the true partner. If the sizes are equal, scores the untranslated image too.
void add_quality(EvaluationContext& context, Direction direction, const Tensor& input, const Tensor& made,
                 const Tensor& wanted) {
  const auto x = unit(input), y = unit(made), z = unit(wanted);
  const auto add = [&](const std::string& name, const auto& measure) {
    const auto each = measure(y, z);
    const EvaluationContext::Basis basis{
        .samples = each.size(0), .examples = each.size(0), .range = "[0, 1]"};
    context.add(name + "-" + direction_name(direction), each.mean().template item<double>(),
                fmt::format("over {} pairs, {}", each.size(0), standard_error_of(each)), basis);
    if (x.sizes() == z.sizes())
      context.add(name + "-of-copying-" + direction_name(direction),
                  measure(x, z).mean().template item<double>(), "the same for the untranslated image", basis);
  };
  add("l1", mean_absolute_error);
  add("psnr", peak_signal_to_noise);
  add("ssim", structural_similarity);
}

// The share of images whose partner is the nearest of all images of the other domain.
double recall(const Tensor& queries, const Tensor& gallery) {
  const auto found = nearest_neighbours(queries, gallery).indices;
  return (found == torch::arange(queries.size(0))).to(torch::kDouble).mean().item<double>();
}

void add_retrieval(EvaluationContext& context, Direction direction, const Tensor& input, const Tensor& made,
                   const Tensor& wanted) {
  std::string note =
      fmt::format("share of {} translated images whose partner is the nearest by pixels", made.size(0));
  if (input.sizes() == wanted.sizes())
    note += fmt::format("; of the untranslated images {:.3f}", recall(input, wanted));
  context.add("retrieval-" + direction_name(direction), recall(made, wanted), note,
              {.samples = made.size(0), .examples = wanted.size(0)});
}

void add_consistency(EvaluationContext& context, Direction direction, const Dataset& from, const Dataset& to,
                     const Tensor& made, const Dataset& to_train) {
  // The judge must know all classes, even those that the model's training leaves out.
  auto images = to_train;
  append(images, to);
  const auto judge = judge_classifier(images, context.run().device(),
                                      [&](const std::string& text) { context.progress(text); });
  const auto labels = torch::tensor(from.labels).narrow(0, 0, made.size(0));
  const auto real = head(to);
  context.add(
      "classifier-consistency-" + direction_name(direction), judge.classifier.accuracy(made, labels),
      fmt::format(
          "share of {} translated images in which a classifier of the other domain ({}) sees the "
          "input's class; it is right on {:.3f} of real images there, and sees the class in {:.3f} of "
          "the untranslated ones",
          made.size(0), judge.training,
          judge.classifier.accuracy(real, torch::tensor(to.labels).narrow(0, 0, real.size(0))),
          judge.classifier.accuracy(head(from), labels)),
      {.samples = made.size(0), .network = judge.digest, .range = "[-1, 1]", .resize = "none"});
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
    context.progress("translating " + direction_name(direction));
    const auto input = head(from);
    const auto made = to_bytes(
        in_batches(run, input, [&](const Tensor& x) { return translator->translate(x, direction); }));
    if (test.paired) {
      add_quality(context, direction, input, made, head(to));
      add_retrieval(context, direction, input, made, head(to));
      any = true;
    }
    const auto back = reversed(direction);
    if (translator->knows(back)) {
      const auto returned =
          to_bytes(in_batches(run, made, [&](const Tensor& x) { return translator->translate(x, back); }));
      const auto each = mean_absolute_error(unit(returned), unit(input));
      context.add("cycle-error-" + direction_name(direction), each.mean().item<double>(),
                  "mean absolute difference after translating there and back, " + standard_error_of(each),
                  {.samples = each.size(0), .range = "[0, 1]"});
      any = true;
    }
    const bool same_classes = from.class_names.size() > 1 && from.class_names == to.class_names;
    if (!same_classes || to.width < 16 || from.channels != to.channels || from.width != to.width) continue;
    add_consistency(context, direction, from, to, made,
                    forth ? context.train().others.at(0) : context.train());
    any = true;
  }
  if (!any)
    throw data_error(
        "the images are not paired, the domains have different classes, and the model cannot translate back");
}

}  // namespace

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
