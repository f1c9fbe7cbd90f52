// Data, samples and features that several measures share.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "core/random.h"
#include "core/text.h"
#include "core/version.h"
#include "evaluate/measure.h"
#include "report/scores.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// The condition for the samples, if the sampler takes one: classes and attributes of random training examples, or
// captions of random test examples, with the classes and attributes of their pictures.
Condition condition_for(const Sampler& sampler, const DataShape& shape, const Dataset& set,
                        const EvaluationRequest& request) {
  Random random(static_cast<std::uint64_t>(request.seed), 7ull << 32);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < request.samples; ++i)
    rows.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(set.count))));
  const auto picked = torch::tensor(rows, torch::kLong);
  const bool told = sampler.takes_captions() && !set.captions.empty();
  Condition condition;
  if (told) condition.captions = caption_tensor(set.captions, shape.vocabulary).index_select(0, picked);
  if ((told || (sampler.conditional() && sampler.clusters() == 0)) && !set.labels.empty())
    condition.labels = torch::tensor(set.labels, torch::kLong).index_select(0, picked);
  if ((told || sampler.takes_attributes()) && !set.attribute_names.empty())
    condition.attributes = attribute_tensor(set).index_select(0, picked);
  return condition;
}

}  // namespace

EvaluationContext::EvaluationContext(Run& run, const EvaluationRequest& request, Progress progress)
    : run_(run), request_(request), progress_(std::move(progress)) {}

DataOptions EvaluationContext::options_to_measure() const {
  auto options = run_.recipe().data;
  if (!request_.data.empty()) {
    options.source = request_.data;
    ask_for(options, run_.shape());
  }
  return options;
}

Split EvaluationContext::split() const {
  return request_.split == "validation" ? Split::validation : Split::test;
}

Dataset EvaluationContext::test_of_all_classes() const {
  auto options = options_to_measure();
  options.classes.clear();
  return load_dataset(options, split());
}

const Dataset& EvaluationContext::test() {
  if (!test_) {
    progress("reading the data");
    const auto options = options_to_measure();
    const bool other = !request_.data.empty();
    test_ = load_dataset(options, split());
    const auto& wanted = run_.shape();
    const auto shape = shape_of(*test_);
    const auto refuse = [&](const char* what) {
      throw data_error(fmt::format("'{}' holds data of {} than those that {} was trained on", options.source,
                                   what, run_.recipe().name),
                       other ? "choose data of the same kind" : "restore the data, or train the run again");
    };
    if (shape.sizes(1) != wanted.sizes(1)) refuse("another size");
    if (other && shape.class_names != wanted.class_names) refuse("other classes");
    if (other && shape.attributes != wanted.attributes) refuse("other attributes");
    test_digest_ = digest_of(*test_);
  }
  return *test_;
}

const Dataset& EvaluationContext::train() {
  if (!train_) train_ = load_dataset(run_.recipe().data, Split::train);
  return *train_;
}

const Tensor& EvaluationContext::test_data() {
  if (!test_data_.defined()) test_data_ = data_tensor(test());
  return test_data_;
}

const Tensor& EvaluationContext::train_data() {
  if (!train_data_.defined()) train_data_ = data_tensor(train());
  return train_data_;
}

Tensor EvaluationContext::limited_test() {
  return test_data().narrow(0, 0, std::min(request_.test_limit, test_data().size(0)));
}

const Tensor& EvaluationContext::samples() {
  if (!samples_.defined()) {
    auto& sampler = *model().sampler();
    asked_ = condition_for(sampler, run_.shape(), sampler.takes_captions() ? test() : train(), request_);
    samples_ = draw(sampler, {request_.samples, run_.generator(request_.seed), asked_, [&](double done) {
                                progress(fmt::format("drawing {}: {:.0f} %",
                                                     counted(request_.samples, "sample"), 100 * done));
                                return true;
                              }});
  }
  return samples_;
}

const Condition& EvaluationContext::asked() {
  samples();
  return asked_;
}

const Tensor& EvaluationContext::asked_classes() {
  if (!asked().labels.defined()) throw data_error("the samples were drawn without classes");
  return asked_.labels;
}

const Tensor& EvaluationContext::sample_bytes() {
  if (!sample_bytes_.defined()) sample_bytes_ = to_bytes(samples());
  return sample_bytes_;
}

const JudgeClassifier& EvaluationContext::classifier() {
  if (!classifier_) {
    if (train().class_names.size() < 2)
      throw data_error("the data have no two classes, so no classifier can be trained to judge images");
    check_size();
    classifier_ = judge_classifier(train(), run_.device(), progress_);
    classifier_accuracy_ = classifier_->classifier.accuracy(test_data(), torch::tensor(test().labels));
  }
  return *classifier_;
}

const FeatureClassifier& EvaluationContext::attribute_classifier() {
  if (!attribute_classifier_) {
    if (train().attribute_names.empty()) throw data_error("the data have no attributes to judge images by");
    check_size();
    attribute_classifier_ = judge_attributes(train(), run_.device(), progress_);
    attribute_accuracy_ =
        (attribute_classifier_->classifier.attributes(test_data()).cpu() == present_attributes(test()))
            .to(torch::kDouble)
            .mean()
            .item<double>();
  }
  return attribute_classifier_->classifier;
}

void EvaluationContext::check_size() const {
  if (run_.shape().width < 16 || run_.shape().width != run_.shape().height)
    throw data_error("the classifier that judges images needs square images of at least 16 pixels a side");
}

std::string EvaluationContext::judge_text() {
  const auto& judge = classifier();
  return fmt::format("a classifier ({}) with {:.2f} % test accuracy", judge.training,
                     100 * classifier_accuracy_);
}

std::string EvaluationContext::attribute_judge_text() {
  attribute_classifier();
  return fmt::format("a classifier of attributes ({}) that is right on {:.2f} % of those of test images",
                     attribute_classifier_->training, 100 * attribute_accuracy_);
}

const SampleFeatures& EvaluationContext::features() {
  if (!features_) {
    const auto& judge = classifier();
    progress("comparing samples with the test set");
    features_ = sample_features(judge.classifier, sample_bytes(), train_data(), test_data(), seed());
  }
  return *features_;
}

EvaluationContext::NetworkFeatures& EvaluationContext::judged(JudgeNetwork::Kind kind) {
  const auto found = networks_.find(kind);
  if (found != networks_.end()) return found->second;
  if (const auto channels = run_.shape().channels; channels != 1 && channels != 3)
    throw data_error("the networks that judge images need gray or RGB images");
  return networks_
      .emplace(kind, NetworkFeatures{judge_network(kind, request_.features, run_.device()), {}, {}, {}})
      .first->second;
}

Tensor EvaluationContext::see(const JudgeNetwork& network, const Tensor& bytes, const std::string& what) {
  constexpr std::int64_t kSeenAtOnce = 16;
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < bytes.size(0); done += kSeenAtOnce) {
    progress(fmt::format("{} sees {} of {}", network.title, done, counted(bytes.size(0), what)));
    const auto n = std::min(kSeenAtOnce, bytes.size(0) - done);
    parts.push_back(network.see(bytes.narrow(0, done, n).to(run_.device())).cpu());
  }
  return torch::cat(parts);
}

const JudgeNetwork& EvaluationContext::network(JudgeNetwork::Kind kind) {
  return judged(kind).network;
}

const Tensor& EvaluationContext::network_samples(JudgeNetwork::Kind kind) {
  auto& features = judged(kind);
  if (!features.samples.defined()) features.samples = see(features.network, sample_bytes(), "sample");
  return features.samples;
}

const Tensor& EvaluationContext::network_test(JudgeNetwork::Kind kind) {
  auto& features = judged(kind);
  if (!features.test.defined()) features.test = see(features.network, test_data(), "test image");
  return features.test;
}

const Tensor& EvaluationContext::network_train(JudgeNetwork::Kind kind) {
  auto& features = judged(kind);
  if (!features.train.defined())
    features.train = see(features.network,
                         train_data().index_select(0, choose_rows(train_data(), request_.samples, seed())),
                         "training image");
  return features.train;
}

EvaluationContext::Basis EvaluationContext::sample_basis() {
  const bool images = run_.shape().is_images();
  return {.samples = samples().size(0), .examples = test().count, .range = images ? "bytes" : ""};
}

EvaluationContext::Basis EvaluationContext::classifier_basis() {
  auto basis = sample_basis();
  basis.network = classifier().digest;
  basis.range = "[-1, 1]";
  basis.resize = "none";
  return basis;
}

EvaluationContext::Basis EvaluationContext::attribute_basis(std::int64_t samples) {
  attribute_classifier();
  return {.samples = samples, .network = attribute_classifier_->digest, .range = "[-1, 1]", .resize = "none"};
}

EvaluationContext::Basis EvaluationContext::network_basis(JudgeNetwork::Kind kind) {
  auto basis = sample_basis();
  const auto& judge = network(kind);
  basis.network = judge.sha256;
  basis.range = judge.range;
  basis.resize = judge.resize;
  return basis;
}

void EvaluationContext::add(const std::string& key, double value, const std::string& note, const Basis& basis,
                            const std::string& unit) {
  const auto* info = find_score(key);
  if (!info) throw std::logic_error("report/scores.def has no score " + key);
  const auto direction = key.substr(info->key.size());  // "-a2b", ":bold", or nothing
  const auto label = info->label + (direction.empty() ? "" : " " + direction.substr(1));
  Passport passport = {{"protocol", std::to_string(info->protocol)},
                       {"data", test().name},
                       {"data digest", test_digest_},
                       {"split", request_.split}};
  const auto count = [&](const char* name, std::int64_t number) {
    if (number > 0) passport.emplace_back(name, std::to_string(number));
  };
  const auto text = [&](const char* name, const std::string& entry) {
    if (!entry.empty()) passport.emplace_back(name, entry);
  };
  count("samples", basis.samples);
  count("examples", basis.examples);
  text("network", basis.network);
  text("range", basis.range);
  text("resize", basis.resize);
  count("draws", basis.draws);
  text("trials", basis.trials);
  text("parts", basis.parts);
  passport.emplace_back("seed", std::to_string(request_.seed));
  passport.emplace_back("step", std::to_string(run_.step()));
  passport.emplace_back("program", fmt::format("Belamy {} {}", version(), commit()));
  scores_.push_back({key, label, value, unit.empty() ? info->unit : unit, note, std::move(passport)});
}

std::function<bool(const ModelInfo&, const DataShape&)> fits_classes_of_images(Capability needs) {
  return [needs](const ModelInfo& model, const DataShape& shape) {
    return model.can(needs) && shape.is_images() && shape.classes > 1;
  };
}

Tensor evenly_spread(std::int64_t n, std::int64_t count) {
  return torch::linspace(0, static_cast<double>(count - 1), n).to(torch::kLong);
}

std::string standard_error_of(const Tensor& each, int digits) {
  if (each.size(0) < 2) return "one value, so no standard error";
  const auto error =
      each.to(torch::kDouble).std().item<double>() / std::sqrt(static_cast<double>(each.size(0)));
  if (!std::isfinite(error)) return "no standard error, since not all values are finite";
  return fmt::format("standard error {:.{}g}", error, digits);
}

std::string share_error(double share, std::int64_t count) {
  return fmt::format("standard error {:.2g}", std::sqrt(share * (1 - share) / static_cast<double>(count)));
}

}  // namespace belamy
