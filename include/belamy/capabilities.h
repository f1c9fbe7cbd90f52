// What a trained model can do for its user. A verb asks a model for a capability and works with every model
// that has it. Images are float tensors [N, C, H, W] in [-1, 1]; points are [N, D] in the data's units;
// latents are [N, Z]. Arguments and results are on the model's device unless stated otherwise.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <torch/types.h>
#include <vector>

#include "belamy/error.h"

namespace belamy {

using torch::Tensor;

/// What samples should show. An undefined tensor leaves that part to the sampler.
struct Condition {
  Tensor labels;           ///< [N] int64, classes; on any device
  Tensor attributes = {};  ///< [N, A] float, NaN: left to the sampler; on any device
  Tensor captions = {};    ///< [N, L] int64, words by their number in the vocabulary; on any device
};

/// A request to a Sampler.
struct SampleRequest {
  std::int64_t count = 1;
  at::Generator generator;  ///< on the model's device
  Condition condition = {};
  /// Called from time to time with the share that is done, 0 to 1. Return false to stop. May be empty.
  std::function<bool(double done)> progress = {};

  /// For samplers of many steps, to be called in each: calls `progress`, and throws an interrupted error when
  /// that returns false.
  void report(std::int64_t step, std::int64_t steps) const {
    if (progress && !progress(static_cast<double>(step) / static_cast<double>(steps)))
      throw interrupted_error("sampling was stopped");
  }
};

/// Draws new data.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// `request.count` samples in the data's shape. Without requested classes, a conditional sampler draws all
  /// classes equally often.
  virtual Tensor sample(const SampleRequest& request) = 0;
  /// Whether a request may ask for classes.
  virtual bool conditional() const { return false; }
  /// The number of clusters if a request's classes are clusters that the model found by itself; 0 if they are
  /// the classes of the labels.
  virtual std::int64_t clusters() const { return 0; }
  /// Whether a request may ask for attributes, in the order of DataShape::attributes.
  virtual bool takes_attributes() const { return false; }
  /// Whether a request may ask for captions, whose words are numbers in DataShape::vocabulary.
  virtual bool takes_captions() const { return false; }
  /// For samplers that run a Markov chain: the states of `request.count` chains at `frames` evenly spread
  /// steps, the last of which are the samples: [frames, count, ...]. Undefined for other samplers.
  virtual Tensor chain(const SampleRequest& request, std::int64_t frames) { return {}; }
};

/// Turns latents into data: interpolation, arithmetic, manifolds.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual std::int64_t latent_size() const = 0;
  /// [n, Z] from the prior. Undefined if the model has no prior (an autoencoder): latents then come from
  /// its Encoder.
  virtual Tensor draw_latent(std::int64_t n, at::Generator generator) = 0;
  virtual Tensor decode(const Tensor& latents) = 0;

  /// The spaces in which its latents can be moved, "z" of the prior first. StyleGAN: "w", its styles, as well.
  virtual std::vector<std::string> spaces() const { return {"z"}; }
  /// Latents as points of one of these spaces: [n, Z] -> [n, W].
  virtual Tensor into(const std::string& space, const Tensor& latents) { return latents; }
  /// The data at points of one of these spaces.
  virtual Tensor decode_from(const std::string& space, const Tensor& points) { return decode(points); }
  /// The number of layers, coarse to fine, that can each have a point of the last space of their own. 1: one point
  /// makes the whole image.
  virtual std::int64_t layers() const { return 1; }
  /// The data for a point at each layer [n, layers, W].
  virtual Tensor decode_at_layers(const Tensor& points) {
    return decode_from(spaces().back(), points.select(1, 0));
  }
};

/// Turns data into codes [N, Z]: the mean if the code is a distribution.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::int64_t code_size() const = 0;
  virtual Tensor encode(const Tensor& data) = 0;
};

/// Turns captions into codes. If the model is an Encoder too, a picture and its caption have similar codes.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;
  virtual std::int64_t text_code_size() const = 0;
  /// [N, L] int64, words by their number in the vocabulary, padded with 0 -> [N, text_code_size].
  virtual Tensor encode_text(const Tensor& captions) = 0;
};

/// Reconstructs data from its code or from a corrupted copy.
class Reconstructor {
 public:
  virtual ~Reconstructor() = default;
  virtual Tensor reconstruct(const Tensor& data) = 0;
};

/// Completes images of which a part is known.
class Completer {
 public:
  virtual ~Completer() = default;
  /// Images [N, C, H, W] like `images`, with the values drawn anew where `known` [N, 1, H, W] is 0, given
  /// those where it is 1, which stay as they are. Of the request it takes generator and progress.
  virtual Tensor complete(const Tensor& images, const Tensor& known, const SampleRequest& request) = 0;
  /// Whether any part of an image may be known. Otherwise the known pixels must come first, in the order of
  /// reading: upper rows.
  virtual bool any_region() const { return true; }
};

/// The direction of a translation between two domains.
enum class Direction { a2b, b2a };

/// "a2b" or "b2a", as users write it.
inline std::string direction_name(Direction direction) {
  return direction == Direction::a2b ? "a2b" : "b2a";
}
/// The direction of this name; nothing for any other text.
inline std::optional<Direction> direction_called(std::string_view name) {
  if (name == "a2b") return Direction::a2b;
  if (name == "b2a") return Direction::b2a;
  return std::nullopt;
}
inline Direction reversed(Direction direction) {
  return direction == Direction::a2b ? Direction::b2a : Direction::a2b;
}
/// The number of the domain that a direction starts from: 0 is A, 1 is B. It leads to the other one.
inline std::size_t domain_of(Direction direction) {
  return direction == Direction::a2b ? 0 : 1;
}

/// Translates data from one domain to another.
class Translator {
 public:
  virtual ~Translator() = default;
  virtual std::vector<Direction> directions() const = 0;
  virtual Tensor translate(const Tensor& data, Direction direction) = 0;
  /// Times by which the sides of a translated image are larger than those of its input.
  virtual std::int64_t enlargement() const { return 1; }
  /// Whether it translates images of any size; otherwise only those of the training's size.
  virtual bool any_size() const { return false; }

  bool knows(Direction direction) const {
    const auto known = directions();
    return std::find(known.begin(), known.end(), direction) != known.end();
  }
};

/// Predicts classes: logits [N, K].
class Classifier {
 public:
  virtual ~Classifier() = default;
  virtual std::int64_t classes() const = 0;
  /// Whether the classes are those of the labels; otherwise they are clusters that the model found by itself.
  virtual bool supervised() const { return true; }
  virtual Tensor classify(const Tensor& data) = 0;
};

/// The likelihood of data.
class Density {
 public:
  enum class Kind { exact, lower_bound, estimate };
  virtual ~Density() = default;
  virtual Kind kind() const = 0;
  /// What the likelihood is of. 0: a density, of the values of images in [0, 1], or of points in the data's
  /// units. Otherwise the probability of an image whose values have so many levels: 2 for black and white,
  /// 256 for bytes.
  virtual std::int64_t levels() const { return 0; }
  /// Whether more `samples` of the latent tighten the bound, by importance weighting (Burda, Grosse &
  /// Salakhutdinov 2016); otherwise `samples` is ignored.
  virtual bool tightens() const { return false; }
  /// [N], nats for each datum.
  virtual Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t samples = 1) = 0;
  /// How the last value was computed, as text for the user: "log Z = 451.3 by AIS, standard error 0.1".
  virtual std::string how() const { return ""; }
};

/// How unusual data is: [N], higher is more unusual.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual std::string score_name() const = 0;  ///< "negative ELBO (nats)"
  /// Whether minus the score is a discriminator's log odds that the datum is real.
  virtual bool is_log_odds() const { return false; }
  /// If gradients are enabled, it should be differentiable with respect to the data, because charts of points and
  /// heat maps of images show its gradient.
  virtual Tensor score(const Tensor& data) = 0;
};

/// The features that the layers of its network compute from images.
class Featurizer {
 public:
  virtual ~Featurizer() = default;
  /// One [N, C, H, W] for each scale, fine to coarse. The images may differ in size from the training images,
  /// as long as no layer's output becomes empty. If gradients are enabled, it must be differentiable with
  /// respect to the images, because style transfer needs this gradient.
  virtual std::vector<Tensor> features(const Tensor& images) = 0;
};

/// Shows where in an image a class is. A model with it is a Classifier too.
class Localiser {
 public:
  virtual ~Localiser() = default;
  /// How much each place of images [N, C, H, W] speaks for a class: maps [N, h, w] as fine as the network computes
  /// them. Higher is more; the unit is the model's own. `classes` [N] int64: one for each image.
  virtual Tensor class_maps(const Tensor& images, const Tensor& classes) = 0;
};

/// How similar two data are: [N], higher is more similar.
class Matcher {
 public:
  virtual ~Matcher() = default;
  virtual Tensor similarity(const Tensor& a, const Tensor& b) = 0;
};

}  // namespace belamy
