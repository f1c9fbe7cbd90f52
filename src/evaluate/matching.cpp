// What a matcher finds: retrieval, one-shot trials, verification.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "data/one_shot_trials.h"
#include "evaluate/measure.h"
#include "metrics/one_shot.h"
#include "pictures/match_pictures.h"
#include "tensors/dataset_tensors.h"
#include "train/batches.h"
#include "use/similarity.h"

namespace belamy {
namespace {

constexpr std::int64_t kTrials = 1000;  // approximate number of drawn trials
constexpr TrialPlan kRetrieval = {.ways = 20, .shots = 4};
constexpr std::int64_t kRetrievals = 5;
constexpr std::int64_t kVerified = 1000;  // pairs of training examples, and of test examples

Trials official_trials(const Run& run) {
  auto options = run.recipe().data;
  ask_for(options, run.shape());
  return read_trials(find_official_trials(options.source), options);
}

Tensor rows(const Tensor& data, const std::vector<std::int64_t>& places) {
  return data.index_select(0, torch::tensor(places));
}

// The number of classes with at least this many examples.
std::int64_t classes_of(const Dataset& set, std::int64_t examples) {
  if (set.labels.empty()) return 0;
  return (torch::tensor(set.labels).bincount() >= examples).sum().item<std::int64_t>();
}

Error too_few(const Dataset& set, std::int64_t examples) {
  return data_error(fmt::format("'{}' has {} in this split, but no two classes with at least {}", set.name,
                                counted(set.count, "example"), counted(examples, "example")));
}

// Similarities of pairs of one class and of two classes, without pairs of an example with itself.
struct Verified {
  Tensor same, different;
};

Verified verified(Run& run, const Dataset& set, std::int64_t seed) {
  auto options = without_augmentation(run.recipe().data);
  options.different = 1;
  const auto pairs = Batches(set, options, kVerified, seed, run.device()).at(0);
  std::vector<Tensor> parts;
  constexpr std::int64_t at_once = 200;
  for (std::int64_t done = 0; done < kVerified; done += at_once) {
    const auto some = [&](const Tensor& all) {
      return all.narrow(0, done, std::min(at_once, kVerified - done));
    };
    parts.push_back(run.model().matcher()->similarity(some(pairs.data), some(pairs.partner.data)).cpu());
  }
  const auto found = torch::cat(parts).to(torch::kDouble);
  const auto one_class = (pairs.labels == pairs.partner.labels).cpu();
  return {found.masked_select(one_class & (pairs.indices != pairs.partner.indices).cpu()),
          found.masked_select(~one_class)};
}

// The accuracy of telling pairs of one class from pairs of two classes, at the threshold that is best for
// pairs of training examples.
void take_verification(EvaluationContext& context) {
  const auto& test = context.test();
  if (const auto lack = lack_of_matches(test))
    throw data_error(fmt::format("{} in this split: {}", counted(test.count, "example"), lack.what));
  context.progress("comparing pairs of one class and of two classes");
  const auto seed = context.request().seed;
  const auto known = verified(context.run(), context.train(), seed),
             asked = verified(context.run(), test, seed);
  const auto threshold = best_threshold(known.same, known.different);
  const auto right = torch::cat({asked.same > threshold, asked.different <= threshold}).to(torch::kDouble);
  context.add(
      "verification-accuracy", right.mean().item<double>(),
      fmt::format("{} of test examples of one class and {} of two classes, compared by {}; threshold "
                  "chosen on {} of training examples; {}",
                  counted(asked.same.size(0), "pair"), asked.different.size(0),
                  Similarity(context.run()).how(),
                  counted(known.same.size(0) + known.different.size(0), "pair"), standard_error_of(right)),
      {.samples = right.size(0)});
}

// One-shot trials with as many classes as the data allow, at most 20.
std::string possible_trials(const Dataset& test) {
  const auto ways = std::min<std::int64_t>(20, classes_of(test, 2));
  if (ways < 2) throw too_few(test, 2);
  return fmt::format("{}-way-1-shot", ways);
}

// One-shot accuracy of the model and of the cosines of pixels. The trials are drawn from the test set, or
// read from all_runs.zip beside the run's data.
void take_one_shot(EvaluationContext& context) {
  const auto& test = context.test();
  const auto seed = context.request().seed;
  const Similarity similarity(context.run());
  const auto trials = context.request().trials.empty() ? possible_trials(test) : context.request().trials;
  Trials made;
  if (trials == "official") {
    made = official_trials(context.run());
  } else {
    const auto plan = TrialPlan::parse(trials);
    made = {test, draw_trials(test, plan, std::max<std::int64_t>(2, kTrials / plan.ways), seed)};
  }
  const auto data = data_tensor(made.data);
  std::vector<Tensor> right, right_by_pixels;
  for (const auto& episode : made.episodes) {
    context.progress(
        fmt::format("one-shot trials: episode {} of {}", right.size() + 1, made.episodes.size()));
    const auto queries = rows(data, episode.queries), known = rows(data, episode.support);
    const auto wanted = torch::tensor(episode.query_classes),
               classes = torch::tensor(episode.support_classes);
    right.push_back(most_alike_is_right(similarity.between(queries, known), wanted, classes));
    if (made.data.is_images())
      right_by_pixels.push_back(most_alike_is_right(pixel_cosines(queries, known), wanted, classes));
  }
  const auto add = [&](const char* key, const std::vector<Tensor>& each, const std::string& how) {
    const auto found = one_shot_accuracy(each);
    context.add(key, found.accuracy,
                fmt::format("by {}; {} of {} ({}) right, {}, standard error {:.2g}", how, found.right,
                            counted(found.trials, "trial"), trials, counted(each.size(), "episode"),
                            found.standard_error),
                {.examples = found.trials, .trials = trials});
  };
  add("one-shot-accuracy", right, similarity.how());
  if (made.data.is_images()) add("one-shot-accuracy-of-pixels", right_by_pixels, "the cosine of all pixels");
}

// How often an image of the query's class is among the most similar images.
void take_retrieval(EvaluationContext& context) {
  const auto& test = context.test();
  auto plan = kRetrieval;
  plan.ways = std::min(plan.ways, classes_of(test, plan.shots + 1));
  if (plan.ways < 2) throw too_few(test, plan.shots + 1);
  context.progress("searching images of the same class");
  const Similarity similarity(context.run());
  const auto& data = context.test_data();
  const std::vector<std::int64_t> ranks = {1, 5};
  std::vector<double> sums(ranks.size());
  std::int64_t queries = 0;
  for (const auto& episode : draw_trials(test, plan, kRetrievals, context.request().seed)) {
    const auto recalls =
        recall_at(ranks, similarity.between(rows(data, episode.queries), rows(data, episode.support)),
                  torch::tensor(episode.query_classes), torch::tensor(episode.support_classes));
    for (std::size_t i = 0; i < ranks.size(); ++i) sums[i] += recalls[i] / kRetrievals;
    queries += plan.ways;
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    context.add(fmt::format("recall-at-{}", ranks[i]), sums[i],
                fmt::format("{}, each compared with {} of {}", counted(queries, "query"),
                            counted(plan.ways * plan.shots, "test example"), counted(plan.ways, "class")),
                {.samples = queries, .examples = plan.ways * plan.shots});
  }
}

bool matches(const ModelInfo& model, const DataShape&) {
  return model.can(Capability::matcher);
}

}  // namespace

namespace measures {

Measure one_shot() {
  return {.key = "one-shot",
          .text = "accuracy of one-shot trials",
          .cost = "seconds",
          .needs = Capability::matcher,
          .fits =
              [](const ModelInfo& model, const DataShape&) {
                return model.can(Capability::matcher) || model.can(Capability::encoder);
              },
          .take = take_one_shot,
          .asked = [](const EvaluationRequest& request) { return !request.trials.empty(); }};
}

Measure verification() {
  return {.key = "verification",
          .text = "accuracy of telling pairs of one class from pairs of two classes",
          .cost = "seconds",
          .needs = Capability::matcher,
          .fits = matches,
          .take = take_verification};
}

Measure retrieval() {
  return {.key = "retrieval",
          .text = "share of queries with an image of their class among the most similar",
          .cost = "seconds",
          .needs = Capability::matcher,
          .fits = matches,
          .take = take_retrieval};
}

}  // namespace measures
}  // namespace belamy
