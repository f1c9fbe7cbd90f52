// Models of captions: StackGAN and the embedding of pictures and texts.
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "belamy/run.h"
#include "belamy/trainer.h"

#include "data/captions.h"
#include "models/shared/captions.h"
#include "objectives/similarity.h"
#include "small_training.h"
#include "tensors/dataset_tensors.h"

namespace belamy {
namespace {

using models::word_counts;
using testing::HasSubstr;

// Dark and bright pictures, each with a caption that says which.
Dataset light_and_dark(std::int64_t count, std::int64_t side = 16) {
  Dataset data{.name = "light", .count = count, .channels = 1, .height = side, .width = side};
  Random random(3);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t p = 0; p < side * side; ++p)
      data.pixels.push_back(static_cast<std::uint8_t>((i % 2 ? 200 : 20) + random.below(30)));
    data.captions.push_back(i % 2 ? "a bright picture" : "dark");
  }
  return data;
}

Tensor texts(const std::vector<std::string>& captions, Session& session) {
  return caption_tensor(captions, session.state().shape().vocabulary);
}

std::unique_ptr<Recipe> stackgan(const std::vector<std::string>& more = {}) {
  return recipe_of("stackgan", with(find_model("stackgan").tiny, with({"train.batch=16"}, more)));
}

// Two stages of 4 steps each.
std::unique_ptr<Recipe> staged() {
  std::string text = "[model]\nname = \"stackgan\"\n[train]\nbatch = 8\n";
  for (const char* stage : {"first", "second"})
    text += fmt::format("[[stage]]\nname = \"{}\"\nsteps = 4\n", stage);
  return Recipe::parse(text, "the test", find_model("stackgan").tiny);
}

TEST(WordCounts, CountWithoutPadding) {
  const auto counts = word_counts(torch::tensor({{2, 3, 2, 0}, {1, 0, 0, 0}}), 5);
  EXPECT_TRUE(counts.equal(torch::tensor({{0.0F, 2.0F, 1.0F, 0.0F}, {1.0F, 0.0F, 0.0F, 0.0F}})));
}

TEST(UnknownWords, AreThoseOfNoCaption) {
  const auto vocabulary = vocabulary_of({"a red A", "blue"});
  EXPECT_THAT(unknown_words("A RED, huge thing", vocabulary), testing::ElementsAre("huge", "thing"));
  EXPECT_THAT(unknown_words("blue", vocabulary), testing::IsEmpty());
}

TEST(Stackgan, EachStagePlaysItsOwnGame) {
  const auto recipe = staged();
  Session session(*recipe, light_and_dark(40), kCpu);
  const auto weights = [&](const char* player) {
    return copies_of(session.state().player(player).parameters());
  };
  const auto one = weights("generator-1"), two = weights("generator-2");
  run_steps(session, 4);
  EXPECT_FALSE(all_same_bits(weights("generator-1"), one));
  EXPECT_TRUE(all_same_bits(weights("generator-2"), two));
  const auto learned = weights("generator-1");
  run_steps(session, 4);
  EXPECT_TRUE(all_same_bits(weights("generator-1"), learned))
      << "the second stage must not change the first generator";
  EXPECT_FALSE(all_same_bits(weights("generator-2"), two));
}

TEST(Stackgan, InItsFirstStageSamplesAreTheSmallPictures) {
  const auto recipe = staged();
  Session session(*recipe, light_and_dark(40), kCpu);
  const auto is_small = [&] {
    const ModelState::Evaluation evaluation(session.state());
    const auto made = session.state().model().sampler()->sample({4, seeded(1)});
    const auto blocks = made.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4);  // of 2x2 pixels
    return (std::get<0>(blocks.max(4)) - std::get<0>(blocks.min(4))).abs().max().item<double>() == 0;
  };
  run_steps(session, 2);
  EXPECT_TRUE(is_small());
  run_steps(session, 3);
  EXPECT_FALSE(is_small());
}

TEST(Stackgan, TheSecondPictureIsMadeOfTheFirst) {
  const auto recipe = stackgan({"model.augment_condition=false", "optimizer.generator.lr=0.002"});
  Session session(*recipe, light_and_dark(40), kCpu);
  run_steps(session, 60);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  SampleRequest request{3, seeded(1)};
  request.condition.captions = texts({"dark", "dark", "a bright picture"}, session);
  const auto made = model.sampler()->sample(request);
  // A latent is the noise, then the caption's code: without augmentation the two make the sample.
  const auto noise = torch::randn({3, 8}, seeded(1));
  const auto codes = word_counts(request.condition.captions, std::ssize(session.state().shape().vocabulary));
  EXPECT_TRUE(at::allclose(model.decoder()->decode(at::cat({noise, codes}, 1)), made, 1e-5, 1e-6));
  EXPECT_GT(made.abs().mean().item<double>(), 0.02);
  for (auto weight : session.state().player("generator-1").parameters()) weight.zero_();
  EXPECT_GT(difference(model.decoder()->decode(at::cat({noise, codes}, 1)), made), 0.002);
}

TEST(Stackgan, LearnsWhatATextAsksFor) {
  const auto recipe = stackgan({"optimizer.generator.lr=0.002", "optimizer.discriminator.lr=0.002"});
  Session session(*recipe, light_and_dark(64), kCpu);
  run_steps(session, 350);
  bool recorded = false;
  for (const auto& [name, value] : session.take_records())
    recorded = recorded || name == "loss/wrong-pairs-2";
  EXPECT_TRUE(recorded);
  const ModelState::Evaluation evaluation(session.state());
  const auto light_of = [&](const std::string& caption) {
    SampleRequest request{16, seeded(1)};
    request.condition.captions = texts({caption}, session).repeat({16, 1});
    return session.state().model().sampler()->sample(request).mean().item<double>();
  };
  EXPECT_GT(light_of("a bright picture") - light_of("dark"), 0.7);
}

TEST(Stackgan, WithoutATextItShowsWhatTheDataSay) {
  const auto recipe = stackgan();
  Session session(*recipe, light_and_dark(64), kCpu);
  run_steps(session, 3);
  const ModelState::Evaluation evaluation(session.state());
  auto* decoder = session.state().model().decoder();
  const auto codes = decoder->draw_latent(200, seeded(1)).narrow(1, 8, decoder->latent_size() - 8);
  const auto words = codes.sum(1);
  EXPECT_TRUE(((words == 1) | (words == 3)).all().item<bool>()) << "codes of the two captions";
  EXPECT_NEAR((words == 1).to(torch::kFloat).mean().item<double>(), 0.5, 0.15);
}

class TextParentTest : public testing::Test {
 protected:
  TextParentTest() : folder_(scratch("belamy-texts")) {
    fs::remove_all(folder_);
    const auto recipe = recipe_of("joint-embedding",
                                  with(find_model("joint-embedding").tiny, with(kData, {"train.steps=4"})));
    train(*recipe, folder_ / "texts", false, {});
  }
  ~TextParentTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Recipe> student(const std::vector<std::string>& more = {}) const {
    return stackgan(with(kData, with({"train.steps=2", "from.text=" + (folder_ / "texts").string()}, more)));
  }

  const std::vector<std::string> kData = {"data.source=glyphs-captions", "data.limit=64", "data.size=16",
                                          "train.threads=1", "train.batch=16"};
  fs::path folder_;
};

TEST_F(TextParentTest, ARunMayEncodeTexts) {
  train(*student(), folder_ / "pictures", false, {});
  fs::remove_all(folder_ / "texts");
  const auto run = Run::open(folder_ / "pictures");
  EXPECT_EQ(run->model().decoder()->latent_size(), 8 + 16) << "the length of the parent's codes";
  SampleRequest request{2, seeded(1)};
  request.condition.captions = caption_tensor({"a red A", "blue"}, run->shape().vocabulary);
  EXPECT_EQ(run->model().sampler()->sample(request).sizes(), (std::vector<std::int64_t>{2, 3, 16, 16}));
}

TEST_F(TextParentTest, ItsWordsMustBeThoseOfTheData) {
  EXPECT_THAT(message_of(ExitCode::usage,
                         [&] { train(*student({"data.limit=40"}), folder_ / "refused", false, {}); }),
              HasSubstr("was trained on captions with other words"));
}

TEST(JointEmbedding, FindsThePictureOfACaption) {
  for (const char* text : {"words", "gru"}) {
    for (const char* loss : {"cross-entropy", "hinge"}) {
      SCOPED_TRACE(fmt::format("{}, {}", text, loss));
      const auto recipe = recipe_of(
          "joint-embedding", with(find_model("joint-embedding").tiny,
                                  {fmt::format("model.text={}", text), fmt::format("model.loss={}", loss),
                                   "train.batch=8", "optimizer.embedding.lr=0.003"}));
      Session session(*recipe, light_and_dark(40), kCpu);
      run_steps(session, 60);
      const ModelState::Evaluation evaluation(session.state());
      auto& model = session.state().model();
      const auto pictures = model.encoder()->encode(session.batches().head(8));
      const auto codes = model.text_encoder()->encode_text(texts({"dark", "a bright picture"}, session));
      const auto nearer = at::mm(pictures, codes.t()).argmax(1);
      EXPECT_TRUE(nearer.equal(torch::arange(8) % 2)) << nearer;
    }
  }
}

TEST(PartnerLosses, AreThoseOfTheFormulas) {
  const auto a = torch::tensor({{3.0, 0.0}, {0.0, 2.0}}), b = torch::tensor({{1.0, 1.0}, {0.0, 4.0}});
  // Cosines: a1 b1 = a2 b1 = 1/sqrt(2), a1 b2 = 0, a2 b2 = 1; scale 2.
  const double s = std::sqrt(2.0), e1 = std::exp(s), e0 = 1, e2 = std::exp(2.0);
  const double forth = -std::log(e1 / (e1 + e0)) - std::log(e2 / (e1 + e2));
  const double back = -std::log(e1 / (e1 + e1)) - std::log(e2 / (e0 + e2));
  EXPECT_NEAR(objectives::partner_cross_entropy(a, b, 2).item<double>(), (forth + back) / 4, 1e-6);
  // Scores a b^T = [[3, 0], [2, 8]]. Of captions: 1 + 0 - 3 < 0, 1 + 2 - 8 < 0; of pictures: 1 + 2 - 3 = 0, 1 + 0 - 8 < 0.
  EXPECT_NEAR(objectives::partner_hinge(a, b).item<double>(), 0, 1e-6);
  // Scores [[0, 3], [8, 2]]: 1 + 3 - 0, 1 + 8 - 2; 1 + 8 - 0, 1 + 3 - 2; mean of four.
  EXPECT_NEAR(objectives::partner_hinge(a, b.flip(0)).item<double>(), (4 + 7 + 9 + 2) / 4.0, 1e-6);
}

}  // namespace
}  // namespace belamy
