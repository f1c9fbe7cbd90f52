// The feature classifier, and the judgement of samples that stands on it.
#include "metrics/classifier.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "belamy/error.h"

#include "metrics/evaluation.h"
#include "metrics/frechet.h"

namespace belamy {
namespace {

using torch::Tensor;

struct Labelled {
  Tensor images;  // [N, C, size, size] uint8
  Tensor labels;  // [N] int64
};

// Class c of 4 is a bright quarter of the image among noise: easy, but not the same image twice.
Labelled quarters(std::int64_t count, std::uint64_t seed, std::int64_t size = 16, std::int64_t channels = 1) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const Tensor labels = torch::randint(0, 4, {count}, generator, torch::kLong);
  Tensor images = torch::randint(0, 120, {count, channels, size, size}, generator, torch::kByte);
  const std::int64_t half = size / 2;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = labels[i].item<std::int64_t>();
    images[i].narrow(1, label / 2 * half, half).narrow(2, label % 2 * half, half).add_(100);
  }
  return {images, labels};
}

FeatureClassifier trained(const Labelled& data, std::uint64_t seed = 1) {
  ClassifierOptions options;
  options.seed = seed;
  options.batch = 32;
  FeatureClassifier classifier(data.images.size(1), data.images.size(2), 4, options);
  classifier.train(data.images, data.labels);
  return classifier;
}

bool same(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    if (!b.contains(name) || !tensor.equal(b.at(name))) return false;
  }
  return true;
}

template <typename Function>
void expect_error(ExitCode code, const std::string& part, const Function& function) {
  try {
    function();
    ADD_FAILURE() << "no error that speaks of: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

// One thread: batches this small gain nothing from a second one, and lose much to it on a busy machine.
class ClassifierTest : public ::testing::Test {
 protected:
  ClassifierTest() { at::set_num_threads(1); }
};

TEST_F(ClassifierTest, LearnsWhatIsEasyAtAnySize) {
  // Seeds 1 and 2; the classes are separable, so nearly every unseen image must come out right. 28 and 33 are
  // sizes that strides of 2 do not divide.
  for (const std::int64_t size : {16, 28, 33}) {
    const FeatureClassifier classifier = trained(quarters(512, 1, size, 3));
    const Labelled unseen = quarters(200, 2, size, 3);
    EXPECT_GT(classifier.accuracy(unseen.images, unseen.labels), 0.97) << size;
  }
}

TEST_F(ClassifierTest, LearnsAttributesThatDoNotExcludeEachOther) {
  // Quarters 0 and 1 are above, 0 and 2 on the left.
  const auto data = quarters(400, 1), more = quarters(100, 2);
  const auto attributes_of = [](const Tensor& labels) {
    return torch::stack({labels < 2, labels.remainder(2) == 0}, 1).to(torch::kLong);
  };
  ClassifierOptions options;
  options.epochs = 5;
  options.batch = 32;
  options.attributes = true;
  FeatureClassifier classifier(1, 16, 2, options);
  classifier.train(data.images, attributes_of(data.labels));
  const auto right = classifier.attributes(more.images) == attributes_of(more.labels);
  EXPECT_GT(right.to(torch::kDouble).mean().item<double>(), 0.97);
  EXPECT_NO_THROW(FeatureClassifier(1, 16, 1, options));
  expect_error(ExitCode::data, "attributes are 0 or 1",
               [&] { classifier.train(data.images, 2 * attributes_of(data.labels)); });
  expect_error(ExitCode::data, "as many int64 labels", [&] { classifier.train(data.images, data.labels); });
}

TEST_F(ClassifierTest, OneSeedGivesTheSameBits) {
  const Labelled data = quarters(128, 3);
  EXPECT_TRUE(same(trained(data, 7).state(), trained(data, 7).state()));
  EXPECT_FALSE(same(trained(data, 7).state(), trained(data, 8).state()));
}

TEST_F(ClassifierTest, LeavesTheGlobalGeneratorAlone) {
  const Labelled data = quarters(64, 4);
  const at::Generator& global = at::detail::getDefaultCPUGenerator();
  torch::manual_seed(11);
  const Tensor before = global.get_state();
  const auto first = trained(data).state();
  EXPECT_TRUE(before.equal(global.get_state()));
  torch::manual_seed(12);
  EXPECT_TRUE(same(first, trained(data).state()));
}

TEST_F(ClassifierTest, FeaturesAreTheLayerBeforeItsReluAndNeedNoGradient) {
  const Labelled data = quarters(600, 5);  // more than one batch of 512
  const FeatureClassifier classifier = trained(data);
  const Tensor features = classifier.features(data.images);
  EXPECT_EQ(features.sizes(), (std::vector<std::int64_t>{600, FeatureClassifier::feature_count}));
  EXPECT_EQ(features.scalar_type(), torch::kFloat);
  EXPECT_FALSE(features.requires_grad());
  EXPECT_LT(features.min().item<float>(), 0);
  const auto state = classifier.state();
  const Tensor logits = torch::linear(features.relu(), state.at("logits.weight"), state.at("logits.bias"));
  EXPECT_TRUE(classifier.logits(data.images).allclose(logits, 1e-4, 1e-4));
}

TEST_F(ClassifierTest, AnImagesFeaturesDoNotDependOnItsCompany) {
  const Labelled data = quarters(520, 6);
  const FeatureClassifier classifier = trained(data);
  const Tensor all = classifier.features(data.images);
  const Tensor alone = classifier.features(data.images.narrow(0, 517, 1));
  EXPECT_TRUE(all.narrow(0, 517, 1).allclose(alone, 1e-4, 1e-4));
}

TEST_F(ClassifierTest, BytesAndFloatsMeanTheSameImage) {
  const Labelled data = quarters(64, 7);
  const FeatureClassifier classifier = trained(data);
  const Tensor bytes = data.images.clone();
  const Tensor floats = bytes.to(torch::kFloat) / 127.5 - 1;
  EXPECT_TRUE(classifier.features(bytes).allclose(classifier.features(floats), 1e-4, 1e-4));
  EXPECT_TRUE(bytes.equal(data.images));
  const Tensor copy = floats.clone();
  classifier.features(floats);
  EXPECT_TRUE(floats.equal(copy)) << "the caller's floats were changed";
}

TEST_F(ClassifierTest, ReportsItsProgressToTheEnd) {
  const Labelled data = quarters(300, 8);
  ClassifierOptions options;
  options.epochs = 2;
  FeatureClassifier classifier(1, 16, 4, options);
  std::vector<double> done;
  std::vector<double> losses;
  classifier.train(data.images, data.labels, [&](double share, double loss) {
    done.push_back(share);
    losses.push_back(loss);
  });
  EXPECT_EQ(done.size(), 6U);  // two epochs of three batches
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), 1);
  EXPECT_LT(losses.back(), losses.front());
}

TEST_F(ClassifierTest, StateMovesToAnotherClassifier) {
  const Labelled data = quarters(128, 9);
  const FeatureClassifier classifier = trained(data, 1);
  FeatureClassifier other(1, 16, 4);
  EXPECT_FALSE(same(classifier.state(), other.state()));
  other.load(classifier.state());
  EXPECT_TRUE(same(classifier.state(), other.state()));
  EXPECT_TRUE(classifier.features(data.images).equal(other.features(data.images)));
  // The state is a copy: training on must not change what was handed out.
  const auto before = other.state();
  other.train(data.images, data.labels);
  EXPECT_TRUE(same(before, classifier.state()));
}

TEST_F(ClassifierTest, AStateThatDoesNotFitChangesNothing) {
  FeatureClassifier classifier(1, 16, 4);
  const auto before = classifier.state();
  const auto refuse = [&](const std::string& part, auto change) {
    std::map<std::string, Tensor> state = before;
    for (auto& [name, tensor] : state) tensor = tensor + 1;
    change(state);
    expect_error(ExitCode::storage, part, [&] { classifier.load(state); });
    EXPECT_TRUE(same(before, classifier.state())) << part;
  };
  refuse("lack 'logits.bias'", [](auto& state) { state.erase("logits.bias"); });
  refuse("unknown tensor 'other'", [](auto& state) { state["other"] = torch::zeros({1}); });
  refuse("has shape [5], not [4]", [](auto& state) { state["logits.bias"] = torch::zeros({5}); });
}

TEST_F(ClassifierTest, RefusesWrongImagesLabelsAndOptions) {
  FeatureClassifier classifier(1, 16, 4);
  const Labelled data = quarters(8, 10);
  const auto refuse = [&](const std::string& part, const Tensor& images, const Tensor& labels) {
    expect_error(ExitCode::data, part, [&] { classifier.train(images, labels); });
  };
  refuse("not [8, 3, 16, 16]", quarters(8, 10, 16, 3).images, data.labels);
  refuse("not [8, 1, 20, 20]", quarters(8, 10, 20).images, data.labels);
  refuse("trains on uint8", data.images.to(torch::kFloat), data.labels);
  refuse("labels run from", data.images, data.labels + 4);
  refuse("labels run from", data.images, data.labels - 4);
  refuse("as many int64 labels", data.images, data.labels.narrow(0, 0, 7));
  expect_error(ExitCode::data, "as uint8", [&] { classifier.features(data.images.to(torch::kLong)); });
  expect_error(ExitCode::data, "images [N, 1, 16, 16]",
               [&] { classifier.features(data.images.narrow(0, 0, 0)); });
  expect_error(ExitCode::usage, "cannot work with images of 15x15 pixels",
               [] { FeatureClassifier(1, 15, 4); });
  expect_error(ExitCode::usage, "cannot work with 1 class", [] { FeatureClassifier(1, 16, 1); });
  expect_error(ExitCode::usage, "must be positive", [] {
    ClassifierOptions options;
    options.epochs = 0;
    FeatureClassifier(1, 16, 4, options);
  });
}

TEST_F(ClassifierTest, ALossThatIsNotFiniteStopsTheTraining) {
  ClassifierOptions options;
  options.learning_rate = 1e30;
  FeatureClassifier classifier(1, 16, 4, options);
  const Labelled data = quarters(128, 11);
  expect_error(ExitCode::diverged, "loss is", [&] { classifier.train(data.images, data.labels); });
}

class Judge : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    at::set_num_threads(1);
    train_ = new Labelled(quarters(1500, 20));
    test_ = new Labelled(quarters(1000, 21));
    classifier_ = new FeatureClassifier(trained(*train_));
  }
  static void TearDownTestSuite() {
    delete train_;
    delete test_;
    delete classifier_;
  }
  // All comparisons of samples at once.
  struct Quality {
    double frechet, floor_frechet;
    ManifoldScores manifold, floor_manifold;
    ClassShares classes;
  };
  static Quality judge(const Tensor& samples, std::uint64_t seed = 1) {
    const auto features = sample_features(*classifier_, samples, train_->images, test_->images, seed);
    return {frechet_distance(features.samples, features.test),
            frechet_distance(features.floor, features.test),
            manifold_scores(features.test, features.samples, 5),
            manifold_scores(features.test, features.floor, 5),
            class_shares(*classifier_, samples, test_->images)};
  }

  static Labelled* train_;
  static Labelled* test_;
  static FeatureClassifier* classifier_;
};

Labelled* Judge::train_ = nullptr;
Labelled* Judge::test_ = nullptr;
FeatureClassifier* Judge::classifier_ = nullptr;

TEST_F(Judge, RealImagesScoreLikeTheFloor) {
  const Tensor samples = quarters(1000, 22).images;
  const Quality quality = judge(samples);
  EXPECT_DOUBLE_EQ(quality.frechet,
                   frechet_distance(classifier_->features(samples), classifier_->features(test_->images)));
  // Seeds 20 to 22. Both are the same estimate on equal distributions, so they differ by its noise only: a
  // factor of 2 allows for that, and is far below the factor of 10 that a missing class must exceed (below).
  EXPECT_LT(quality.frechet, 2 * quality.floor_frechet);
  EXPECT_GT(quality.frechet, 0);
  EXPECT_NEAR(quality.manifold.precision, quality.floor_manifold.precision, 0.1);
  EXPECT_NEAR(quality.manifold.recall, quality.floor_manifold.recall, 0.1);
  // Shares of 4 classes among 1,000 images deviate by 0.014 each on both sides: total variation of about
  // 0.03.
  EXPECT_LT(quality.classes.distance, 0.1);
  const auto copied = check_memorisation(samples, train_->images, test_->images);
  EXPECT_NEAR(copied.median_ratio, 1, 0.05);
}

TEST_F(Judge, AMissingClassShowsInHistogramRecallAndDistance) {
  const Labelled all = quarters(2000, 23);
  const Tensor samples = all.images.index_select(0, (all.labels < 2).nonzero().flatten());
  const Quality quality = judge(samples);
  ASSERT_EQ(quality.classes.samples.size(), 4U);
  EXPECT_EQ(quality.classes.samples[0] + quality.classes.samples[1], samples.size(0));
  std::int64_t counted = 0;
  for (const std::int64_t count : quality.classes.test) counted += count;
  EXPECT_EQ(counted, 1000);
  // Two of four equal classes lack: total variation 1/2, and half of the data cannot be recalled.
  EXPECT_NEAR(quality.classes.distance, 0.5, 0.05);
  EXPECT_LT(quality.manifold.recall, 0.6);
  EXPECT_GT(quality.manifold.precision, quality.manifold.recall + 0.2);
  EXPECT_GT(quality.frechet, 10 * quality.floor_frechet);
}

TEST_F(Judge, CopiesOfTheTrainingSetAreFound) {
  const Tensor samples = train_->images.narrow(0, 200, 300);
  const auto rows = choose_rows(samples, 50, 1);
  ASSERT_EQ(rows.size(0), 50);
  const auto found = check_memorisation(samples.index_select(0, rows), train_->images, test_->images);
  EXPECT_EQ(found.median_ratio, 0);
  EXPECT_EQ(found.share_nearer, 1);
  EXPECT_TRUE((rows + 200).equal(found.samples.indices));
}

TEST_F(Judge, TheFloorTakesAsManyTrainingImagesByTheSeed) {
  const Tensor samples = quarters(300, 24).images;
  const double first = judge(samples).floor_frechet;
  EXPECT_EQ(judge(samples).floor_frechet, first);
  EXPECT_NE(judge(samples, 2).floor_frechet, first);
  // More samples than training images: the floor takes these, all of them.
  const Tensor many = quarters(1600, 25).images;
  const double all =
      frechet_distance(classifier_->features(train_->images), classifier_->features(test_->images));
  EXPECT_NEAR(judge(many).floor_frechet, all, 1e-4 * all);
}

TEST_F(Judge, RefusesSamplesOfAnotherShape) {
  expect_error(ExitCode::data, "not [10, 1, 20, 20]", [] { judge(quarters(10, 26, 20).images); });
  expect_error(ExitCode::data, "at least 6 images", [] { judge(quarters(5, 27).images); });
}

}  // namespace
}  // namespace belamy
