// A small convolutional classifier that Belamy trains on a data set's labels. Samples are judged in the space
// of its features (classifier-frechet, precision and recall).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <torch/types.h>

namespace belamy {

/// The training of a FeatureClassifier, and its device.
struct ClassifierOptions {
  std::int64_t epochs = 3;
  std::int64_t batch = 128;
  std::uint64_t seed = 1;        ///< of the initial weights and of every shuffle
  double learning_rate = 0.003;  ///< Adam's peak; warms up over the first tenth, then falls to zero
  torch::Device device = torch::kCPU;
  /// The outputs are attributes, each of which an image has or lacks, and not classes, of which it has one.
  bool attributes = false;
};

/// Three 3x3 convolutions of stride 2 (32, 64, 128 channels), each with batch normalisation and ReLU,
/// adaptive average pooling to 4x4, a linear layer of 128 features, ReLU, a linear layer of `classes` logits.
///
/// Images are [N, C, size, size], uint8 in 0..255 or floating in [-1, 1] (uint8 becomes x / 127.5 - 1). On
/// the CPU one seed and one number of threads give the same bits; the global random generator is not
/// used. Wrong shapes, types and labels are data errors.
class FeatureClassifier {
 public:
  static constexpr std::int64_t feature_count = 128;

  /// `done`: finished share of the training, 0..1; `loss`: mean cross-entropy in nats since the last call.
  using Progress = std::function<void(double done, double loss)>;

  /// Usage errors: no channel, a size under 16, fewer than 2 classes or no attribute, options that are not
  /// positive.
  FeatureClassifier(std::int64_t channels, std::int64_t size, std::int64_t classes,
                    const ClassifierOptions& options = {});

  /// Trains on uint8 images [N, C, H, W] and int64 labels: classes [N] in 0..classes-1, or attributes
  /// [N, classes], 0 or 1, each with its own cross-entropy. A second call continues from
  /// the weights of the first. A loss that is not finite is a diverged error.
  void train(const torch::Tensor& images, const torch::Tensor& labels, const Progress& progress = {});

  /// [N, 128] f32 on the options' device: the feature layer *before* its ReLU. A rectified feature has a
  /// point mass at zero (a dead one has nothing else), which the Gaussians of the Frechet distance
  /// cannot model.
  torch::Tensor features(const torch::Tensor& images) const;
  /// [N, classes] f32 on the options' device.
  torch::Tensor logits(const torch::Tensor& images) const;
  /// The share of images whose largest logit is their label's, 0..1. For classes.
  double accuracy(const torch::Tensor& images, const torch::Tensor& labels) const;
  /// [N, classes] bool: the attributes that it finds.
  torch::Tensor attributes(const torch::Tensor& images) const { return logits(images) > 0; }

  /// Copies of all weights and of batch normalisation's running statistics by name, on the CPU.
  std::map<std::string, torch::Tensor> state() const;
  /// Restores a `state`. A missing or unknown name or a wrong shape is a storage error, and changes nothing.
  void load(const std::map<std::string, torch::Tensor>& state);

  std::int64_t classes() const { return classes_; }

 private:
  torch::Tensor embed(const torch::Tensor& images, bool training) const;
  torch::Tensor classify(const torch::Tensor& features) const;
  torch::Tensor in_batches(const torch::Tensor& images,
                           const std::function<torch::Tensor(const torch::Tensor&)>& function) const;
  void check_images(const torch::Tensor& images) const;
  void check_labels(const torch::Tensor& images, const torch::Tensor& labels) const;

  std::int64_t channels_;
  std::int64_t size_;
  std::int64_t classes_;
  ClassifierOptions options_;
  at::Generator generator_;
  std::map<std::string, torch::Tensor> tensors_;  // weights (with gradients), running statistics (without)
};

}  // namespace belamy
