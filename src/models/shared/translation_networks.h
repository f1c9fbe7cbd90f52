// The networks of image translation: the U-Net and the patch discriminator of Isola et al. 2017
// (arXiv:1611.07004), and the residual network of Johnson et al. 2016 as used by Zhu et al. 2017
// (arXiv:1703.10593). Images need not be square; each side has 16 pixels or more. Where the strides do not
// divide a side, it is padded by reflection and the result is cropped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <utility>
#include <vector>

#include "belamy/model.h"

#include "models/shared/game.h"
#include "nn/layers.h"

namespace belamy::models {

/// The settings of both players; a model's own config derives from it.
struct TranslationConfig : ModelConfig, GameSettings {
  std::int64_t width = 64;
  std::int64_t discriminator_width = 0;
  std::int64_t discriminator_layers = 3;
  std::string norm = "instance";

  TranslationConfig() { objective = "least-squares"; }
  void fields(Fields& f) override;
};

ImageSides translation_sides(const Recipe&);
/// What is wrong with the settings of the game; empty: nothing.
Fault check_translation(const TranslationConfig& config);
/// What is wrong with the data where a loss compares images of both domains; empty: nothing.
Fault check_same_channels(const DataShape& shape);

// Pieces of the residual network, appended to a chain. `norm` is a name of nn::Norm; empty: none, and layers
// have biases instead.

/// A 7x7 convolution and two that halve: [N, in, H, W] -> [N, 4 width, H', W'], with H' = H / 4 rounded up.
void add_halvings(nn::Chain& chain, std::int64_t in, std::int64_t width, const std::string& norm);
/// x + f(x), `count` times, f two 3x3 convolutions, the first with gaps between its pixels if `dilation` > 1.
void add_residual_blocks(nn::Chain& chain, std::int64_t channels, std::int64_t count, const std::string& norm,
                         std::int64_t dilation = 1);
/// The reverse, to images of `shape` in [-1, 1]: [N, 4 width, H', W'] -> [N, C, H, W].
void add_doublings(nn::Chain& chain, const DataShape& shape, std::int64_t width, const std::string& norm);

/// All three pieces: c7s1-w, d2w, d4w, R4w ..., u2w, uw, c7s1-C in the paper's notation.
std::shared_ptr<nn::Chain> make_residual_generator(const DataShape& from, const DataShape& to,
                                                   std::int64_t width, std::int64_t blocks,
                                                   const std::string& norm, at::Generator generator);

/// An encoder that halves the image down to one or two pixels, at most eight times, and a decoder that gets
/// each of the encoder's maps beside its own. Its only source of noise is dropout in up to three of the
/// decoder's inner layers, those whose maps have at most 8 pixels a side.
class UNet : public torch::nn::Module {
 public:
  UNet(const DataShape& from, const DataShape& to, std::int64_t width, const std::string& norm,
       double dropout, at::Generator generator);
  Tensor forward(const Tensor& x);
  std::size_t depth() const { return down_.size(); }

 private:
  std::vector<std::shared_ptr<nn::Chain>> down_, up_;  // by the number of halvings before them
};

/// A discriminator that judges overlapping patches. With one layer that halves a patch has 16x16 pixels, with
/// two 34x34, with three 70x70 (the paper's choice), with four 142x142.
class PatchDiscriminator : public torch::nn::Module {
 public:
  /// For images with `channels` channels and the sides of `shape`. Small images get fewer layers than the
  /// config says, so that at least 2x2 verdicts remain.
  PatchDiscriminator(std::int64_t channels, const DataShape& shape, const TranslationConfig& config,
                     at::Generator generator);
  Tensor forward(const Tensor& images) const { return chain_->forward(images); }  ///< verdicts [N, 1, h, w]

  /// The setup of a game with this discriminator; the caller may change its names.
  GameSetup setup() const {
    return {.discriminator = chain_, .sizes = sizes_, .features_end = features_end_};
  }

 private:
  std::shared_ptr<nn::Chain> chain_;
  std::vector<std::int64_t> sizes_;
  std::size_t features_end_;
};

/// The game of one domain, for models that translate both ways. With the letter "a" its player is "critic_a",
/// and the names of its buffers and records end in it.
std::unique_ptr<Game> critics_game(torch::nn::Module& owner, const TranslationConfig& config,
                                   const PatchDiscriminator& critic, const std::string& letter);

/// network(x) and network(y). `together`: in one pass, which is faster, and the same where each image is
/// normalised by itself.
template <class Network>
std::pair<Tensor, Tensor> forward_both(const Network& network, const Tensor& x, const Tensor& y,
                                       bool together) {
  if (!together) return {network.forward(x), network.forward(y)};
  const auto both = network.forward(at::cat({x, y}));
  return {both.narrow(0, 0, x.size(0)), both.narrow(0, x.size(0), y.size(0))};
}

}  // namespace belamy::models
