#include "evaluate/judge_network.h"

#include <fmt/format.h>
#include <memory>
#include <torch/types.h>

#include "belamy/error.h"

#include "data/weights.h"
#include "nn/efficientnet_lite0.h"
#include "nn/inception.h"
#include "nn/trained.h"
#include "nn/vgg16.h"
#include "tensors/image_tensors.h"

namespace belamy {
namespace {

using torch::Tensor;

// Networks see more of small images when these are enlarged; one size for all keeps figures comparable.
constexpr std::int64_t kJudgedSide = 96;

Tensor judged_size(const Tensor& bytes) {
  return nn::resized(to_model_range(bytes), kJudgedSide, kJudgedSide);
}

std::string judged_resize() {
  return fmt::format("{0}x{0}, bilinear with antialiasing", kJudgedSide);
}

JudgeNetwork inception_judge(nn::Inception::Input input, torch::Device device) {
  const std::string name = "inception";
  const auto weights = read_weights(name);
  const auto path = weights.file.path.string();
  if (!is_published(weights, name))
    throw data_error(
        fmt::format("'{}' is not the published Inception network, so nothing measured with it may be "
                    "called FID, KID or Inception score",
                    path),
        fmt::format("move it away, and get the published file with 'belamy weights fetch {}'", name));
  const auto network = std::make_shared<nn::Inception>(weights.content, path, device);
  const bool as_tensorflow = input == nn::Inception::Input::tensorflow;
  return {
      .title = "Inception",
      .sha256 = published_digest(name),
      .resize = fmt::format("{0}x{0}, bilinear as {1}", nn::Inception::side,
                            as_tensorflow ? "TensorFlow 1 does it" : "PyTorch does it, align_corners=False"),
      .range = as_tensorflow ? "(x - 128) / 128" : "2 x / 255 - 1",
      .feature_count = nn::Inception::feature_count,
      .see = [=](const Tensor& bytes) { return network->features(nn::Inception::input(bytes, input)); },
      .logits = [=](const Tensor& features) { return network->unbiased_logits(features.to(device)).cpu(); }};
}

JudgeNetwork lite0_judge(torch::Device device) {
  const auto weights = read_weights("efficientnet-lite0");
  const auto network =
      std::make_shared<nn::EfficientNetLite0>(weights.content, weights.file.path.string(), device);
  return {.title = "EfficientNet-Lite0",
          .sha256 = weights.file.sha256,
          .resize = judged_resize(),
          .range = "(x - 127) / 128",
          .feature_count = nn::EfficientNetLite0::feature_count,
          .see = [=](const Tensor& bytes) { return network->features(judged_size(bytes)); },
          .logits = {}};
}

JudgeNetwork vgg16_judge(const std::string& name, torch::Device device) {
  const auto weights = read_weights(name);
  const auto network = std::make_shared<nn::Vgg16>(weights.content, weights.file.path.string(),
                                                   nn::Vgg16::Pooling::max, device);
  return {.title = "VGG16",
          .sha256 = weights.file.sha256,
          .resize = judged_resize(),
          .range = "[-1, 1]",
          .feature_count = 512,
          .see =
              [=](const Tensor& bytes) {
                return network->features(judged_size(bytes), {"relu5_3"})[0].mean({2, 3});
              },
          .logits = {}};
}

}  // namespace

JudgeNetwork judge_network(JudgeNetwork::Kind kind, const std::string& vgg16, torch::Device device) {
  switch (kind) {
    case JudgeNetwork::Kind::inception: return inception_judge(nn::Inception::Input::tensorflow, device);
    case JudgeNetwork::Kind::inception_of_pytorch:
      return inception_judge(nn::Inception::Input::pytorch, device);
    case JudgeNetwork::Kind::lite0: return lite0_judge(device);
    case JudgeNetwork::Kind::vgg16: break;
  }
  return vgg16_judge(vgg16, device);
}

}  // namespace belamy
