#include "evaluate/judge_classifier.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>
#include <utility>

#include "belamy/error.h"

#include "core/env.h"
#include "core/sha256.h"
#include "core/text.h"
#include "store/safetensors.h"
#include "tensors/arrays.h"
#include "tensors/dataset_tensors.h"

namespace belamy {

std::int64_t judge_passes(std::int64_t count) {
  constexpr std::int64_t steps = 1200, least = 3, most = 200;
  return std::clamp(steps * ClassifierOptions().batch / std::max<std::int64_t>(count, 1), least, most);
}

namespace {

// The weights as the bytes of a file, in a fixed order.
std::string bytes_of(const FeatureClassifier& classifier) {
  Snapshot snapshot;
  for (const auto& [name, tensor] : classifier.state()) snapshot.add(name, tensor);
  return encode_safetensors(snapshot.arrays, {});
}

// Trains a classifier on the images of `train`, or takes it from the cache, where it has the digest of what it depends
// on. `labels`: classes [N], or attributes [N, outputs].
JudgeClassifier judge_of(const Dataset& train, const Tensor& labels, std::int64_t outputs,
                         torch::Device device, const std::function<void(const std::string&)>& progress) {
  const bool attributes = labels.dim() == 2;
  const ClassifierOptions options{
      .epochs = judge_passes(train.count), .device = device, .attributes = attributes};
  const auto training = counted(options.epochs, "pass") + " over " + counted(train.count, "image");
  Sha256 digest;
  digest.update(fmt::format("{} {}x{}x{}", attributes ? "attributes-1" : "classifier-1", train.channels,
                            train.height, train.width));
  if (options.epochs != ClassifierOptions().epochs) digest.update(fmt::format(" {} epochs", options.epochs));
  digest.update({reinterpret_cast<const char*>(train.pixels.data()), train.pixels.size()});
  digest.update({reinterpret_cast<const char*>(labels.data_ptr<std::int64_t>()),
                 static_cast<std::size_t>(labels.numel()) * sizeof(std::int64_t)});
  const auto path = cache_folder() / "classifiers" / (digest.hex() + ".safetensors");

  FeatureClassifier classifier(train.channels, train.width, outputs, options);
  auto& env = Env::real();
  if (env.exists(path)) {
    try {
      const auto file = decode_safetensors(env.read(path), path.string(), true);
      std::map<std::string, Tensor> state;
      for (const auto& [name, array] : file.arrays) state[name] = array_tensor(array);
      classifier.load(state);
      const auto weights = sha256_hex(bytes_of(classifier));
      return {std::move(classifier), training, weights};
    } catch (const Error& error) {
      progress(fmt::format("the cached classifier cannot be used ({}); training it again", error.message()));
    }
  }
  classifier.train(data_tensor(train), labels, [&](double done, double loss) {
    progress(fmt::format("training the classifier that judges images, {}: {:.0f} %, cross-entropy {:.3f}",
                         training, 100 * done, loss));
  });
  const auto bytes = bytes_of(classifier);
  env.create_folders(path.parent_path());
  write_atomically(env, path, bytes);
  return {std::move(classifier), training, sha256_hex(bytes)};
}

}  // namespace

JudgeClassifier judge_classifier(const Dataset& train, torch::Device device,
                                 const std::function<void(const std::string&)>& progress) {
  return judge_of(train, torch::tensor(train.labels), static_cast<std::int64_t>(train.class_names.size()),
                  device, progress);
}

Tensor present_attributes(const Dataset& set) {
  return (attribute_tensor(set) >= 0.5).to(torch::kLong).contiguous();
}

JudgeClassifier judge_attributes(const Dataset& train, torch::Device device,
                                 const std::function<void(const std::string&)>& progress) {
  const auto present = present_attributes(train);
  return judge_of(train, present, present.size(1), device, progress);
}

}  // namespace belamy
