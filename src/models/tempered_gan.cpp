// Tempered adversarial network: Sajjadi et al. 2018 (arXiv:1802.04374).
//
//   A third player, the lens L, lies between the data and the discriminator, which gets L(x) as real. The
//   lens descends  lambda * L_adv + E |x - L(x)|^2,  where L_adv is the generator's loss with the labels
//   swapped (L(x) should look generated), and lambda(t) = 1 - sin(pi t / 2K) falls to 0 at step K: an easy
//   target turns into the data.
//
// Departures: the networks of DCGAN; the lens is x + f(x) with a residual f whose last layer starts at zero;
// after step K the discriminator sees the data itself.

#include <cmath>
#include <numbers>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "models/shared/convolutional_gan.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct TemperedConfig : ConvolutionalConfig {
  std::int64_t lens_width = 32;
  std::int64_t lens_blocks = 2;
  double lens_share = 0.6;

  void fields(Fields& f) override {
    ConvolutionalConfig::fields(f);
    f.add("lens_width", lens_width, {1, 512}, "channels of the lens");
    f.add("lens_blocks", lens_blocks, {0, 32}, "residual blocks of the lens");
    f.add("lens_share", lens_share, {0.001, 1},
          "share of the run after which lambda is zero and the lens is removed");
  }
};

// x + conv(relu(conv(x))), 3x3.
class LensBlock : public torch::nn::Module {
 public:
  explicit LensBlock(std::int64_t width) {
    first_ = register_module("first", std::make_shared<nn::Conv>(width, width, 3, 1, 1, true));
    second_ = register_module("second", std::make_shared<nn::Conv>(width, width, 3, 1, 1, true));
  }
  Tensor forward(const Tensor& x) { return x + second_->forward(torch::relu(first_->forward(x))); }

 private:
  std::shared_ptr<nn::Conv> first_, second_;
};

class TemperedGan final : public ConvolutionalGan {
 public:
  TemperedGan(const DataShape& shape, const TemperedConfig& config, at::Generator generator)
      : ConvolutionalGan(shape, config, generator), share_(config.lens_share) {
    lens_ = register_module("lens", std::make_shared<nn::Chain>());
    lens_->add(std::make_shared<nn::Conv>(shape.channels, config.lens_width, 3, 1, 1, true))
        .add(nn::activation("relu"));
    for (std::int64_t i = 0; i < config.lens_blocks; ++i)
      lens_->add(std::make_shared<LensBlock>(config.lens_width));
    const auto last = std::make_shared<nn::Conv>(config.lens_width, shape.channels, 3, 1, 1, true);
    lens_->add(last);
    nn::initialise(*lens_, nn::Init::he, generator);
    const torch::NoGradGuard no_grad;
    for (auto& parameter : last->parameters()) parameter.zero_();
    add_player("lens", {lens_});
  }

  void step(const Batch& batch, StepContext& context) override {
    if (const auto lambda = tempering(context); lambda > 0) {
      const auto seen = batch.data + lens_->forward(batch.data);
      const auto adversarial =
          game().objective().exchanged(game().judge(game().pack(game().blurred(seen, context))));
      const auto change = (seen - batch.data).square().flatten(1).sum(1).mean();
      context.update("lens", lambda * adversarial + change);
      context.record("loss/lens", adversarial);
      context.record("lens/change", change);
    }
    ConvolutionalGan::step(batch, context);
  }

 protected:
  Game::Round round(const Batch& batch, StepContext& context) override {
    auto round = ConvolutionalGan::round(batch, context);
    if (tempering(context) > 0) round.real = (batch.data + lens_->forward(batch.data)).detach();
    return round;
  }

 private:
  double tempering(StepContext& context) const {
    const double done =
        static_cast<double>(context.step()) / (share_ * static_cast<double>(context.total_steps()));
    return done < 1 ? 1 - std::sin(std::numbers::pi / 2 * done) : 0;
  }

  double share_;
  std::shared_ptr<nn::Chain> lens_;
};

}  // namespace

ModelInfo tempered_gan() {
  return describe<TemperedGan, TemperedConfig>({
      .name = "tempered-gan",
      .family = "gan",
      .summary = "DCGAN whose discriminator gets the data through a learned lens that fades out over the run",
      .paper = "Sajjadi, Parascandolo, Mehrjou & Schoelkopf, Tempered Adversarial Networks, ICML 2018",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer, Capability::featurizer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}},
                  {"lens", {.lr = 2e-4, .beta1 = 0.5}}},
      .sides = convolutional_sides,
      .check = check_convolutional,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8", "model.lens_width=4"},
      .variants = {"model.r1=1", "model.packing=2", "model.objective=least-squares",
                   "model.lens_share=0.003"},
  });
}

}  // namespace belamy::models
