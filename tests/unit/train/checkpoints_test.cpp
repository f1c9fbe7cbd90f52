// Checkpoints: what is loaded, and what is refused.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "small_training.h"
#include "tensors/arrays.h"
#include "train/optimizer_kernels.h"

namespace belamy {
namespace {

using testing::HasSubstr;

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { run_steps(session_, 3); }

  // A load that must fail and change nothing; its message.
  std::string refused(const Safetensors& file) {
    const auto before = checkpoint_of(session_);
    const auto text = message_of(ExitCode::storage, [&] { session_.load(file, "the checkpoint"); });
    EXPECT_TRUE(checkpoint_of(session_) == before) << "a refused checkpoint changed the session";
    EXPECT_THAT(text, testing::StartsWith("the checkpoint: "));
    return text;
  }
  // The session's own checkpoint, one step further, for the tests to damage.
  Safetensors own() {
    Session further(*recipe_, data_, kCpu);
    run_steps(further, 4);
    return read_checkpoint(checkpoint_of(further));
  }
  Safetensors of(const std::string& model, const std::vector<std::string>& settings) {
    const auto recipe = recipe_of(model, settings);
    return read_checkpoint(checkpoint_of(Session(*recipe, data_, kCpu)));
  }

  const Dataset data_ = small_images(64);
  const std::unique_ptr<Recipe> recipe_ = recipe_of("gan", kTinyGan);
  Session session_{*recipe_, data_, kCpu};
};

TEST_F(CheckpointTest, AWholeOneIsLoaded) {
  const auto file = own();
  session_.load(file, "the checkpoint");
  EXPECT_EQ(session_.step(), 4);
  EXPECT_TRUE(checkpoint_of(session_) == file.bytes);
}

TEST_F(CheckpointTest, AnotherModelsIsRefused) {
  EXPECT_THAT(refused(of("autoencoder", kTinyAutoencoder)),
              HasSubstr("holds the model autoencoder, but the settings name gan"));
}

TEST_F(CheckpointTest, AMissingArrayIsNamed) {
  for (const auto* name : {"model/generator.0.weight", "optimizer/generator/first", "random/generator"}) {
    auto file = own();
    ASSERT_EQ(file.arrays.erase(name), 1u) << name;
    EXPECT_THAT(refused(file), HasSubstr(std::string("'") + name + "' is missing"));
  }
}

TEST_F(CheckpointTest, ASuperfluousArrayIsNamed) {
  auto file = own();
  file.arrays["model/nothing"] = file.arrays.begin()->second;
  EXPECT_THAT(refused(file), HasSubstr("'model/nothing'"));
}

TEST_F(CheckpointTest, OtherShapesAreToldApart) {
  const auto text = refused(of("gan", with(kTinyGan, {"model.latent=5"})));
  EXPECT_THAT(text, HasSubstr("'model/generator.0.weight' is Float [16, 5]"));
  EXPECT_THAT(text, HasSubstr("Float [16, 4]"));
}

TEST_F(CheckpointTest, ValuesThatAreNotFiniteAreRefused) {
  auto file = own();
  auto array = file.arrays.at("model/discriminator.1.weight");
  array_tensor(array).view({-1})[7] = kNan;
  EXPECT_THAT(refused(file), HasSubstr("'model/discriminator.1.weight' holds a value that is not finite"));
}

TEST_F(CheckpointTest, AForeignRandomStateIsRefused) {
  auto file = own();
  auto& state = file.arrays.at("random/generator");
  state.shape = {3};
  state.bytes = 3;
  EXPECT_THAT(refused(file), HasSubstr("'random/generator'"));
}

// A run is opened on machines with other generators than the one that trained it.
TEST_F(CheckpointTest, WeightsNeedNoRandomState) {
  auto file = own();
  auto& state = file.arrays.at("random/generator");
  state.shape = {3};
  state.bytes = 3;
  session_.state().load_weights(file, "the checkpoint");
  const auto& weight = file.arrays.at("model/generator.0.weight");
  EXPECT_TRUE(
      torch::equal(session_.state().model().named_parameters()["generator.0.weight"], array_tensor(weight)));
}

TEST_F(CheckpointTest, MetadataWithoutNumbersIsRefused) {
  for (const auto* key : {"step", "updates.generator"}) {
    for (const auto* value : {"", "many", "-1", "99999999999999999999"}) {
      auto file = own();
      file.metadata[key] = value;
      EXPECT_THAT(refused(file), HasSubstr(key)) << value;
    }
    auto file = own();
    file.metadata.erase(key);
    EXPECT_THAT(refused(file), HasSubstr(key));
  }
}

}  // namespace
}  // namespace belamy
