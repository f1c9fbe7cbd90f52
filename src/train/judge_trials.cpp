#include <torch/types.h>

#include "data/trials.h"
#include "metrics/one_shot.h"
#include "train/batches.h"
#include "train/judge_parts.h"
#include "train/similarity.h"

namespace belamy {
namespace {

constexpr std::int64_t kTrials = 1000;  // that are drawn, about
constexpr TrialPlan kRetrieval = {.ways = 20, .shots = 4};
constexpr std::int64_t kRetrievals = 5;

Trials official_trials(const Run& run) {
  auto options = run.recipe().data;
  ask_for(options, run.shape());
  return read_trials(find_official_trials(options.source), options);
}

Tensor rows(const Tensor& data, const std::vector<std::int64_t>& places) {
  return data.index_select(0, torch::tensor(places));
}

}  // namespace

void judge_trials(Run& run, const Dataset& test, const std::string& trials, std::int64_t seed,
                  std::vector<ReportScore>& scores, const JudgeProgress& progress) {
  const Similarity similarity(run);
  Trials made;
  if (trials == "official") {
    made = official_trials(run);
  } else {
    const auto plan = TrialPlan::parse(trials);
    made = {test, draw_trials(test, plan, std::max<std::int64_t>(2, kTrials / plan.ways), seed)};
  }
  const auto data = data_tensor(made.data);
  std::vector<Tensor> right, right_by_pixels;
  for (const auto& episode : made.episodes) {
    progress(fmt::format("one-shot trials: episode {} of {}", right.size() + 1, made.episodes.size()));
    const auto queries = rows(data, episode.queries), known = rows(data, episode.support);
    const auto wanted = torch::tensor(episode.query_classes),
               classes = torch::tensor(episode.support_classes);
    right.push_back(most_alike_is_right(similarity.between(queries, known), wanted, classes));
    if (made.data.is_images())
      right_by_pixels.push_back(most_alike_is_right(pixel_cosines(queries, known), wanted, classes));
  }
  const auto add = [&](const std::string& name, const std::vector<Tensor>& each, const std::string& how) {
    const auto found = one_shot_accuracy(each);
    scores.push_back(
        {name, found.accuracy, "",
         fmt::format("by {}; {} of {} trials ({}) right, {} episodes, standard error {:.2g}", how,
                     found.right, found.trials, trials, each.size(), found.standard_error)});
  };
  add("one-shot accuracy", right, similarity.how());
  if (made.data.is_images()) add("one-shot accuracy of pixels", right_by_pixels, "the cosine of all pixels");
}

void judge_retrieval(Run& run, const Dataset& test, std::int64_t seed, std::vector<ReportScore>& scores,
                     const JudgeProgress& progress) {
  if (!run.model().matcher() || test.labels.empty()) return;
  auto plan = kRetrieval;
  const auto enough = torch::tensor(test.labels).bincount() > plan.shots;
  plan.ways = std::min(plan.ways, enough.sum().item<std::int64_t>());
  if (plan.ways < 2) return;
  progress("searching images of the same class");
  const Similarity similarity(run);
  const auto data = data_tensor(test);
  const std::vector<std::int64_t> ranks = {1, 5};
  std::vector<double> sums(ranks.size());
  std::int64_t queries = 0;
  for (const auto& episode : draw_trials(test, plan, kRetrievals, seed)) {
    const auto recalls =
        recall_at(ranks, similarity.between(rows(data, episode.queries), rows(data, episode.support)),
                  torch::tensor(episode.query_classes), torch::tensor(episode.support_classes));
    for (std::size_t i = 0; i < ranks.size(); ++i) sums[i] += recalls[i] / kRetrievals;
    queries += plan.ways;
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    scores.push_back({fmt::format("recall@{}", ranks[i]), sums[i], "",
                      fmt::format("of {} test examples, each among {} of {} classes", queries,
                                  plan.ways * plan.shots, plan.ways)});
  }
}

}  // namespace belamy
