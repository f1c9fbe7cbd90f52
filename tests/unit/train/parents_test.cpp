// What a model takes from another run: handed over, kept with the run, left alone by the training; and mistakes.
#include "train/parents.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"
#include "belamy/run.h"
#include "belamy/trainer.h"

#include "small_training.h"

namespace belamy {
namespace {

using testing::HasSubstr;

struct StudentConfig : ModelConfig {
  void fields(Fields&) override {}
};

// A linear layer that learns the codes of its parent.
class Student final : public Model, public Encoder {
 public:
  Student(const DataShape& shape, const StudentConfig&, at::Generator generator, const Parents& parents)
      : teacher_(parents.at("teacher")->encoder()), features_(nullptr) {
    if (const auto given = parents.find("features"); given != parents.end())
      features_ = given->second->featurizer();
    layer_ = register_module("layer", std::make_shared<torch::nn::LinearImpl>(shape.values(), 4));
    const torch::NoGradGuard no_grad;
    layer_->weight.normal_(0, 0.01, generator);
    layer_->bias.zero_();
    add_player("student", {layer_});
  }
  void step(const Batch& batch, StepContext& context) override {
    const auto wanted = teacher_->encode(batch.data).flatten(1).detach();
    auto loss = (encode(batch.data) - wanted).square().mean();
    if (features_) loss = loss + 0 * features_->features(batch.data)[0].mean();
    context.record("loss/student", loss);
    context.update("student", loss);
  }
  Encoder* encoder() override { return this; }
  std::int64_t code_size() const override { return 4; }
  Tensor encode(const Tensor& x) override { return layer_->forward(x.flatten(1)); }
  Tensor taught(const Tensor& x) { return teacher_->encode(x); }

 private:
  Encoder* teacher_;
  Featurizer* features_;
  std::shared_ptr<torch::nn::LinearImpl> layer_;
};

[[maybe_unused]] const bool kKnown = [] {
  add_model(describe<Student, StudentConfig>(
      {.name = "student",
       .family = "autoencoder",
       .summary = "learns the codes of its parent",
       .paper = "none",
       .capabilities = {Capability::encoder},
       .players = {{"student", {.lr = 0.01}}},
       .parents = {{"teacher", Capability::encoder, "the run whose codes it learns", true},
                   {"features", Capability::featurizer, "a network trained elsewhere", false}}}));
  return true;
}();

class ParentsTest : public testing::Test {
 protected:
  ParentsTest() : folder_(scratch("belamy-parents")) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const auto recipe = recipe_of(
        "autoencoder", with(kTinyAutoencoder, {"data.source=glyphs", "data.limit=64", "data.size=16",
                                               "train.steps=4", "train.threads=1"}));
    train(*recipe, teacher(), false, {});
  }
  ~ParentsTest() override { fs::remove_all(folder_); }

  fs::path teacher() const { return folder_ / "teacher"; }
  std::unique_ptr<Recipe> student(const std::vector<std::string>& more = {}) const {
    return recipe_of("student",
                     with({"data.source=glyphs", "data.limit=64", "data.size=16", "train.batch=16",
                           "train.steps=6", "train.threads=1", "from.teacher=" + teacher().string()},
                          more));
  }
  std::string refusal(const std::vector<std::string>& settings) const {
    return message_of(ExitCode::usage, [&] { train(*student(settings), folder_ / "refused", false, {}); });
  }

  fs::path folder_;
};

TEST_F(ParentsTest, ARunIsCompleteWithoutItsParent) {
  train(*student(), folder_ / "student", false, {});
  const auto images = torch::rand({3, 1, 16, 16}) * 2 - 1;
  const auto expected = Run::open(teacher())->model().encoder()->encode(images);
  fs::remove_all(teacher());
  const auto run = Run::open(folder_ / "student");
  auto& model = dynamic_cast<Student&>(run->model());
  EXPECT_TRUE(same_bits(model.taught(images), expected)) << "the parent's averaged weights, untouched";
}

TEST_F(ParentsTest, ARunGoesOnWithoutItsParentToTheSameBits) {
  train(*student(), folder_ / "whole", false, {});
  train(*student({"train.steps=3"}), folder_ / "halves", false, {});
  fs::remove_all(teacher());
  train(*student(), folder_ / "halves", true, {});
  const auto images = torch::rand({3, 1, 16, 16}) * 2 - 1;
  EXPECT_TRUE(same_bits(Run::open(folder_ / "whole")->model().encoder()->encode(images),
                        Run::open(folder_ / "halves")->model().encoder()->encode(images)));
}

TEST_F(ParentsTest, MistakesAreAnswered) {
  EXPECT_THAT(refusal({"from.teacher="}), HasSubstr("student needs a parent: the run whose codes it learns"));
  EXPECT_THAT(refusal({"from.teacher=runs/nothing"}), HasSubstr("there is no such run"));
  EXPECT_THAT(refusal({"data.size=20"}), HasSubstr("was trained on data of another size"));
  EXPECT_THAT(refusal({"from.features=" + teacher().string()}),
              HasSubstr("cannot compute features of images"));
  EXPECT_THAT(refusal({"from.teachers=x"}), HasSubstr("from.teacher"));
}

TEST_F(ParentsTest, ANetworkTrainedElsewhereIsAParent) {
  if (!std::getenv("BELAMY_WEIGHTS")) GTEST_SKIP() << "BELAMY_WEIGHTS is not set: no weights of VGG16";
  train(*student({"from.features=vgg16-conv"}), folder_ / "student", false, {});
  const auto run = Run::open(folder_ / "student");
  EXPECT_EQ(run->recipe().parents.at("features"), "vgg16-conv");
}

}  // namespace
}  // namespace belamy
