// The batches of a training set: order, labels, ranges.
#include <gmock/gmock.h>
#include <set>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "small_training.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "test_folder.h"
#include "train/optimizer_kernels.h"
#include "variable.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(BatchesTest, ByteImagesSurviveTheModelsRange) {
  const auto bytes = torch::arange(256).to(torch::kByte).view({1, 1, 16, 16});
  const auto range = to_model_range(bytes);
  EXPECT_EQ(range.min().item<float>(), -1);
  EXPECT_NEAR(range.max().item<float>(), 1, 1e-6);
  EXPECT_TRUE(to_bytes(range).equal(bytes));
  EXPECT_TRUE(to_bytes(torch::tensor({-3.f, 5.f})).equal(torch::tensor({0, 255}).to(torch::kByte)));
}

TEST(BatchesTest, PointsKeepTheirUnits) {
  const auto data = small_points(10);
  const auto batch = Batches(data, {}, 10, 1, kCpu).at(0);
  const auto all = torch::tensor(data.points).view({10, 2});
  EXPECT_TRUE(batch.data.equal(all.index_select(0, batch.indices)));
}

TEST(BatchesTest, EveryEpochIsAnotherPermutation) {
  const auto data = small_images(12);
  Batches batches(data, {}, 4, 1, kCpu);
  std::set<std::vector<std::int64_t>> orders;
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    std::vector<std::int64_t> order;
    for (std::int64_t k = 0; k < 3; ++k) {
      const auto indices = batches.at(3 * epoch + k).indices;
      for (std::int64_t i = 0; i < 4; ++i) order.push_back(indices[i].item<std::int64_t>());
    }
    EXPECT_EQ(std::set<std::int64_t>(order.begin(), order.end()).size(), 12u);
    orders.insert(order);
  }
  EXPECT_THAT(orders, SizeIs(5));
  EXPECT_DOUBLE_EQ(batches.epoch({6, 6 * 4, 4}), 2);
}

TEST(BatchesTest, ABatchDependsOnSeedAndNumberAlone) {
  const auto data = small_images(50);
  Batches forwards(data, {}, 8, 3, kCpu), direct(data, {}, 8, 3, kCpu), other(data, {}, 8, 4, kCpu);
  for (std::int64_t k = 0; k < 20; ++k) forwards.at(k);
  const auto a = forwards.at(13), b = direct.at(13), c = other.at(13);
  EXPECT_TRUE(a.indices.equal(b.indices));
  EXPECT_TRUE(a.data.equal(b.data));
  EXPECT_FALSE(a.indices.equal(c.indices));
}

// Moves the pixels of a set into files.
void move_to_disk(Dataset& set) {
  Pixels file(0);
  file.append(set.pixels.data(), set.pixels.size());
  set.pixels = std::move(file);
  for (auto& other : set.others) move_to_disk(other);
}

TEST(BatchesTest, DataOnDiskGiveTheSameBatches) {
  const TestFolder folder;
  const Variable cache("BELAMY_CACHE", folder.path());
  DataOptions plain, changed, labelled;
  changed.flip = changed.affine = true;
  labelled.labelled = 20;
  const std::vector<std::pair<Dataset, DataOptions>> all = {
      {small_images(40), plain},  {small_images(40, 16, 3), changed}, {small_images(200), labelled},
      {small_pairs(40), changed}, {small_domains(40), plain},         {small_matches(40), plain}};
  for (const auto& [data, options] : all) {
    auto stored = data;
    move_to_disk(stored);
    ASSERT_TRUE(stored.pixels.on_disk());
    Batches in_memory(data, options, 12, 1, kCpu), on_disk(std::move(stored), options, 12, 1, kCpu);
    // The last steps as a resumed run takes them, the others across several epochs.
    for (const std::int64_t step : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 3, 25}) {
      const auto a = in_memory.at(step), b = on_disk.at(step);
      for (const auto& [x, y] : {std::pair(&a.data, &b.data), std::pair(&a.partner.data, &b.partner.data),
                                 std::pair(&a.labelled.data, &b.labelled.data)}) {
        ASSERT_EQ(x->defined(), y->defined());
        EXPECT_TRUE(!x->defined() || x->equal(*y));
      }
      EXPECT_TRUE(a.indices.equal(b.indices));
    }
    EXPECT_TRUE(in_memory.head(7).equal(on_disk.head(7)));
  }
}

TEST(BatchesTest, LabelledBatchesShowOnlyTheChosenLabels) {
  const auto data = small_images(200);
  DataOptions five, six;
  five.labelled = six.labelled = 20;
  five.seed = 5;
  six.seed = 6;
  Batches batches(data, five, 16, 1, kCpu), other_choice(data, six, 16, 1, kCpu);
  std::set<std::int64_t> seen;
  std::map<std::int64_t, std::set<std::int64_t>> by_class;
  for (std::int64_t k = 0; k < 10; ++k) {
    const auto batch = batches.at(k);
    EXPECT_FALSE(batch.labels.defined()) << "a hidden label is given away";
    ASSERT_TRUE(batch.labelled.data.defined());
    const auto& known = batch.labelled;
    ASSERT_EQ(known.size(), 16);
    for (std::int64_t i = 0; i < 16; ++i) {
      const auto place = known.indices[i].item<std::int64_t>(), label = known.labels[i].item<std::int64_t>();
      EXPECT_EQ(label, data.labels[static_cast<std::size_t>(place)]);
      seen.insert(place);
      by_class[label].insert(place);
    }
  }
  EXPECT_THAT(seen, SizeIs(20));
  for (const auto& [label, places] : by_class) EXPECT_THAT(places, SizeIs(2)) << label;
  EXPECT_FALSE(other_choice.at(0).labelled.indices.equal(batches.at(0).labelled.indices));
  EXPECT_TRUE(other_choice.at(0).indices.equal(batches.at(0).indices)) << "the choice moves the other order";
}

TEST(BatchesTest, LabelsAreChosenOfTheClassesThatThereAre) {
  auto two = small_images(40);  // data.classes leaves the names of the others
  for (auto& label : two.labels) label = label % 2 == 0 ? 1 : 7;
  DataOptions options;
  options.labelled = 8;
  std::map<std::int64_t, std::set<std::int64_t>> by_class;
  Batches batches(two, options, 8, 1, kCpu);
  const auto known = batches.at(0).labelled;
  for (std::int64_t i = 0; i < 8; ++i)
    by_class[known.labels[i].item<std::int64_t>()].insert(known.indices[i].item<std::int64_t>());
  EXPECT_THAT(by_class, SizeIs(2));
  for (const auto& [label, places] : by_class) EXPECT_THAT(places, SizeIs(4)) << label;
}

TEST(BatchesTest, LabelsThatCannotBeChosenAreRefusedInWords) {
  const auto refused = [](const Dataset& data, std::int64_t labelled) -> std::string {
    try {
      DataOptions options;
      options.labelled = labelled;
      Batches(data, options, 4, 1, kCpu);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refused(small_images(40), 15), HasSubstr("data.labelled=15"));
  EXPECT_THAT(refused(small_images(40), 50), HasSubstr("does not have 5 examples of each class"));
  auto bare = small_images(40);
  bare.labels.clear();
  EXPECT_THAT(refused(bare, 10), HasSubstr("has no labels"));
}

TEST(BatchesTest, DataAndLabelsBelongToTheIndices) {
  const auto data = small_images(20, 16, 3);
  const auto batch = Batches(data, {}, 7, 1, kCpu).at(1);
  ASSERT_THAT(batch.data.sizes(), ElementsAre(7, 3, 16, 16));
  const auto all = to_model_range(data_tensor(data));
  EXPECT_TRUE(batch.data.equal(all.index_select(0, batch.indices)));
  for (std::int64_t i = 0; i < 7; ++i) {
    const auto index = static_cast<std::size_t>(batch.indices[i].item<std::int64_t>());
    EXPECT_EQ(batch.labels[i].item<std::int64_t>(), data.labels[index]);
  }
}

TEST(BatchesTest, TheLastBatchIsFilledFromTheNextEpoch) {
  const auto data = small_images(10);
  Batches tens(data, {}, 10, 1, kCpu), fours(data, {}, 4, 1, kCpu), long_ones(data, {}, 25, 1, kCpu);
  const auto endless = torch::cat({tens.at(0).indices, tens.at(1).indices, tens.at(2).indices});
  EXPECT_TRUE(fours.at(2).indices.equal(endless.narrow(0, 8, 4)));
  EXPECT_TRUE(long_ones.at(0).indices.equal(endless.narrow(0, 0, 25))) << "a batch may exceed the data";
}

TEST(BatchesTest, UnlabelledDataHasUndefinedLabels) {
  auto data = small_images(4);
  data.labels.clear();
  EXPECT_FALSE(Batches(data, {}, 2, 1, kCpu).at(0).labels.defined());
}

TEST(BatchesTest, TheHeadIsAtMostAllOfTheData) {
  const auto data = small_images(4);
  EXPECT_EQ(Batches(data, {}, 2, 1, kCpu).head(100).size(0), 4);
}

}  // namespace
}  // namespace belamy
