#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "metrics/image_quality.h"
#include "metrics/nearest.h"
#include "train/batches.h"
#include "train/judge_parts.h"
#include "train/run_batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kMost = 2000;  // images that are translated

Tensor head(const Dataset& set) {
  return data_tensor(set).narrow(0, 0, std::min(kMost, set.count));
}

Tensor unit(const Tensor& bytes) {
  return bytes.to(torch::kFloat) / 255;
}

// Against the true partner; what the untranslated image gets stands in the note.
void add_quality(const std::string& direction, const Tensor& input, const Tensor& made, const Tensor& wanted,
                 std::vector<ReportScore>& scores) {
  const auto x = unit(input), y = unit(made), z = unit(wanted);
  const bool same = x.sizes() == z.sizes();
  const auto add = [&](const std::string& name, const std::string& of, const auto& measure) {
    const auto each = measure(y, z);
    std::string note = fmt::format("over {} pairs, {}", each.size(0), standard_error_of(each));
    scores.push_back({name + " " + direction, each.mean().template item<double>(), of, note});
    if (same) {
      scores.push_back({name + " " + direction + " of copying", measure(x, z).mean().template item<double>(),
                        of, "the untranslated image instead"});
    }
  };
  add("l1", "of values in [0, 1]", mean_absolute_error);
  add("psnr", "dB", peak_signal_to_noise);
  add("ssim", "", structural_similarity);
}

// The share of images whose partner is the nearest of all images of the other domain.
double recall(const Tensor& queries, const Tensor& gallery) {
  const auto found = nearest_neighbours(queries, gallery).indices;
  return (found == torch::arange(queries.size(0))).to(torch::kDouble).mean().item<double>();
}

void add_retrieval(const std::string& direction, const Tensor& input, const Tensor& made,
                   const Tensor& wanted, std::vector<ReportScore>& scores) {
  std::string note =
      fmt::format("share of {} translated images whose partner is the nearest by pixels", made.size(0));
  if (input.sizes() == wanted.sizes())
    note += fmt::format("; of the untranslated ones {:.3f}", recall(input, wanted));
  scores.push_back({"retrieval " + direction, recall(made, wanted), "", note});
}

void add_consistency(Run& run, const std::string& direction, const Dataset& from, const Dataset& to,
                     const Tensor& made, const Dataset& to_train, std::vector<ReportScore>& scores,
                     const JudgeProgress& progress) {
  // A judge has to know all classes, those that are held out of the model's training as well.
  auto images = to_train;
  append(images, to);
  const auto [classifier, training] = image_judge(images, run.device(), progress);
  const auto labels = torch::tensor(from.labels).narrow(0, 0, made.size(0));
  const auto real = head(to);
  scores.push_back(
      {"classifier consistency " + direction, classifier.accuracy(made, labels), "",
       fmt::format(
           "share of {} translated images in which a classifier of the other domain ({}) sees the input's "
           "class; it is right on {:.3f} of real images there, and sees the class in {:.3f} of the "
           "untranslated ones",
           made.size(0), training,
           classifier.accuracy(real, torch::tensor(to.labels).narrow(0, 0, real.size(0))),
           classifier.accuracy(head(from), labels))});
}

}  // namespace

void judge_translation(Run& run, const Dataset& test, std::vector<ReportScore>& scores,
                       const JudgeProgress& progress) {
  auto* translator = run.model().translator();
  if (!translator || test.others.empty()) return;
  const auto before = scores.size();
  Dataset train;
  const auto known = translator->directions();
  for (const auto& direction : known) {
    const bool forth = direction.front() == 'a';
    const auto& from = forth ? test : test.others[0];
    const auto& to = forth ? test.others[0] : test;
    progress("translating " + direction);
    const auto input = head(from);
    const auto made = to_bytes(
        in_batches(run, input, [&](const Tensor& x) { return translator->translate(x, direction); }));
    if (test.paired) {
      add_quality(direction, input, made, head(to), scores);
      add_retrieval(direction, input, made, head(to), scores);
    }
    const std::string back = {direction.back(), '2', direction.front()};
    if (std::find(known.begin(), known.end(), back) != known.end()) {
      const auto returned =
          to_bytes(in_batches(run, made, [&](const Tensor& x) { return translator->translate(x, back); }));
      const auto each = mean_absolute_error(unit(returned), unit(input));
      scores.push_back({"cycle error " + direction, each.mean().item<double>(), "of values in [0, 1]",
                        "mean absolute difference after the way back, " + standard_error_of(each)});
    }
    const bool same_classes = from.class_names.size() > 1 && from.class_names == to.class_names;
    if (!same_classes || to.width < 16 || from.channels != to.channels || from.width != to.width) continue;
    if (train.count == 0) train = load_dataset(run.recipe().data, Split::train);
    add_consistency(run, direction, from, to, made, forth ? train.others[0] : train, scores, progress);
  }
  if (scores.size() == before)
    throw data_error(
        "the images are no pairs, both domains have not the same classes, and there is no way back");
}

}  // namespace belamy
