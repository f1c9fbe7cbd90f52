#include "metrics/classifier.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <torch/nn/functional/loss.h>
#include <torch/optim/adam.h>
#include <vector>

#include "belamy/error.h"

#include "core/text.h"

namespace belamy {
namespace {

using torch::Tensor;

constexpr std::array<std::int64_t, 3> widths = {32, 64, 128};
constexpr std::int64_t pooled = 4;  // a grid, not one mean: places of strokes distinguish 6 from 9
constexpr std::int64_t inference_batch = 512;
constexpr int progress_calls = 100;

std::string shape_text(const Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

// Linear warm-up over the first tenth, then half a cosine down to zero; `done` in 0..1.
double schedule(double done) {
  constexpr double warm_up = 0.1;
  if (done < warm_up) return (done + 0.01) / (warm_up + 0.01);
  return 0.5 * (1 + std::cos(std::numbers::pi * (done - warm_up) / (1 - warm_up)));
}

// He et al. 2015: keeps the variance through ReLU layers.
Tensor he_normal(at::IntArrayRef shape, std::int64_t inputs, const at::Generator& generator) {
  return torch::empty(shape).normal_(0, std::sqrt(2.0 / static_cast<double>(inputs)), generator);
}

Tensor to_float(const Tensor& images, const torch::Device& device) {
  const Tensor moved = images.to(device);
  return images.is_floating_point() ? moved.to(torch::kFloat) : moved.to(torch::kFloat).div_(127.5).sub_(1);
}

}  // namespace

FeatureClassifier::FeatureClassifier(std::int64_t channels, std::int64_t size, std::int64_t classes,
                                     const ClassifierOptions& options)
    : channels_(channels),
      size_(size),
      classes_(classes),
      options_(options),
      generator_(at::make_generator<at::CPUGeneratorImpl>(options.seed)) {
  if (channels < 1 || size < 16 || classes < (options.attributes ? 1 : 2)) {
    const auto wrong = channels < 1         ? counted(channels, "channel")
                       : size < 16          ? fmt::format("images of {0}x{0} pixels", size)
                       : options.attributes ? counted(classes, "attribute")
                                            : counted(classes, "class");
    throw usage_error(
        "the feature classifier cannot work with " + wrong,
        "it needs at least 1 channel, images of at least 16x16 pixels, and 2 classes or 1 attribute");
  }
  if (options.epochs < 1 || options.batch < 1 || !(options.learning_rate > 0)) {
    throw usage_error("the feature classifier's epochs, batch and learning rate must be positive");
  }
  // Weights are drawn on the CPU, so a seed means the same network on every device.
  std::int64_t inputs = channels;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string name = fmt::format("block{}.", i + 1);
    tensors_[name + "weight"] = he_normal({widths[i], inputs, 3, 3}, inputs * 9, generator_);
    tensors_[name + "scale"] = torch::ones({widths[i]});
    tensors_[name + "shift"] = torch::zeros({widths[i]});
    tensors_[name + "running_mean"] = torch::zeros({widths[i]});
    tensors_[name + "running_var"] = torch::ones({widths[i]});
    inputs = widths[i];
  }
  inputs *= pooled * pooled;
  tensors_["features.weight"] = he_normal({feature_count, inputs}, inputs, generator_);
  tensors_["features.bias"] = torch::zeros({feature_count});
  tensors_["logits.weight"] = he_normal({classes, feature_count}, feature_count, generator_);
  tensors_["logits.bias"] = torch::zeros({classes});
  for (auto& [name, tensor] : tensors_) {
    tensor = tensor.to(options_.device);
    tensor.set_requires_grad(name.find("running_") == std::string::npos);
  }
}

Tensor FeatureClassifier::embed(const Tensor& images, bool training) const {
  Tensor x = images;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string name = fmt::format("block{}.", i + 1);
    x = torch::conv2d(x, tensors_.at(name + "weight"), {}, 2, 1);
    x = torch::batch_norm(x, tensors_.at(name + "scale"), tensors_.at(name + "shift"),
                          tensors_.at(name + "running_mean"), tensors_.at(name + "running_var"), training,
                          0.1, 1e-5, true);
    x = torch::relu(x);
  }
  x = torch::adaptive_avg_pool2d(x, {pooled, pooled}).flatten(1);  // [N, 128, 4, 4] -> [N, 2048]
  return torch::linear(x, tensors_.at("features.weight"), tensors_.at("features.bias"));
}

Tensor FeatureClassifier::classify(const Tensor& features) const {
  return torch::linear(torch::relu(features), tensors_.at("logits.weight"), tensors_.at("logits.bias"));
}

void FeatureClassifier::train(const Tensor& images, const Tensor& labels, const Progress& progress) {
  const torch::AutoGradMode with_gradients(true);  // the caller may have disabled them
  check_images(images);
  if (images.scalar_type() != torch::kByte) throw data_error("the feature classifier trains on uint8 images");
  check_labels(images, labels);

  std::vector<Tensor> parameters;
  for (const auto& [name, tensor] : tensors_) {
    if (tensor.requires_grad()) parameters.push_back(tensor);
  }
  torch::optim::Adam optimiser(parameters, torch::optim::AdamOptions(options_.learning_rate));
  auto& optimiser_options = static_cast<torch::optim::AdamOptions&>(optimiser.param_groups()[0].options());

  const std::int64_t count = images.size(0);
  const std::int64_t batches = (count + options_.batch - 1) / options_.batch;
  const std::int64_t steps = batches * options_.epochs;
  const std::int64_t every = std::max<std::int64_t>(1, steps / progress_calls);
  const Tensor device_labels = labels.to(options_.device);
  // The loss stays a tensor between reports: reading it at every step would make a GPU wait for the host.
  Tensor loss_sum = torch::zeros({}, options_.device);
  std::int64_t summed = 0;
  std::int64_t step = 0;
  for (std::int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
    const Tensor order = torch::randperm(count, generator_, torch::kLong);
    for (const Tensor& chosen : order.split(options_.batch)) {
      const Tensor batch = to_float(images.index_select(0, chosen.to(images.device())), options_.device);
      const Tensor target = device_labels.index_select(0, chosen.to(options_.device));
      optimiser_options.lr(options_.learning_rate *
                           schedule(static_cast<double>(step) / static_cast<double>(steps)));
      optimiser.zero_grad();
      const Tensor found = classify(embed(batch, true));
      const Tensor loss = options_.attributes
                              ? at::binary_cross_entropy_with_logits(found, target.to(found.scalar_type()))
                              : torch::nn::functional::cross_entropy(found, target);
      loss.backward();
      optimiser.step();
      loss_sum += loss.detach();
      ++summed;
      if (++step % every != 0 && step != steps) continue;
      const double mean = loss_sum.item<double>() / static_cast<double>(summed);
      if (!std::isfinite(mean)) {
        throw diverged_error(
            fmt::format("the feature classifier's loss is {} at step {} of {}", mean, step, steps),
            "lower its learning rate");
      }
      if (progress) progress(static_cast<double>(step) / static_cast<double>(steps), mean);
      loss_sum.zero_();
      summed = 0;
    }
  }
}

Tensor FeatureClassifier::in_batches(const Tensor& images,
                                     const std::function<Tensor(const Tensor&)>& function) const {
  check_images(images);
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (const Tensor& part : images.split(inference_batch)) {
    parts.push_back(function(embed(to_float(part, options_.device), false)));
  }
  return torch::cat(parts);
}

Tensor FeatureClassifier::features(const Tensor& images) const {
  return in_batches(images, [](const Tensor& features) { return features; });
}

Tensor FeatureClassifier::logits(const Tensor& images) const {
  return in_batches(images, [this](const Tensor& features) { return classify(features); });
}

double FeatureClassifier::accuracy(const Tensor& images, const Tensor& labels) const {
  check_images(images);
  check_labels(images, labels);
  return logits(images).argmax(1).eq(labels.to(options_.device)).to(torch::kDouble).mean().item<double>();
}

std::map<std::string, Tensor> FeatureClassifier::state() const {
  std::map<std::string, Tensor> copy;
  for (const auto& [name, tensor] : tensors_) copy[name] = tensor.detach().cpu().clone();
  return copy;
}

void FeatureClassifier::load(const std::map<std::string, Tensor>& state) {
  const std::string hint = "train the classifier again";
  for (const auto& [name, tensor] : state) {
    if (!tensors_.contains(name))
      throw storage_error("unknown tensor '" + name + "' for the feature classifier", hint);
  }
  for (const auto& [name, tensor] : tensors_) {
    const auto found = state.find(name);
    if (found == state.end())
      throw storage_error("the feature classifier's weights lack '" + name + "'", hint);
    if (found->second.sizes() != tensor.sizes()) {
      throw storage_error(fmt::format("the feature classifier's '{}' has shape {}, not {}", name,
                                      shape_text(found->second), shape_text(tensor)),
                          hint);
    }
  }
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : tensors_) tensor.copy_(state.at(name));
}

void FeatureClassifier::check_images(const Tensor& images) const {
  if (images.dim() != 4 || images.size(0) < 1 || images.size(1) != channels_ || images.size(2) != size_ ||
      images.size(3) != size_) {
    throw data_error(fmt::format("the feature classifier was made for images [N, {}, {}, {}], not {}",
                                 channels_, size_, size_, shape_text(images)),
                     "train a classifier on the data set that the images belong to");
  }
  if (images.scalar_type() != torch::kByte && !images.is_floating_point()) {
    throw data_error("the feature classifier takes images as uint8, or floating in [-1, 1]");
  }
}

void FeatureClassifier::check_labels(const Tensor& images, const Tensor& labels) const {
  const bool fits = options_.attributes ? labels.dim() == 2 && labels.size(1) == classes_ : labels.dim() == 1;
  if (!fits || labels.scalar_type() != torch::kLong || labels.size(0) != images.size(0)) {
    throw data_error(fmt::format("{} images need as many int64 labels, got labels of shape {}",
                                 images.size(0), shape_text(labels)));
  }
  const auto smallest = labels.min().item<std::int64_t>();
  const auto largest = labels.max().item<std::int64_t>();
  if (options_.attributes) {
    if (smallest >= 0 && largest <= 1) return;
    throw data_error(fmt::format("attributes are 0 or 1, but these run from {} to {}", smallest, largest));
  }
  if (smallest < 0 || largest >= classes_) {
    throw data_error(fmt::format("labels run from {} to {}, but the classifier has {} (0 to {})", smallest,
                                 largest, counted(classes_, "class"), classes_ - 1));
  }
}

}  // namespace belamy
