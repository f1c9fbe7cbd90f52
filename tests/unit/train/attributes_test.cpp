// Attributes and captions on their way from a data set to batches, checkpoints and samplers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/captions.h"
#include "small_data.h"
#include "tensors/dataset_tensors.h"
#include "train/batches.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Bars whose attributes and caption tell their place in the set.
Dataset told_images(std::int64_t count) {
  auto data = small_images(count);
  data.attribute_names = {"odd", "place"};
  for (std::int64_t i = 0; i < count; ++i) {
    data.attributes.push_back(static_cast<float>(i % 2));
    data.attributes.push_back(static_cast<float>(i));
    data.captions.push_back(i % 2 ? fmt::format("An odd bar number{}", i) : "a bar");
  }
  return data;
}

void expect_own_facts(const Examples& examples, const Dataset& data) {
  const auto n = examples.size();
  ASSERT_THAT(examples.attributes.sizes(), ElementsAre(n, 2));
  EXPECT_EQ(examples.attributes.scalar_type(), torch::kFloat);
  EXPECT_TRUE(examples.attributes.select(1, 1).to(torch::kLong).equal(examples.indices));
  EXPECT_TRUE(examples.attributes.select(1, 0).to(torch::kLong).equal(examples.indices % 2));
  const auto vocabulary = vocabulary_of(data.captions);
  ASSERT_THAT(examples.captions.sizes(), ElementsAre(n, 4));
  EXPECT_EQ(examples.captions.scalar_type(), torch::kLong);
  for (std::int64_t i = 0; i < n; ++i) {
    std::string text;
    for (std::int64_t w = 0; w < 4; ++w) {
      const auto number = examples.captions[i][w].item<std::int64_t>();
      text += (number > 0 && w > 0 ? " " : "") + vocabulary.at(static_cast<std::size_t>(number));
    }
    const auto place = examples.indices[i].item<std::int64_t>();
    EXPECT_EQ(text, place % 2 ? fmt::format("an odd bar number{}", place) : "a bar");
  }
}

TEST(AttributesOfBatches, BelongToTheIndices) {
  const auto data = told_images(20);
  Batches batches(data, {}, 7, 1, kCpu);
  for (std::int64_t k = 0; k < 3; ++k) expect_own_facts(batches.at(k), data);
  EXPECT_THAT(batches.shape().attributes, ElementsAre("odd", "place"));
  EXPECT_THAT(batches.shape().vocabulary, testing::SizeIs(2 + 4 + 10));
}

TEST(AttributesOfBatches, AreUndefinedWithoutAny) {
  const auto batch = Batches(small_images(4), {}, 2, 1, kCpu).at(0);
  EXPECT_FALSE(batch.attributes.defined());
  EXPECT_FALSE(batch.captions.defined());
  EXPECT_FALSE(attribute_tensor(small_images(4)).defined());
}

TEST(AttributesOfBatches, AreHiddenWhereLabelsAre) {
  const auto data = told_images(40);
  DataOptions options;
  options.labelled = 20;
  const auto some = Batches(data, options, 8, 1, kCpu).at(0);
  EXPECT_FALSE(some.attributes.defined());
  EXPECT_FALSE(some.captions.defined());
  expect_own_facts(some.labelled, data);

  auto pairs = data;
  pairs.others = {data};
  const auto domains = Batches(pairs, {}, 8, 1, kCpu).at(0);
  expect_own_facts(domains, data);
  EXPECT_FALSE(domains.partner.attributes.defined()) << "what a target shows must not leak";
  pairs.paired = true;
  const auto paired = Batches(pairs, {}, 8, 1, kCpu).at(0);
  expect_own_facts(paired.partner, data);
  EXPECT_TRUE(paired.partner.attributes.equal(paired.attributes));
}

TEST(AttributesOfCheckpoints, NamesAndWordsAreKept) {
  auto data = told_images(40);
  data.attribute_names = {"odd", "na\xefve, \"quoted\""};  // not UTF-8
  data.others = {told_images(4)};
  data.others[0].attribute_names = {"x", "y"};
  const auto recipe = recipe_of(
      "cyclegan", {"model.width=2", "model.blocks=1", "model.discriminator_layers=1", "train.batch=2"});
  const auto saved = Session(*recipe, data, kCpu).save();
  const auto shape = ModelState::shape_in(saved.metadata, "the checkpoint");
  EXPECT_THAT(shape.attributes, ElementsAre("odd", "na\xef\xbf\xbdve, \"quoted\""));
  EXPECT_EQ(shape.vocabulary, vocabulary_of(data.captions));
  ASSERT_THAT(shape.others, testing::SizeIs(1));
  EXPECT_THAT(shape.others[0].attributes, ElementsAre("x", "y"));
  // A checkpoint of data without any says nothing of them, as those of earlier versions.
  const auto plain_recipe = recipe_of("gan", {"model.generator=[4]"});
  const auto plain = Session(*plain_recipe, small_images(8), kCpu).save();
  EXPECT_EQ(plain.metadata.count("attributes") + plain.metadata.count("vocabulary"), 0u);
  EXPECT_THAT(ModelState::shape_in(plain.metadata, "the checkpoint").attributes, IsEmpty());
}

// Gives back what it was asked for.
class Echo : public Sampler {
 public:
  Tensor sample(const SampleRequest& request) override {
    counts.push_back(request.count);
    const auto& asked = request.condition;
    return torch::cat(
        {asked.labels.unsqueeze(1).to(torch::kFloat), asked.attributes, asked.captions.to(torch::kFloat)}, 1);
  }
  std::vector<std::int64_t> counts;
};

TEST(AttributesOfRequests, EachPartOfALongOneGetsItsRows) {
  const std::int64_t n = 600;
  SampleRequest request{n, seeded(1)};
  request.condition.labels = torch::arange(n);
  request.condition.attributes = torch::arange(2 * n, torch::kFloat).view({n, 2});
  request.condition.captions = torch::arange(3 * n).view({n, 3});
  Echo echo;
  const auto drawn = draw(echo, request);
  EXPECT_GT(echo.counts.size(), 1u);
  const auto wanted = torch::cat({request.condition.labels.unsqueeze(1).to(torch::kFloat),
                                  request.condition.attributes, request.condition.captions.to(torch::kFloat)},
                                 1);
  EXPECT_TRUE(drawn.equal(wanted));
}

}  // namespace
}  // namespace belamy
