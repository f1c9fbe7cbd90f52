// What a trained model can do for its user. A verb asks a model for a capability and works with every model
// that has it. Images are float tensors [N, C, H, W] in [-1, 1]; points are [N, D] in the data's units;
// latents are [N, Z].
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/error.h"

namespace belamy {

using torch::Tensor;

/// What samples shall show. An undefined tensor asks for nothing.
struct Condition {
  Tensor labels;           ///< [N] int64, classes; on any device
  Tensor attributes = {};  ///< [N, A] float, NaN where nothing is asked; on any device
  Tensor captions = {};    ///< [N, L] int64, words by their number in the vocabulary; on any device
};

/// What is asked of a Sampler.
struct SampleRequest {
  std::int64_t count = 1;
  at::Generator generator;  ///< on the model's device
  Condition condition = {};
  /// Called from time to time with the share that is done, 0 to 1; it returns false to stop. May be empty.
  std::function<bool(double done)> progress = {};

  /// For samplers of many steps, once a step: calls `progress`. An interrupted error when it wants to stop.
  void report(std::int64_t step, std::int64_t steps) const {
    if (progress && !progress(static_cast<double>(step) / static_cast<double>(steps)))
      throw interrupted_error("sampling was stopped");
  }
};

/// Draws new data.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// `request.count` samples in the data's shape, on the model's device. Classes may be asked for where
  /// `conditional()`; where none are asked for, a conditional sampler draws all classes equally often.
  virtual Tensor sample(const SampleRequest& request) = 0;
  virtual bool conditional() const { return false; }
  /// Where the classes that may be asked for are not those of the labels but clusters that the model found by
  /// itself: how many; else 0.
  virtual std::int64_t clusters() const { return 0; }
  /// Whether attributes may be asked for: values of all that the run's data have.
  virtual bool takes_attributes() const { return false; }
  /// For what samples by a Markov chain: `request.count` chains seen at `frames` evenly spread moments, the
  /// last of them samples: [frames, n, ...]. Undefined otherwise.
  virtual Tensor chain(const SampleRequest& request, std::int64_t frames) { return {}; }
};

/// Turns latents into data: interpolation, arithmetic, manifolds.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual std::int64_t latent_size() const = 0;
  /// [N, Z] from the prior; undefined where there is none (an autoencoder): latents then come from its
  /// Encoder.
  virtual Tensor draw_latent(std::int64_t n, at::Generator generator) = 0;
  virtual Tensor decode(const Tensor& latents) = 0;
};

/// Turns data into codes [N, Z]: the mean where the code is a distribution.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::int64_t code_size() const = 0;
  virtual Tensor encode(const Tensor& data) = 0;
};

/// Gives data back through a bottleneck.
class Reconstructor {
 public:
  virtual ~Reconstructor() = default;
  virtual Tensor reconstruct(const Tensor& data) = 0;
};

/// Carries data from one domain to another.
class Translator {
 public:
  virtual ~Translator() = default;
  virtual std::vector<std::string> directions() const = 0;  ///< "a2b", "b2a"
  virtual Tensor translate(const Tensor& data, const std::string& direction) = 0;
};

/// Names classes: logits [N, K].
class Classifier {
 public:
  virtual ~Classifier() = default;
  virtual std::int64_t classes() const = 0;
  /// Whether the classes are those of the labels; otherwise they are clusters that it found by itself.
  virtual bool supervised() const { return true; }
  virtual Tensor classify(const Tensor& data) = 0;
};

/// Says how likely data is.
class Density {
 public:
  enum class Kind { exact, lower_bound, estimate };
  virtual ~Density() = default;
  virtual Kind kind() const = 0;
  /// Whether `samples` draws of the latent make the bound tighter, by importance weighting (Burda, Grosse &
  /// Salakhutdinov 2016); else they are ignored.
  virtual bool tightens() const { return false; }
  /// [N], nats for each datum.
  virtual Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t samples = 1) = 0;
  /// How the last figure came about, for people: "log Z = 451.3 by AIS, standard error 0.1".
  virtual std::string how() const { return ""; }
};

/// Says how unusual data is: [N], higher is stranger.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual std::string score_name() const = 0;  ///< "negative ELBO (nats)"
  /// Whether minus the score is the logarithm of the odds that the data is real, as a discriminator sees
  /// them.
  virtual bool is_log_odds() const { return false; }
  virtual Tensor score(const Tensor& data) = 0;
};

/// Tells what the layers of its network see of images.
class Featurizer {
 public:
  virtual ~Featurizer() = default;
  /// One [N, C, H, W] a scale, fine to coarse. The images may have another size than the training's, as long
  /// as every layer has something left to see.
  virtual std::vector<Tensor> features(const Tensor& images) = 0;
};

/// Says whether two data belong together: [N], higher is more alike.
class Matcher {
 public:
  virtual ~Matcher() = default;
  virtual Tensor similarity(const Tensor& a, const Tensor& b) = 0;
};

}  // namespace belamy
