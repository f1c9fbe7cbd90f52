// The classifier: its class maps against the formula of Zhou et al., and what it takes from parents.
#include <filesystem>
#include <gmock/gmock.h>
#include <set>
#include <torch/types.h>

#include "belamy/run.h"
#include "belamy/trainer.h"

#include "core/random.h"
#include "models/shared/labels.h"
#include "small_training.h"
#include "tensors/dataset_tensors.h"
#include "test_folder.h"
#include "train/check.h"

namespace belamy {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kTinyClassifier = {"model.channels=[8, 16]", "model.convolutions=1",
                                                  "model.hidden=[32]",      "train.batch=16",
                                                  "train.steps=100",        "train.threads=1"};

TEST(ClassMaps, OfAMeanOverPlacesAreThoseOfZhou) {
  const auto recipe = recipe_of("classifier", kTinyClassifier);
  Session session(*recipe, small_images(64), kCpu);
  run_steps(session, 5);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto images = session.batches().head(5);
  const auto classes = torch::tensor({3, 0, 9, 3, 1});
  const auto maps = model.localiser()->class_maps(images, classes);
  EXPECT_EQ(maps.sizes().vec(), (std::vector<std::int64_t>{5, 8, 8}));

  const auto parameters = model.named_parameters();
  const auto seen = model.featurizer()->features(images).back();
  const auto weights = parameters["output.weight"].index_select(0, classes);  // [N, C]
  const auto expected = (seen * weights.view({5, -1, 1, 1})).sum(1) / 64;
  EXPECT_TRUE(at::allclose(maps, expected, 1e-4, 1e-6));
  // So that the map of a class is its logit, place by place.
  const auto logits = model.classifier()->classify(images).gather(1, classes.unsqueeze(1)).squeeze(1);
  const auto bias = parameters["output.bias"].index_select(0, classes);
  EXPECT_TRUE(at::allclose(maps.sum({1, 2}) + bias, logits, 1e-4, 1e-5));
}

TEST(ClassMaps, OfALinearClassifierShareOutItsLogit) {
  const auto recipe =
      recipe_of("classifier", with(kTinyClassifier, {"model.network=fully-connected", "model.hidden=[]"}));
  Session session(*recipe, small_images(64), kCpu);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto images = session.batches().head(4), black = torch::full_like(images, -1);
  const auto classes = torch::tensor({3, 0, 9, 3}), places = classes.unsqueeze(1);
  const auto maps = model.localiser()->class_maps(images, classes);
  const auto gain =
      (model.classifier()->classify(images) - model.classifier()->classify(black)).gather(1, places);
  EXPECT_EQ(maps.sizes().vec(), (std::vector<std::int64_t>{4, 16, 16}));
  EXPECT_TRUE(at::allclose(maps.sum({1, 2}), gain.squeeze(1), 1e-4, 1e-5));
  EXPECT_EQ(model.featurizer(), nullptr) << "there are no maps";
}

// A patch of stripes, level in class 0 and upright in class 1, at a random place of a dark image.
Dataset striped_patches(std::int64_t count, std::vector<std::pair<int, int>>& places) {
  constexpr int side = 16, patch = 6;
  Dataset data{.name = "stripes", .count = count, .channels = 1, .height = side, .width = side};
  data.class_names = {"level", "upright"};
  Random random(11);
  for (std::int64_t i = 0; i < count; ++i) {
    const int left = static_cast<int>(random.below(side - patch + 1)),
              top = static_cast<int>(random.below(side - patch + 1));
    places.emplace_back(left + patch / 2, top + patch / 2);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const bool inside = x >= left && x < left + patch && y >= top && y < top + patch;
        data.pixels.push_back(inside && (i % 2 ? x - left : y - top) % 3 != 2 ? 230 : 20);
      }
    }
    data.labels.push_back(i % 2);
  }
  return data;
}

TEST(ClassMaps, AreGreatestWhereTheClassIs) {
  const auto recipe = recipe_of("classifier", with(kTinyClassifier, {"optimizer.classifier.lr=0.01"}));
  std::vector<std::pair<int, int>> places;
  const auto data = striped_patches(400, places);
  Session session(*recipe, data, kCpu);
  run_steps(session, 80);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto images = session.batches().head(100);
  const auto labels = torch::arange(100) % 2;
  EXPECT_GE((model.classifier()->classify(images).argmax(1) == labels).sum().item<std::int64_t>(), 97);
  const auto maps = model.localiser()->class_maps(images, labels);  // [N, 8, 8]
  std::int64_t near = 0;
  for (std::int64_t i = 0; i < 100; ++i) {
    const auto place = maps[i].argmax().item<std::int64_t>();
    const auto [x, y] = places[static_cast<std::size_t>(i)];
    near += std::abs(2 * (place % 8) + 1 - x) <= 4 && std::abs(2 * (place / 8) + 1 - y) <= 4;
  }
  EXPECT_GE(near, 95) << "by chance about 25";
}

class Recorder final : public StepContext {
 public:
  void update(std::string_view, const Tensor&, bool) override {}
  void update_together(const std::vector<std::string>&, const Tensor&) override {}
  void apply(std::string_view, const std::vector<Tensor>&) override {}
  void record(const std::string&, const Tensor&) override {}
  std::int64_t step() const override { return 0; }
  std::int64_t total_steps() const override { return 1; }
  const std::string& stage() const override { return stage_; }
  std::int64_t stage_step() const override { return 0; }
  std::int64_t stage_steps() const override { return 1; }
  const PlayerOptions& options(std::string_view) const override { return options_; }
  OptimizerState optimizer_state(std::string_view) const override { return {}; }
  at::Generator generator() override { return {}; }
  torch::Device device() const override { return kCpu; }

 private:
  std::string stage_ = "main";
  PlayerOptions options_;
};

TEST(LabelSmoothing, MixesTheLabelWithAllClasses) {
  Recorder context;
  const auto logits = torch::tensor({{2.0, 0.0, -1.0}, {0.5, 0.5, 3.0}}), labels = torch::tensor({0, 2});
  const auto log_p = logits.log_softmax(1);
  const auto plain = -log_p.gather(1, labels.unsqueeze(1)).mean();
  EXPECT_NEAR(models::labelled_loss(logits, labels, context).item<double>(), plain.item<double>(), 1e-6);
  const auto expected = 0.7 * plain - 0.3 * log_p.mean();
  EXPECT_NEAR(models::labelled_loss(logits, labels, context, 0.3).item<double>(), expected.item<double>(),
              1e-6);
}

class ClassifierParents : public testing::Test {
 protected:
  static std::vector<std::string> glyphs(const std::vector<std::string>& more) {
    return with({"data.source=glyphs", "data.limit=64", "data.size=16", "train.batch=16", "train.steps=4",
                 "train.threads=1"},
                more);
  }
  void parent(const std::string& model, const std::vector<std::string>& settings) const {
    train(*recipe_of(model, glyphs(with(find_model(model).tiny, settings))), folder_ / "parent", false, {});
  }
  void child(const std::string& out, const std::string& role, const std::vector<std::string>& more = {},
             bool resume = false) const {
    train(*recipe_of(
              "classifier",
              glyphs(with({"from." + role + "=" + (folder_ / "parent").string(), "train.steps=6"}, more))),
          folder_ / out, resume, {});
  }
  std::unique_ptr<belamy::Run> open(const std::string& name) const {
    return belamy::Run::open(folder_ / name, "cpu");
  }

  // What changed between the parent and its copy inside the child.
  std::set<std::string> changed(const std::string& name) const {
    const auto before = open("parent"), after = open(name);
    std::set<std::string> names;
    const auto now = after->model().named_parameters();
    for (const auto& item : before->model().named_parameters()) {
      const auto part = item.key().substr(0, item.key().find('.'));
      if (!same_bits(item.value(), now["from_start.parent." + item.key()])) names.insert(part);
    }
    return names;
  }

  const TestFolder folder_;
  const Tensor images_ = torch::rand({3, 1, 16, 16}) * 2 - 1;
};

TEST_F(ClassifierParents, AnEncoderIsTrainedFurtherAndItsDecoderIsNot) {
  parent("autoencoder", {});
  child("tuned", "start", {"optimizer.classifier.weight_decay=0.1"});
  EXPECT_EQ(changed("tuned"), (std::set<std::string>{"encoder"}));
  child("frozen", "start", {"model.frozen=true"});
  EXPECT_EQ(changed("frozen"), std::set<std::string>());
  EXPECT_TRUE(same_bits(open("frozen")->model().encoder()->encode(images_),
                        open("parent")->model().encoder()->encode(images_)));
  const auto before = open("tuned")->model().classifier()->classify(images_);
  std::filesystem::remove_all(folder_ / "parent");
  const auto run = open("tuned");
  EXPECT_TRUE(same_bits(run->model().classifier()->classify(images_), before));
  EXPECT_EQ(run->model().localiser()->class_maps(images_, torch::zeros({3}, torch::kLong)).sizes().vec(),
            (std::vector<std::int64_t>{3, 16, 16}));
}

TEST_F(ClassifierParents, ARunGoesOnToTheSameBits) {
  parent("autoencoder", {});
  const std::vector<std::string> average = {"optimizer.classifier.average=0.9"};
  child("whole", "start", average);
  child("halves", "start", with(average, {"train.steps=3"}));
  std::filesystem::remove_all(folder_ / "parent");
  child("halves", "start", average, true);
  EXPECT_TRUE(same_bits(open("whole")->model().classifier()->classify(images_),
                        open("halves")->model().classifier()->classify(images_)));
}

TEST_F(ClassifierParents, AnEnergyModelIsTrainedFurther) {
  parent("rbm", {"model.hidden=16"});
  child("tuned", "start");
  EXPECT_EQ(changed("tuned"), (std::set<std::string>{"machine"}));
}

TEST_F(ClassifierParents, TheMapsOfADiscriminatorTakeThePlaceOfConvolutions) {
  parent("dcgan", {});
  child("tuned", "maps");
  child("frozen", "maps", {"model.frozen=true"});
  const auto parent_run = open("parent"), frozen = open("frozen"), tuned = open("tuned");
  const auto seen = parent_run->model().featurizer()->features(images_).back();
  EXPECT_TRUE(at::allclose(frozen->model().encoder()->encode(images_), seen.mean({2, 3}), 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(tuned->model().encoder()->encode(images_), seen.mean({2, 3}), 1e-5, 1e-6));
  EXPECT_EQ(tuned->model().localiser()->class_maps(images_, torch::zeros({3}, torch::kLong)).size(1),
            seen.size(2));
}

TEST_F(ClassifierParents, MistakesAreAnswered) {
  const auto shape = shape_of(small_images(20));
  const auto refusal = [&](const std::vector<std::string>& settings) {
    return message_of(ExitCode::usage, [&] { check_recipe(*recipe_of("classifier", settings), shape); });
  };
  EXPECT_THAT(refusal({"model.frozen=true"}), HasSubstr("there is no parent whose weights could be kept"));
  EXPECT_THAT(refusal({"from.start=a", "from.maps=b"}), HasSubstr("one parent only"));
  EXPECT_THAT(refusal({"model.channels=[]"}), HasSubstr("needs convolutions"));
  parent("vae", {});
  EXPECT_THAT(message_of(ExitCode::usage, [&] { child("refused", "maps"); }),
              HasSubstr("cannot compute features of images"));
}

}  // namespace
}  // namespace belamy
