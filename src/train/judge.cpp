#include "train/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "core/random.h"
#include "data/dataset.h"
#include "metrics/classifier.h"
#include "metrics/clustering.h"
#include "metrics/diversity.h"
#include "metrics/evaluation.h"
#include "metrics/parzen.h"
#include "train/batches.h"
#include "train/judge_parts.h"
#include "train/need.h"
#include "train/run_batches.h"

namespace belamy {
namespace {

std::string error_note(const Tensor& each) {
  return fmt::format("mean over {} test example{}, {}", each.size(0), each.size(0) == 1 ? "" : "s",
                     standard_error_of(each, 3));
}

Tensor classes_by(Run& run, const Dataset& data) {
  auto* classifier = run.model().classifier();
  return in_batches(run, data_tensor(data),
                    [&](const Tensor& x) { return classifier->classify(x).argmax(1); });
}

// Of a model that found its classes by itself.
void add_cluster_errors(Run& run, const Dataset& test, std::vector<ReportScore>& scores) {
  const auto found = cluster_accuracy(classes_by(run, test), torch::tensor(test.labels));
  const auto clusters = run.model().classifier()->classes();
  const auto n = static_cast<double>(test.count);
  const auto add = [&](const char* name, double accuracy, const char* how) {
    scores.push_back(
        {name, 1 - accuracy, "",
         fmt::format("{} clusters, {}; {} test examples of {}, standard error {:.2g}", clusters, how,
                     format_count(test.count), test.name, std::sqrt(accuracy * (1 - accuracy) / n))});
  };
  add("cluster error", found.one_to_one, "each matched with one class");
  add("cluster error by majority", found.majority, "each takes its commonest class");
}

void add_error(Run& run, const std::string& name, const Dataset& test, std::vector<ReportScore>& scores) {
  const auto wrong = classes_by(run, test) != torch::tensor(test.labels);
  const double error = wrong.to(torch::kDouble).mean().item<double>();
  const auto n = static_cast<double>(test.count);
  scores.push_back({name, error, "",
                    fmt::format("{} of {} test examples of {} wrong, standard error {:.2g}",
                                wrong.sum().item<std::int64_t>(), test.count, test.name,
                                std::sqrt(error * (1 - error) / n))});
}

// What adapts to a second domain is judged there; how it does on the first stands beside it.
void judge_classifier(Run& run, const Dataset& test, std::vector<ReportScore>& scores) {
  if (!run.model().classifier()) return;
  if (test.labels.empty()) throw data_error("the data have no labels");
  if (!run.model().classifier()->supervised()) return add_cluster_errors(run, test, scores);
  const bool adapts = run.recipe().model->relation == Relation::domains && !test.others.empty();
  if (!adapts) return add_error(run, "classification error", test, scores);
  if (!test.others[0].labels.empty()) add_error(run, "classification error", test.others[0], scores);
  add_error(run, "source classification error", test, scores);
}

void judge_reconstruction(Run& run, const Tensor& test, std::vector<ReportScore>& scores) {
  auto* reconstructor = run.model().reconstructor();
  if (!reconstructor) return;
  const double unit = run.shape().is_images() ? 0.25 : 1;
  const auto each = in_batches(run, test, [&](const Tensor& x) {
    return (reconstructor->reconstruct(x) - x).square().flatten(1).sum(1) * unit;
  });
  scores.push_back({"reconstruction error", each.mean().item<double>(),
                    "squared, summed over values in [0, 1]", error_note(each)});
}

void judge_likelihood(Run& run, const Tensor& test, const JudgeRequest& request,
                      std::vector<ReportScore>& scores, const JudgeProgress& progress) {
  const bool tighter = request.likelihood_samples > 1;
  auto* density = tighter ? need(run.model().density(), run, Capability::density) : run.model().density();
  if (!density) return;
  const bool bound = density->kind() == Density::Kind::lower_bound;
  if (tighter && !density->tightens())
    throw usage_error(
        fmt::format("the likelihood of {} does not depend on --likelihood-samples", run.recipe().model->name),
        "leave it out");
  double best = 0;
  const auto add = [&](const char* name, std::int64_t draws) {
    auto generator = run.generator(request.seed);
    std::int64_t done = 0;
    const auto each = in_batches(run, test, [&](const Tensor& x) {
      progress(fmt::format("likelihood, {} draws: {} of {}", draws, done, test.size(0)));
      done += x.size(0);
      return -density->log_likelihood(x, generator, draws);
    });
    auto note = error_note(each);
    if (draws > 1) note += fmt::format(", {} importance-weighted draws each: an upper bound", draws);
    if (const auto how = density->how(); !how.empty()) note += "; " + how;
    best = each.mean().item<double>();
    scores.push_back({name, best, "nats", note});
  };
  if (bound) add("negative ELBO", 1);
  if (!bound) add("negative log-likelihood", 1);
  if (bound && tighter) add("negative log-likelihood", request.likelihood_samples);
  if (run.shape().is_images()) {
    scores.push_back({"bits per dimension", bits_per_dimension(best, run.shape().values()), "",
                      fmt::format("of {} values", run.shape().values())});
  }
}

void judge_point_sampler(const Tensor& samples, const Dataset& train, const Tensor& test,
                         const JudgeRequest& request, std::vector<ReportScore>& scores,
                         const JudgeProgress& progress) {
  progress("comparing samples with the test points");
  const auto quality =
      judge_points(samples, data_tensor(train), test, train.mixture ? &*train.mixture : nullptr,
                   {.seed = static_cast<std::uint64_t>(request.seed)});
  if (const auto& modes = quality.modes) {
    const auto counted = fmt::format("of {} samples", format_count(quality.counted));
    scores.push_back({"modes covered", static_cast<double>(modes->covered),
                      fmt::format("of {}", modes->modes),
                      "modes with a sample of high quality nearest to them, " + counted});
    scores.push_back({"high-quality share", modes->high_quality_share, "",
                      "within 3 standard deviations of the nearest mode, " + counted});
    scores.push_back({"reverse kl over modes", modes->reverse_kl, "nats",
                      fmt::format("frequencies of the modes against equal ones; samples at each: {}",
                                  fmt::join(modes->counts, " "))});
  }
  const auto& near = quality.samples;
  const auto& floor = quality.floor;
  scores.push_back({"sliced wasserstein", near.sliced, "",
                    fmt::format("to {} test points, in the data's units", format_count(test.size(0)))});
  scores.push_back({"sliced wasserstein floor", floor.sliced, "", "the same for as many training points"});
  scores.push_back(
      {"earth mover distance", near.earth_movers, "",
       fmt::format("exact, of {} samples to {} test points drawn from all", near.moved, near.moved)});
  scores.push_back({"earth mover distance floor", floor.earth_movers, "", "the same for training points"});
}

// What to ask a sampler for: classes and attributes of training examples drawn at random, as far as it takes
// them.
Condition asked_of(const Sampler& sampler, const Dataset& train, const JudgeRequest& request) {
  Random random(static_cast<std::uint64_t>(request.seed), 7ull << 32);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < request.samples; ++i)
    rows.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(train.count))));
  const auto picked = torch::tensor(rows, torch::kLong);
  Condition condition;
  if (sampler.conditional() && sampler.clusters() == 0 && !train.labels.empty())
    condition.labels = torch::tensor(train.labels, torch::kLong).index_select(0, picked);
  if (sampler.takes_attributes() && !train.attribute_names.empty())
    condition.attributes = attribute_tensor(train).index_select(0, picked);
  return condition;
}

// `labels`: the classes that were asked for, or undefined.
void judge_sampler(Run& run, const Tensor& drawn, const Tensor& labels, const Dataset& train,
                   const Dataset& test, const JudgeRequest& request, std::vector<ReportScore>& scores,
                   const JudgeProgress& progress) {
  const bool images = run.shape().is_images();
  const auto samples = images ? to_bytes(drawn) : drawn, real = data_tensor(train),
             held_out = data_tensor(test);
  const auto n = std::min<std::int64_t>({1000, samples.size(0), real.size(0)});
  const auto flat = [n](const Tensor& x) { return x.narrow(0, 0, n).to(torch::kFloat).flatten(1); };
  const auto pick = torch::linspace(0, static_cast<double>(real.size(0) - 1), n).to(torch::kLong);
  scores.push_back(
      {"diversity", diversity_ratio(flat(samples), flat(real.index_select(0, pick))).item<double>(), "",
       "mean distance between samples over that between training examples; 1 is alike, 0 is collapse"});
  if (!images) judge_point_sampler(samples, train, held_out, request, scores, progress);
  if (!images) return;
  if (train.class_names.size() < 2)
    throw data_error("the data have no two classes, by which a classifier learns to compare images");
  if (run.shape().width < 16 || run.shape().width != run.shape().height)
    throw data_error("the classifier that compares images is for squares of 16 pixels a side or more");

  const auto [classifier, training] = image_judge(train, run.device(), progress);
  const auto accuracy = classifier.accuracy(held_out, torch::tensor(test.labels));
  if (labels.defined()) {
    scores.push_back(
        {"class agreement", classifier.accuracy(samples, labels), "",
         fmt::format("share of {} samples that show the class asked for, by a classifier ({}) with {:.2f} % "
                     "test accuracy",
                     format_count(samples.size(0)), training, 100 * accuracy)});
  }
  progress("comparing samples with the test set");
  const auto quality =
      judge_samples(classifier, samples, real, held_out, {.seed = static_cast<std::uint64_t>(request.seed)});
  const auto& s = quality.samples;
  const auto& floor = quality.floor;
  const auto sizes = fmt::format("{} samples against {} test images", samples.size(0), held_out.size(0));
  scores.push_back(
      {"classifier-frechet", s.frechet, "",
       fmt::format(
           "Frechet distance in the features of a classifier ({}) with {:.2f} % test accuracy; {}; no FID, "
           "and not to be compared with one",
           training, 100 * accuracy, sizes)});
  scores.push_back({"classifier-frechet floor", floor.frechet, "", "the same for real training images"});
  scores.push_back({"classifier-frechet over floor", s.frechet / floor.frechet, "times", ""});
  scores.push_back({"precision", s.manifold.precision, "",
                    fmt::format("k = 5; real training images: {:.3f}", floor.manifold.precision)});
  scores.push_back({"recall", s.manifold.recall, "",
                    fmt::format("k = 5; real training images: {:.3f}", floor.manifold.recall)});
  scores.push_back(
      {"class distance", quality.class_distance, "",
       fmt::format("total variation between the classes of samples and of the test set; samples: {}",
                   fmt::join(quality.class_histogram, " "))});
  scores.push_back(
      {"memorisation", quality.memorisation.median_ratio, "",
       fmt::format("distance to the nearest training image, samples over test images (1: none, 0: copies); "
                   "{:.1f} % of samples are nearer than 1 % of test images",
                   100 * quality.memorisation.share_nearer)});
}

}  // namespace

std::string standard_error_of(const Tensor& each, int digits) {
  if (each.size(0) < 2) return "one value, so no standard error";
  const auto error =
      each.to(torch::kDouble).std().item<double>() / std::sqrt(static_cast<double>(each.size(0)));
  if (!std::isfinite(error)) return "no standard error, since not all values are finite";
  return fmt::format("standard error {:.{}g}", error, digits);
}

void JudgeRequest::fields(Fields& f) {
  f.add("split", split, {"test", "validation"}, "what is measured on");
  f.add("samples", samples, {100, 1'000'000}, "samples that are judged");
  f.add("test_limit", test_limit, {1, 1'000'000'000}, "examples for reconstruction and likelihood");
  f.add("likelihood_samples", likelihood_samples, {1, 1'000'000}, "draws that tighten a likelihood bound");
  f.add("codes", codes, "linear probe, k-NN and k-means on the codes");
  f.add("parzen", parzen, "Parzen window estimate of the samples, with its anchors");
  f.add("trials", trials, "one-shot trials: official, or such as 5-way-1-shot; \"\": none");
  f.add("seed", seed, {0, 1'000'000'000'000}, "of samples and choices");
}

JudgeResult judge(Run& run, const JudgeRequest& request, const JudgeProgress& progress) {
  JudgeResult result;
  auto& scores = result.scores;
  // A measure that the data do not allow costs no other one.
  const auto attempt = [&](const std::string& what, const auto& measure) {
    try {
      measure();
    } catch (const Error& error) {
      if (error.code() != ExitCode::data) throw;
      const std::string why = error.what();
      result.not_measured.push_back(fmt::format("{}: {}", what, why.substr(0, why.find('\n'))));
    }
  };
  auto& model = run.model();
  auto* sampler = request.parzen ? need(model.sampler(), run, Capability::sampler) : model.sampler();
  progress("reading the data");
  const auto test =
      load_dataset(run.recipe().data, request.split == "validation" ? Split::validation : Split::test);
  if (shape_of(test).sizes(1) != run.shape().sizes(1)) {
    throw data_error(
        fmt::format("'{}' is no longer what {} was trained on", run.recipe().data.source, run.recipe().name));
  }
  const auto stored = data_tensor(test);
  const auto first = stored.narrow(0, 0, std::min(request.test_limit, stored.size(0)));
  attempt("reconstruction", [&] { judge_reconstruction(run, first, scores); });
  attempt("likelihood", [&] { judge_likelihood(run, first, request, scores, progress); });
  attempt("classification", [&] { judge_classifier(run, test, scores); });
  attempt("translation", [&] { judge_translation(run, test, scores, progress); });
  auto* matcher = model.matcher();
  if (matcher) attempt("retrieval", [&] { judge_retrieval(run, test, request.seed, scores, progress); });
  if (!request.trials.empty()) {
    judge_trials(run, test, request.trials, request.seed, scores, progress);
  } else if (matcher) {
    attempt("one-shot trials",
            [&] { judge_trials(run, test, possible_trials(test), request.seed, scores, progress); });
  }
  if (!sampler && !matcher && !request.codes) return result;

  const auto train = load_dataset(run.recipe().data, Split::train);
  if (matcher)
    attempt("verification", [&] { judge_verification(run, train, test, request.seed, scores, progress); });
  if (request.codes) judge_codes(run, train, test, request.seed, scores, progress);
  if (sampler) {
    const auto asked = asked_of(*sampler, train, request);
    const auto drawn = draw(*sampler, {request.samples, run.generator(request.seed), asked, [&](double done) {
                                         progress(fmt::format("drawing {} samples: {:.0f} %",
                                                              format_count(request.samples), 100 * done));
                                         return true;
                                       }});
    attempt("samples",
            [&] { judge_sampler(run, drawn, asked.labels, train, test, request, scores, progress); });
    if (request.parzen) judge_parzen(run, drawn, train, test, request.seed, scores, progress);
  }
  return result;
}

std::vector<Verdict> check_expectations(const Recipe& recipe, const std::vector<ReportScore>& scores) {
  std::vector<Verdict> verdicts;
  for (const auto& expectation : recipe.expectations) {
    // "reconstruction-error-max": the score's name with dashes, then -max or -min.
    const auto& key = expectation.key;
    const bool most = key.size() > 4 && key.compare(key.size() - 4, 4, "-max") == 0;
    Verdict verdict{key.substr(0, key.size() - 4) + (most ? " <= " : " >= ") +
                    fmt::format("{:g}", expectation.value)};
    for (const auto& score : scores) {
      auto name = score.name;
      std::replace(name.begin(), name.end(), ' ', '-');
      if (name != key.substr(0, key.size() - 4)) continue;
      verdict.known = true;
      verdict.measured = score.value;
      verdict.holds = most ? score.value <= expectation.value : score.value >= expectation.value;
    }
    verdicts.push_back(verdict);
  }
  return verdicts;
}

}  // namespace belamy
