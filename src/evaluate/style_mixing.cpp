// What the coarse, middle and fine styles decide: classes and attributes of pictures that mix two sources.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"
#include "tensors/image_tensors.h"
#include "use/latents.h"

namespace belamy {
namespace {

constexpr std::int64_t kMostMixes = 2000, kMixesAtOnce = 100;

// Pairs of sources, and for each third of the layers their mixes: those layers from the second, the others from the
// first. All uint8 [N, C, H, W].
struct StyleMixes {
  Tensor first, second;
  std::vector<std::pair<std::string, Tensor>> mixes;
};

StyleMixes draw_mixes(EvaluationContext& context) {
  auto& decoder = *context.model().decoder();
  const auto layers = decoder.layers();
  auto generator = context.run().generator(context.request().seed);
  const auto space = decoder.spaces().back();
  const auto styles = [&](std::int64_t n) {
    return decoder.into(space, decoder.draw_latent(n, generator)).unsqueeze(1).repeat({1, layers, 1});
  };
  const auto thirds = thirds_of_layers(layers);
  const auto count = std::min(kMostMixes, context.request().samples);
  std::vector<std::vector<Tensor>> parts(2 + thirds.size());
  for (std::int64_t done = 0; done < count; done += kMixesAtOnce) {
    context.progress(fmt::format("mixing styles: {} of {}", done, count));
    const auto n = std::min(kMixesAtOnce, count - done);
    const auto first = styles(n), second = styles(n);
    std::vector<Tensor> points = {first, second};
    for (const auto& [name, span] : thirds) points.push_back(mix_layers(first, second, span));
    for (std::size_t i = 0; i < parts.size(); ++i)
      parts[i].push_back(to_bytes(decoder.decode_at_layers(points[i])).cpu());
  }
  StyleMixes made{torch::cat(parts[0]), torch::cat(parts[1]), {}};
  for (std::size_t i = 0; i < thirds.size(); ++i)
    made.mixes.emplace_back(thirds[i].first, torch::cat(parts[i + 2]));
  return made;
}

void add_classes(EvaluationContext& context, const StyleMixes& made) {
  const auto& classifier = context.classifier().classifier;
  const auto class_of = [&](const Tensor& bytes) { return classifier.logits(bytes).argmax(1).cpu(); };
  const auto first = class_of(made.first), second = class_of(made.second), differ = first != second;
  const auto n = differ.sum().item<std::int64_t>();
  if (n == 0) throw data_error("all samples are of one class, so that mixes show nothing");
  auto basis = context.classifier_basis();
  basis.samples = n;
  for (const auto& [name, bytes] : made.mixes) {
    const auto found = class_of(bytes);
    const auto share = [&](const Tensor& wanted) {
      return (found == wanted).masked_select(differ).to(torch::kDouble).mean().item<double>();
    };
    const double here = share(second), elsewhere = share(first);
    context.add(
        "mixed-class:" + name, here,
        fmt::format("share of {} of two sources of different classes that show the class of the source "
                    "of their {} layers, {}, judged by {}",
                    counted(n, "mixed picture"), name, share_error(here, n), context.judge_text()),
        basis);
    context.add("kept-class:" + name, elsewhere,
                fmt::format("the same for the source of the other layers, {}", share_error(elsewhere, n)),
                basis);
  }
}

void add_attributes(EvaluationContext& context, const StyleMixes& made) {
  const auto& judge = context.attribute_classifier();
  const auto seen = [&](const Tensor& bytes) { return judge.attributes(bytes).cpu(); };
  const auto first = seen(made.first), second = seen(made.second), differ = first != second;
  const auto& names = context.train().attribute_names;
  const auto basis = context.attribute_basis(made.first.size(0));
  for (const auto& [name, bytes] : made.mixes) {
    const auto right = seen(bytes) == second;
    double sum = 0;
    std::vector<std::pair<std::string, double>> each;
    for (std::size_t place = 0; place < names.size(); ++place) {
      const auto at = static_cast<std::int64_t>(place);
      const auto of_interest = right.select(1, at).masked_select(differ.select(1, at));
      if (of_interest.numel() == 0) continue;  // no two sources differ in it
      each.emplace_back(names[place], of_interest.to(torch::kDouble).mean().item<double>());
      sum += each.back().second;
    }
    if (each.empty()) continue;
    context.add(
        "mixed-attributes:" + name, sum / static_cast<double>(each.size()),
        fmt::format(
            "mean over {} of the share of mixed pictures that show the attribute as the source of their {} "
            "layers does, where both sources differ in it, judged by {}",
            counted(each.size(), "attribute"), name, context.attribute_judge_text()),
        basis);
    for (const auto& [attribute, share] : each)
      context.add("mixed-attribute:" + name + ":" + attribute, share, "", basis);
  }
}

void take_style_mixing(EvaluationContext& context) {
  const auto& shape = context.run().shape();
  if (context.model().decoder()->layers() < 2)
    throw data_error("the model has one latent for the whole image, so that nothing can be mixed");
  const auto made = draw_mixes(context);
  if (shape.classes > 1) add_classes(context, made);
  if (!shape.attributes.empty()) add_attributes(context, made);
}

}  // namespace

namespace measures {

Measure style_mixing() {
  return {.key = "style-mixing",
          .text = "which layers' styles decide the class and the attributes",
          .cost = "seconds; minutes the first time",
          .needs = Capability::decoder,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::decoder) && shape.is_images() &&
                       (shape.classes > 1 || !shape.attributes.empty());
              },
          .take = take_style_mixing,
          .only_asked = true};
}

}  // namespace measures
}  // namespace belamy
