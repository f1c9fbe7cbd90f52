// The longer parts of an evaluation, each on request. Internal to judge.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "data/dataset.h"
#include "metrics/classifier.h"
#include "report/report.h"

namespace belamy {

using JudgeProgress = std::function<void(const std::string&)>;

/// The classifier of a data set, trained once and kept in the cache under the data's own digest.
struct ImageJudge {
  FeatureClassifier classifier;
  std::string training;  ///< "200 passes over 40 images"
};
ImageJudge image_judge(const Dataset& train, torch::Device device, const JudgeProgress& progress);

/// Passes over `count` images that make about 1,200 steps of the classifier: 3 at least, 200 at most.
std::int64_t judge_passes(std::int64_t count);

/// "standard error 0.012" of the mean of some values, or why it is not known.
std::string standard_error_of(const Tensor& each, int digits = 2);

/// Translations of the test images of either domain: beside their true partners where the test set is paired
/// (L1, PSNR, SSIM, retrieval, each with what the untranslated image gets), the way there and back, and
/// whether a classifier of the other domain finds the class kept where there are labels. Nothing for other
/// models.
void judge_translation(Run& run, const Dataset& test, std::vector<ReportScore>& scores,
                       const JudgeProgress& progress);

/// A linear probe, k-NN and k-means on the codes of the training images, judged on `test`. A usage error for
/// a model without encoder, a data error without labels.
void judge_codes(Run& run, const Dataset& train, const Dataset& test, std::int64_t seed,
                 std::vector<ReportScore>& scores, const JudgeProgress& progress);

/// The Parzen window estimate of samples [N, C, H, W] in [-1, 1], and what real images and k-means centroids
/// get by the same procedure. The width is chosen on the run's validation set, without one on some
/// training images. A usage error for points.
void judge_parzen(Run& run, const Tensor& samples, const Dataset& train, const Dataset& test,
                  std::int64_t seed, std::vector<ReportScore>& scores, const JudgeProgress& progress);

/// One-shot accuracy on trials as JudgeRequest::trials names them, drawn from `test` or read from
/// all_runs.zip beside the run's data, and that of the pixels' cosines. By similarity (train/similarity.h).
void judge_trials(Run& run, const Dataset& test, const std::string& trials, std::int64_t seed,
                  std::vector<ReportScore>& scores, const JudgeProgress& progress);

/// How often a matcher tells pairs of one class from pairs of two, at the threshold that parts pairs of the
/// training data best. A data error where the data have no such pairs.
void judge_verification(Run& run, const Dataset& train, const Dataset& test, std::int64_t seed,
                        std::vector<ReportScore>& scores, const JudgeProgress& progress);

/// The one-shot trials of most classes, 20 at most, that `test` allows, as JudgeRequest::trials names them. A
/// data error where no two classes have two examples.
std::string possible_trials(const Dataset& test);

/// How often a matcher finds an image of the query's class among the most alike. A data error where no two
/// classes have five examples.
void judge_retrieval(Run& run, const Dataset& test, std::int64_t seed, std::vector<ReportScore>& scores,
                     const JudgeProgress& progress);

}  // namespace belamy
