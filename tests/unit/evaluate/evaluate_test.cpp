// What an evaluation says of few examples.
#include <gmock/gmock.h>
#include <limits>
#include <map>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/trainer.h"

#include "evaluate/measure.h"
#include "pictures/grids.h"
#include "small_training.h"
#include "tensors/dataset_tensors.h"
#include "test_folder.h"
#include "train/check.h"
#include "train/training_data.h"

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

}  // namespace
}  // namespace belamy
