// A measure: one way to judge a run. Each is a function in a file of this folder and a line of measures.def.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "data/dataset.h"
#include "evaluate/evaluate.h"
#include "evaluate/judge_classifier.h"
#include "evaluate/judge_network.h"
#include "metrics/evaluation.h"

namespace belamy {

/// The data, samples, features and classifier that measures share. Each is made when a measure first needs
/// it, and kept for the others.
class EvaluationContext {
 public:
  using Progress = std::function<void(const std::string&)>;

  EvaluationContext(Run& run, const EvaluationRequest& request, Progress progress);

  Run& run() { return run_; }
  Model& model() { return run_.model(); }
  const EvaluationRequest& request() const { return request_; }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(request_.seed); }
  void progress(const std::string& text) const { progress_(text); }

  /// The data of the split to measure on, and the training data.
  const Dataset& test();
  const Dataset& train();
  /// The data to measure on with all classes of the source, also those that the run was not trained on.
  Dataset test_of_all_classes() const;
  /// Both as tensors in their stored type. `limited_test` has at most request().test_limit examples.
  const Tensor& test_data();
  const Tensor& train_data();
  Tensor limited_test();

  /// Samples of the model on the CPU, in the model's range, and the condition that they were drawn with.
  const Tensor& samples();
  const Condition& asked();
  /// The classes of that condition. Throws a data error if there are none.
  const Tensor& asked_classes();
  /// Samples of images as bytes.
  const Tensor& sample_bytes();

  /// The classifier that judges samples, trained on the training data. Throws a data error if the data have
  /// fewer than two classes, or the images are too small or not square.
  const JudgeClassifier& classifier();
  /// Throws a data error if the images are too small or not square for a classifier. Measures that train
  /// another classifier on them call this too.
  void check_size() const;
  /// The classifier of the data's attributes. Throws a data error if there are none, or the images are too small or
  /// not square.
  const FeatureClassifier& attribute_classifier();
  /// The classifier's features of the samples, of the test images, and of as many training images as samples.
  const SampleFeatures& features();

  /// A network that was trained elsewhere, and its features [N, D] of the samples, of the test images, and of as many training
  /// images as samples. Throws data errors as of judge_network, and where the images are not gray or RGB.
  const JudgeNetwork& network(JudgeNetwork::Kind kind);
  const Tensor& network_samples(JudgeNetwork::Kind kind);
  const Tensor& network_test(JudgeNetwork::Kind kind);
  const Tensor& network_train(JudgeNetwork::Kind kind);

  /// "a classifier (3 passes over 60000 images) with 99.06 % test accuracy"
  std::string judge_text();
  std::string attribute_judge_text();

  /// What a score depends on besides the data. Zero and empty entries are left out of its passport.
  struct Basis {
    std::int64_t samples = 0;   ///< number of samples of the model
    std::int64_t examples = 0;  ///< number of real examples
    std::string network;        ///< SHA-256 of the weights of a network that judges
    std::string range, resize;  ///< of the images that the measure compares
    std::int64_t draws = 0;     ///< of the latent for each example
    std::string trials;         ///< which one-shot trials
    std::string parts;          ///< random parts of the data that a measure takes means over
  };
  Basis sample_basis();                         ///< samples against the test set
  Basis classifier_basis();                     ///< the same in the features of the classifier
  Basis attribute_basis(std::int64_t samples);  ///< samples judged by the classifier of attributes
  Basis network_basis(
      JudgeNetwork::Kind kind);  ///< samples against the test set in the features of a network

  /// Adds a score by its key (report/scores.def). Keys of translations end with the direction, "l1-a2b", and those of
  /// attributes with a name, "caption-attribute:bold".
  void add(const std::string& key, double value, const std::string& note, const Basis& basis,
           const std::string& unit = "");
  std::vector<RunScore> take_scores() { return std::move(scores_); }

 private:
  DataOptions options_to_measure() const;
  Split split() const;

  Run& run_;
  const EvaluationRequest& request_;
  Progress progress_;
  std::optional<Dataset> test_, train_;
  Tensor test_data_, train_data_, samples_, sample_bytes_;
  Condition asked_;
  std::optional<JudgeClassifier> classifier_, attribute_classifier_;
  double classifier_accuracy_ = 0, attribute_accuracy_ = 0;
  std::optional<SampleFeatures> features_;
  struct NetworkFeatures {
    JudgeNetwork network;
    Tensor samples, test, train;
  };
  NetworkFeatures& judged(JudgeNetwork::Kind kind);
  Tensor see(const JudgeNetwork& network, const Tensor& bytes, const std::string& what);
  std::map<JudgeNetwork::Kind, NetworkFeatures> networks_;
  std::string test_digest_;
  std::vector<RunScore> scores_;
};

struct Measure {
  std::string key;   ///< "precision-recall"
  std::string text;  ///< what it measures: "precision and recall of samples"
  /// "seconds", "minutes", or "seconds; minutes the first time" if a classifier is trained once.
  std::string cost;
  /// The capability that a model must have for the measure to be taken by default.
  Capability needs;
  /// Whether it can be taken for this model and data.
  std::function<bool(const ModelInfo&, const DataShape&)> fits;
  /// Takes the measure. Throws a data error if the data do not allow it.
  std::function<void(EvaluationContext&)> take;
  /// Whether a setting of the request, other than `measures`, asks for it.
  std::function<bool(const EvaluationRequest&)> asked = {};
  bool only_asked = false;  ///< taken only if the request asks for it
  /// Whether it is of interest for a run with this recipe, so that it is taken without being asked for. Empty: always.
  std::function<bool(const Recipe&)> concerns = {};
};

/// All measures, in the order of measures.def.
const std::vector<Measure>& all_measures();

/// Whether the model has the capability, and the data are images of two or more classes: for Measure::fits.
std::function<bool(const ModelInfo&, const DataShape&)> fits_classes_of_images(Capability needs);

/// n of the numbers from 0 to count - 1, evenly spread, with the first and the last: int64 [n].
Tensor evenly_spread(std::int64_t n, std::int64_t count);

/// "standard error 0.012" of the mean of values [N], or the reason why there is none.
std::string standard_error_of(const Tensor& each, int digits = 2);
/// The same for a share of `count` examples.
std::string share_error(double share, std::int64_t count);

}  // namespace belamy
