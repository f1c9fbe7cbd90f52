// A measure: one way to judge a run. Each is a function in a file of this folder and a line of measures.def.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "data/dataset.h"
#include "evaluate/evaluate.h"
#include "evaluate/judge_classifier.h"
#include "metrics/evaluation.h"

namespace belamy {

/// What a measure works with. Data, samples, features and the classifier are made when the first measure asks
/// for them, and kept for the others.
class EvaluationContext {
 public:
  using Progress = std::function<void(const std::string&)>;

  EvaluationContext(Run& run, const EvaluationRequest& request, Progress progress);

  Run& run() { return run_; }
  Model& model() { return run_.model(); }
  const EvaluationRequest& request() const { return request_; }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(request_.seed); }
  void progress(const std::string& text) const { progress_(text); }

  /// The split that is measured on, and the training data.
  const Dataset& test();
  const Dataset& train();
  /// The stored tensors of both. `limited_test` is at most request().test_limit examples.
  const Tensor& test_data();
  const Tensor& train_data();
  Tensor limited_test();

  /// Samples of the model on the CPU, in its range, and what was asked of the sampler for them.
  const Tensor& samples();
  const Condition& asked();
  /// Samples of images as bytes.
  const Tensor& sample_bytes();

  /// The classifier of the training data that judges samples. A data error where the data have no two classes,
  /// or the images are too small or not square.
  const JudgeClassifier& classifier();
  /// In its features: samples, test images, and as many training images as there are samples.
  const SampleFeatures& features();

  /// "a classifier (3 passes over 60000 images) with 99.06 % test accuracy"
  std::string judge_text();

  /// What the figures of one measure depend on beside the data. Zero and empty entries are left out.
  struct Basis {
    std::int64_t samples = 0;   ///< of the model
    std::int64_t examples = 0;  ///< real ones
    std::string network;        ///< SHA-256 of the weights of a network that judges
    std::string range, resize;  ///< of images as the measure sees them
  };
  Basis sample_basis();      ///< samples against the test set
  Basis classifier_basis();  ///< the same in the features of the classifier

  /// Adds a score by its key (report/scores.def), followed by its direction where it is one of a translation.
  void add(const std::string& key, double value, const std::string& note, const Basis& basis,
           const std::string& unit = "");
  std::vector<ReportScore> take_scores() { return std::move(scores_); }

 private:
  Run& run_;
  const EvaluationRequest& request_;
  Progress progress_;
  std::optional<Dataset> test_, train_;
  Tensor test_data_, train_data_, samples_, sample_bytes_;
  Condition asked_;
  std::optional<JudgeClassifier> classifier_;
  double classifier_accuracy_ = 0;
  std::optional<SampleFeatures> features_;
  std::string test_digest_;
  std::vector<ReportScore> scores_;
};

struct Measure {
  std::string key;   ///< "precision-recall"
  std::string text;  ///< what it measures, for people: "precision and recall of samples"
  std::string cost;  ///< "seconds", "minutes", or "seconds, first minutes" where a classifier is trained once
  /// What a model must have for the measure to be taken unasked.
  Capability needs;
  /// Whether it can be taken for this model and data.
  std::function<bool(const ModelInfo&, const DataShape&)> fits;
  /// Takes it. A data error where the data do not allow it.
  std::function<void(EvaluationContext&)> take;
  /// Whether the request asks for it by a setting of its own.
  std::function<bool(const EvaluationRequest&)> asked = {};
  bool only_asked = false;  ///< not taken unless it is asked for
};

/// In the order of the table.
const std::vector<Measure>& all_measures();

/// "standard error 0.012" of the mean of some values, or why it is not known.
std::string standard_error_of(const Tensor& each, int digits = 2);
/// The same of a share of `count` examples.
std::string share_error(double share, std::int64_t count);

}  // namespace belamy
