// What an evaluation says of few examples.
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <limits>
#include <map>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/trainer.h"

#include "data/weights.h"
#include "errors.h"
#include "evaluate/measure.h"
#include "pictures/grids.h"
#include "report/scores.h"
#include "small_training.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "test_folder.h"
#include "train/check.h"
#include "train/training_data.h"
#include "trained_networks.h"
#include "variable.h"

namespace belamy {
namespace {

using testing::HasSubstr;

TEST(JudgePasses, FollowTheSizeOfTheData) {
  EXPECT_EQ(judge_passes(60000), 3);
  EXPECT_EQ(judge_passes(5120), 30);  // 40 batches a pass: 1,200 steps
  EXPECT_EQ(judge_passes(40), 200);
  EXPECT_EQ(judge_passes(4), 200);
}

TEST(StandardError, IsToldWhereItIsKnown) {
  EXPECT_EQ(standard_error_of(torch::tensor({1.0, 3.0})), "standard error 1");
  EXPECT_EQ(standard_error_of(torch::tensor({1.0})), "one value, so no standard error");
  EXPECT_THAT(standard_error_of(torch::tensor({1.0, std::numeric_limits<double>::infinity()})),
              HasSubstr("not all values are finite"));
}

TEST(ReconstructionPicture, ShowsAShortLastRow) {
  // Originals at 0.2 and copies at -0.2: gray levels of which the background has none.
  const auto picture =
      reconstruction_picture(torch::full({20, 1, 8, 8}, 0.2), torch::full({20, 1, 8, 8}, -0.2), 16);
  std::int64_t originals = 0, copies = 0;
  for (const auto value : picture.pixels) {
    originals += value == 153;
    copies += value == 102;
  }
  EXPECT_EQ(originals, copies);
  EXPECT_EQ(originals % 20, 0);
  EXPECT_EQ(originals / 20, 8 * 8 * 4 * 4);  // enlarged by four
}

std::string refusal(const std::string& model, std::int64_t width, std::int64_t height,
                    const std::vector<std::string>& settings = {}) {
  const auto& info = find_model(model);
  auto data = info.relation == Relation::domains ? small_domains(20) : small_images(20);
  auto shape = shape_of(data);
  for (auto* each : {&shape, shape.others.empty() ? &shape : &shape.others[0]}) {
    each->width = width;
    each->height = height;
  }
  try {
    check_recipe(*recipe_of(model, settings), shape);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST(ImageSides, AreAskedForByModels) {
  EXPECT_THAT(refusal("dcgan", 20, 16),
              HasSubstr("dcgan takes square images, but those of 'glyphs' are 20x16"));
  EXPECT_THAT(refusal("dcgan", 8, 8), HasSubstr("at least 9 pixels a side, but those of 'glyphs' are 8x8"));
  EXPECT_THAT(refusal("dcgan", 8, 8), HasSubstr("set data.size=9 or above"));
  EXPECT_EQ(refusal("dcgan", 9, 9), "");
  EXPECT_THAT(refusal("cogan", 20, 16), HasSubstr("square images"));
  EXPECT_THAT(refusal("cyclegan", 15, 20), HasSubstr("at least 16 pixels a side"));
  EXPECT_EQ(refusal("cyclegan", 20, 16), "");
  EXPECT_THAT(refusal("dann", 12, 12), HasSubstr("at least 16 pixels a side"));
  EXPECT_EQ(refusal("vae", 7, 5), "");
  EXPECT_THAT(refusal("vae", 7, 5, {"model.network=convolutional"}), HasSubstr("square images"));
  EXPECT_THAT(refusal("vae", 7, 7, {"model.network=convolutional"}), HasSubstr("at least 8 pixels a side"));
}

TEST(ImageSides, OfTwoDomainsAreEqual) {
  auto shape = shape_of(small_domains(20));
  shape.others[0].width = 20;
  try {
    check_recipe(*recipe_of("cyclegan", {}), shape);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("images of one size, but those of the two domains are 16x16 and 20x16"));
  }
}

class MeasuredRun : public testing::Test {
 protected:
  void trained(const std::string& model, const std::vector<std::string>& settings) {
    train(*recipe_of(model, with(find_model(model).tiny,
                                 with({"train.threads=1", "train.batch=16", "train.steps=2"}, settings))),
          folder_ / "run", false, {});
  }
  double score(const std::string& measure, const std::vector<std::string>& use = {}) const {
    const auto run = Run::open(folder_ / "run", "cpu", {}, use);
    const auto found = evaluate(*run, {.samples = 100, .measures = {measure}}, [](const std::string&) {});
    EXPECT_EQ(found.scores.size(), 1u);
    return found.scores.at(0).value;
  }

  const TestFolder folder_;
};

// The same coarse samples, with the details of untrained networks and without.
TEST_F(MeasuredRun, SharpnessIsThatOfTheDetails) {
  trained("lapgan", {"data.source=glyphs", "data.limit=64", "data.size=16", "model.base=8"});
  const auto all = score("sharpness");
  EXPECT_GT(all, 0);
  EXPECT_EQ(score("sharpness", {"use.levels=2"}), all);
  EXPECT_NE(score("sharpness", {"use.levels=1"}), all);
}

TEST_F(MeasuredRun, CaptionVarianceIsThatOfTheDraws) {
  trained("stackgan", {"data.source=glyphs-captions", "data.limit=64", "data.size=16", "model.latent=1",
                       "model.augment_condition=false"});
  EXPECT_GT(score("caption-variance"), 0);
  EXPECT_LT(score("caption-variance"), 0.25);  // that of black and white
}

TEST_F(MeasuredRun, MixedStylesShowOneSourceOrTheOther) {
  trained("stylegan", {"data.source=glyphs-captions", "data.limit=64", "data.size=16"});
  const auto run = Run::open(folder_ / "run", "cpu");
  const auto found =
      evaluate(*run, {.samples = 100, .measures = {"style-mixing"}}, [](const std::string&) {});
  std::map<std::string, double> scores;
  for (const auto& each : found.scores) scores[each.key] = each.value;
  for (const auto* third : {"coarse", "middle", "fine"}) {
    const auto mixed = fmt::format("mixed-class:{}", third), kept = fmt::format("kept-class:{}", third);
    ASSERT_EQ(scores.count(mixed) + scores.count(kept), 2u) << third;
    EXPECT_GE(std::min(scores[mixed], scores[kept]), 0) << third;
    EXPECT_LE(scores[mixed] + scores[kept], 1) << third;
  }
  EXPECT_TRUE(scores.count("mixed-attributes:fine"));
}

TEST_F(MeasuredRun, AModelWithOneLatentHasNothingToMix) {
  trained("dcgan", {"data.source=glyphs", "data.limit=64", "data.size=16"});
  const auto run = Run::open(folder_ / "run", "cpu");
  const auto take = [&] { evaluate(*run, {.measures = {"style-mixing"}}, [](const std::string&) {}); };
  EXPECT_THAT(message_of(ExitCode::data, take), HasSubstr("one latent for the whole image"));
}

TEST_F(MeasuredRun, LocalisationIsMeasuredWhereBoxesAreKnown) {
  trained("classifier", {"data.source=cluttered", "data.limit=64", "data.size=32"});
  const auto run = Run::open(folder_ / "run", "cpu");
  const auto found = evaluate(*run, {}, [](const std::string&) {});
  std::map<std::string, double> scores;
  for (const auto& each : found.scores) scores[each.key] = each.value;
  for (const auto* key : {"localisation-iou", "localisation-iou-50", "localisation-iou-30"}) {
    ASSERT_EQ(scores.count(key), 1u) << key;
    EXPECT_GE(scores[key], 0) << key;
    EXPECT_LE(scores[key], 1) << key;
  }
  EXPECT_GT(scores["localisation-iou"], 0);
  EXPECT_LE(scores["localisation-iou-50"], scores["localisation-iou-30"]);
}

TEST_F(MeasuredRun, DisentanglementIsThatOfTheKnownFactors) {
  trained("vae", {"data.source=sprites", "data.limit=300", "model.tc_weight=4"});
  const auto run = Run::open(folder_ / "run", "cpu");
  const auto found = evaluate(*run, {.measures = {"disentanglement"}}, [](const std::string&) {});
  ASSERT_EQ(found.scores.size(), 6u);
  for (const auto& score : found.scores) {
    EXPECT_GE(score.value, 0) << score.key;
    EXPECT_LE(score.value, 1) << score.key;
  }
  EXPECT_EQ(found.scores[0].key, "mig");
  EXPECT_THAT(found.scores[0].note, HasSubstr("4,608 codes: class"));
  EXPECT_THAT(found.scores[2].note, HasSubstr("chance is 0.200"));
}

TEST_F(MeasuredRun, DisentanglementNeedsAttributes) {
  trained("vae", {"data.source=glyphs", "data.limit=64"});
  EXPECT_THROW(score("disentanglement"), Error);
}

// Inception with numbers of the test's choosing, which says that it is the published file; a handful of images.
class MeasuredByInception : public MeasuredRun {
 protected:
  MeasuredByInception() {
    std::uint32_t state = 1;
    for (const std::string split : {"train", "test"}) {
      fs::create_directories(folder_ / "data" / split / "x");
      for (int i = 0; i < 10; ++i) {
        std::string image = "P5 16 16 255\n";
        for (int k = 0; k < 256; ++k)
          image += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
        write_atomically(Env::real(), folder_ / "data" / split / "x" / (std::to_string(i) + ".pgm"), image);
      }
    }
    trained("gan", {"data.source=" + (folder_ / "data").string()});
  }

  void put_weights(const std::string& digest) const {
    fs::create_directories(folder_ / "weights");
    write_atomically(Env::real(), folder_ / "weights/inception.safetensors",
                     TrainedFile(NetworkKind::inception, true).bytes({{"source_sha256", digest}}));
  }
  std::vector<RunScore> scores(const std::vector<std::string>& measures) const {
    const auto run = Run::open(folder_ / "run", "cpu");
    return evaluate(*run, {.samples = 12, .measures = measures}, [](const std::string&) {}).scores;
  }
  std::string refusal(const std::vector<std::string>& measures) const {
    return message_of(ExitCode::data, [&] { scores(measures); });
  }

 private:
  const Variable weights_{"BELAMY_WEIGHTS", folder_ / "weights"};
};

TEST_F(MeasuredByInception, FidTellsWhatItDependsOn) {
  put_weights(published_digest("inception"));
  const auto found = scores({"fid", "is"});
  ASSERT_EQ(found.size(), 3u);
  const auto entry = [](const RunScore& score, const std::string& name) {
    for (const auto& [key, value] : score.passport)
      if (key == name) return value;
    return std::string();
  };
  EXPECT_EQ(found[0].key, "fid");
  EXPECT_GT(found[0].value, 0);
  EXPECT_THAT(found[0].note, HasSubstr("too few images to trust: 10 for 2048 features"));
  EXPECT_EQ(entry(found[0], "network"), published_digest("inception"));
  EXPECT_EQ(entry(found[0], "samples"), "12");
  EXPECT_EQ(entry(found[0], "examples"), "10");
  EXPECT_EQ(found[1].key, "is");
  EXPECT_GE(found[1].value, 1);
  EXPECT_EQ(entry(found[1], "parts"), "10 parts, seed 2020");
  EXPECT_EQ(entry(found[1], "examples"), "") << "only samples count";
  EXPECT_EQ(found[2].key, "is-deviation");
  const auto other = judge_network(JudgeNetwork::Kind::inception_of_pytorch, "", torch::kCPU);
  EXPECT_NE(entry(found[0], "resize"), other.resize) << "the two kinds of FID cannot be compared";
  EXPECT_NE(entry(found[0], "range"), other.range);
}

TEST_F(MeasuredByInception, OnlyThePublishedFileIsCalledSo) {
  EXPECT_THAT(refusal({"fid"}), HasSubstr("'belamy weights fetch inception' downloads them"));
  put_weights("another");
  for (const std::string measure : {"fid", "fid-pytorch", "kid", "is"})
    EXPECT_THAT(refusal({measure}), HasSubstr("is not the published Inception network"));
}

TEST(HeatColours, GoFromBlackOverRedAndYellowToWhite) {
  const auto values = torch::tensor({0.0, 1.0, 2.0, 3.0, 9.0}).view({5, 1, 1, 1});
  const auto colours = heat_colours(values, 3).view({5, 3});
  EXPECT_TRUE(at::allclose(
      colours,
      torch::tensor(
          {{-1.0, -1.0, -1.0}, {1.0, -1.0, -1.0}, {1.0, 1.0, -1.0}, {1.0, 1.0, 1.0}, {1.0, 1.0, 1.0}})));
  EXPECT_TRUE(heat_colours(torch::zeros({1, 1, 2, 2}), 0).eq(-1).all().item<bool>());
}

TEST_F(MeasuredRun, OutliersAreImagesOfOtherClasses) {
  trained("vae", {"data.source=glyphs", "data.size=16", "data.limit=64", "data.classes=[\"I\", \"l\"]",
                  "train.steps=60"});
  const auto run = Run::open(folder_ / "run", "cpu");
  const auto found = evaluate(*run, {.samples = 100, .measures = {"outlier-auc"}}, [](const std::string&) {});
  ASSERT_EQ(found.scores.size(), 3u);
  EXPECT_EQ(found.scores[0].key, "outlier-auc:scorer");
  EXPECT_EQ(found.scores[1].key, "outlier-auc:density");
  EXPECT_EQ(found.scores[2].key, "outlier-auc:reconstruction");
  for (const auto& score : found.scores)
    EXPECT_GT(score.value, 0.6) << score.key;  // by far the thinnest letters
  // The area by its definition.
  auto options = run->recipe().data;
  options.classes.clear();
  const auto set = load_dataset(options, Split::test);
  const auto wanted = class_numbers({"I", "l"}, set.class_names, set.name);
  const auto labels = torch::tensor(set.labels);
  const auto usual = (labels == wanted[0]).logical_or(labels == wanted[1]);
  const auto x = to_model_range(data_tensor(set));
  const auto error = (run->model().reconstructor()->reconstruct(x) - x).square().flatten(1).sum(1);
  const auto high = error.masked_select(~usual).unsqueeze(1), low = error.masked_select(usual);
  EXPECT_NEAR(found.scores[2].value, (high > low).to(torch::kDouble).mean().item<double>(), 1e-3);
}

TEST_F(MeasuredRun, WithoutUsualClassesThereAreNoOutliers) {
  trained("autoencoder", {"data.source=glyphs", "data.size=16", "data.limit=64"});
  const auto run = Run::open(folder_ / "run", "cpu");
  const auto nothing = [](const std::string&) {};
  for (const auto& score : evaluate(*run, {.samples = 100}, nothing).scores)
    EXPECT_FALSE(score.key.starts_with("outlier-auc")) << score.key;
  EXPECT_THAT(message_of(ExitCode::data,
                         [&] { evaluate(*run, {.samples = 100, .measures = {"outlier-auc"}}, nothing); }),
              HasSubstr("trained on all classes"));
}

}  // namespace
}  // namespace belamy
