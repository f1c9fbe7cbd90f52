// The modes of images whose channels are images of their own: as many as there are combinations of the channels' classes.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>
#include <torch/types.h>

#include "core/progress.h"
#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/modes.h"
#include "tensors/dataset_tensors.h"

namespace belamy {
namespace {

// "0123456789" if the classes are all words that have one of these letters for each channel, as those of stacked-mnist;
// else empty.
std::string letters_of(const std::vector<std::string>& class_names, std::int64_t channels) {
  std::set<char> letters;
  for (const auto& name : class_names) {
    if (static_cast<std::int64_t>(name.size()) != channels) return "";
    letters.insert(name.begin(), name.end());
  }
  const double words = std::pow(static_cast<double>(letters.size()), static_cast<double>(channels));
  const bool all = channels > 1 && letters.size() > 1 && words == static_cast<double>(class_names.size()) &&
                   std::set(class_names.begin(), class_names.end()).size() == class_names.size();
  return all ? std::string(letters.begin(), letters.end()) : "";
}

// The class of each channel: [N, C] int64.
Tensor channel_classes(const Dataset& set, const std::string& letters) {
  std::vector<std::int64_t> classes;
  for (const auto label : set.labels) {
    for (const char letter : set.class_names[static_cast<std::size_t>(label)])
      classes.push_back(static_cast<std::int64_t>(letters.find(letter)));
  }
  return torch::tensor(classes, torch::kLong).view({set.count, set.channels});
}

// The first channels of training images, as a data set of their own. As many as MNIST has are enough for a classifier.
Dataset first_channels(const Dataset& set, const std::string& letters) {
  constexpr std::int64_t most = 60000;
  Dataset planes;
  planes.name = set.name + ", first channel";
  planes.count = std::min(most, set.count);
  planes.channels = 1;
  planes.height = set.height;
  planes.width = set.width;
  for (const char letter : letters) planes.class_names.emplace_back(1, letter);
  const auto plane = static_cast<std::size_t>(set.height * set.width);
  const auto classes = channel_classes(set, letters);
  for (std::int64_t i = 0; i < planes.count; ++i) {
    planes.pixels.append(set.pixels.data() + static_cast<std::size_t>(i * set.channels) * plane, plane);
    planes.labels.push_back(classes[i][0].item<std::int64_t>());
  }
  return planes;
}

void take_stacked_modes(EvaluationContext& context) {
  const auto& train = context.train();
  const auto letters = letters_of(train.class_names, train.channels);
  const auto base = static_cast<std::int64_t>(letters.size());
  context.check_size();
  const auto judge = judge_classifier(first_channels(train, letters), context.run().device(),
                                      [&](const std::string& text) { context.progress(text); });
  const auto classes_of = [&](const Tensor& images) {
    const auto planes = images.reshape({-1, 1, images.size(2), images.size(3)});
    return judge.classifier.logits(planes).argmax(1).cpu().view({images.size(0), images.size(1)});
  };
  const auto& test = context.test();
  const double accuracy = (classes_of(context.test_data()) == channel_classes(test, letters))
                              .to(torch::kDouble)
                              .mean()
                              .item<double>();
  const auto& samples = context.sample_bytes();
  const auto found = classes_of(samples);
  auto modes = torch::zeros({found.size(0)}, torch::kLong);
  for (std::int64_t channel = 0; channel < found.size(1); ++channel)
    modes = modes * base + found.select(1, channel);
  const auto coverage = mode_coverage(modes, static_cast<std::int64_t>(train.class_names.size()));
  const EvaluationContext::Basis basis{
      .samples = samples.size(0), .network = judge.digest, .range = "[-1, 1]", .resize = "none"};
  const auto how = fmt::format("of {}, each channel judged by a classifier ({}) with {:.2f} % test accuracy",
                               counted(samples.size(0), "sample"), judge.training, 100 * accuracy);
  context.add("modes-covered", static_cast<double>(coverage.covered),
              "combinations of classes that some sample shows, " + how, basis,
              fmt::format("of {}", coverage.modes));
  context.add("reverse-kl-over-modes", coverage.reverse_kl,
              "frequencies of the combinations against equal frequencies, " + how, basis);
}

}  // namespace

namespace measures {

Measure stacked_modes() {
  return {.key = "stacked-modes",
          .text = "modes of images whose channels each show a class, as stacked-mnist",
          .cost = "seconds; minutes the first time",
          .needs = Capability::sampler,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::sampler) && shape.is_images() &&
                       !letters_of(shape.class_names, shape.channels).empty();
              },
          .take = take_stacked_modes};
}

}  // namespace measures
}  // namespace belamy
