// Autoencoder: an encoder and a decoder that approximate the identity through a narrow code.
// Rumelhart, Hinton & Williams 1986; Hinton & Salakhutdinov 2006 (deep), Masci et al. 2011 (convolutional).
//
//   min  E -log p(x | dec(h)) + penalties,  h = enc(x')
//
// Gaussian: squared error, Bernoulli: cross-entropy; pixels in [0, 1]. By settings:
//   sparse       + weight * L1, L2 or KL of h (Ng, CS294A lecture notes 2011)
//   k-sparse     h keeps its k largest units, more after training (Makhzani & Frey 2014, arXiv:1312.5663)
//   denoising    x' is a noisy x (Vincent et al. 2008)
//   contractive  + weight * |dh/dx|^2 (Rifai et al. 2011)
//
// Departures: trained from random weights by Adam, without layer-wise pre-training. Encoder and decoder
// weights are separate; the k-sparse and the contractive paper tie them.

#include <torch/types.h>

#include "belamy/recipe.h"

#include "core/text.h"
#include "models/shared/code_networks.h"
#include "models/shared/code_terms.h"
#include "objectives/codes.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

struct AutoencoderConfig : CodeConfig {
  std::string loss = "l2";
  std::string output = "sigmoid";
  std::string code_unit = "linear";
  bool centre = false;
  Sparsity sparsity;
  std::int64_t keep = 0;
  double keep_factor = 1;
  Corruption corruption;
  double contraction = 0;

  AutoencoderConfig() {
    hidden = {512, 256};
    code = 32;
  }
  void fields(Fields& f) override {
    CodeConfig::fields(f);
    f.add("loss", loss, std::vector<std::string>{"l2", "cross-entropy"},
          "reconstruction error: squared error, or cross-entropy of pixels in [0, 1]");
    f.add(
        "output", output, std::vector<std::string>{"sigmoid", "linear"},
        "output units of the decoder; linear needs l2 (linear without hidden layers: principal components)");
    f.add("code_unit", code_unit, code_units(), "activation of the code's units");
    f.add("centre", centre, "subtract the mean of the first batch before encoding and add it after decoding");
    sparsity.fields(f);
    f.add("keep", keep, {0, 4096},
          "k-sparse: number of largest units of a code that are kept, the others become 0; 0: all");
    f.add("keep_factor", keep_factor, {1, 100},
          "k-sparse: a trained model keeps this many times as many units");
    corruption.fields(f);
    f.add("contraction", contraction, {0, 1e6},
          "weight of the squared derivative of the code by the pixels in [0, 1]; exact for a single layer of "
          "sigmoid units, else estimated in one random direction");
  }

  static std::vector<std::string> code_units() {
    auto names = nn::activation_names();
    names.insert(names.begin(), "linear");
    return names;
  }
  bool single_sigmoid_layer() const {
    return network == "fully-connected" && hidden.empty() && code_unit == "sigmoid" && keep == 0;
  }
};

class Autoencoder final : public Model, public Encoder, public Decoder, public Reconstructor, public Scorer {
 public:
  Autoencoder(const DataShape& shape, const AutoencoderConfig& config, at::Generator generator)
      : config_(config), images_(shape.is_images()) {
    encoder_ = register_module("encoder", make_encoder(shape, config, config.code, generator));
    if (config.code_unit != "linear") encoder_->add(nn::activation(config.code_unit));
    decoder_ = register_module("decoder", make_decoder(shape, config, generator));
    if (config.centre) mean_ = register_buffer("mean", torch::zeros(shape.sizes(1)));
    add_player("autoencoder", {encoder_, decoder_});
  }

  void step(const Batch& batch, StepContext& context) override {
    if (config_.centre && context.step() == 0) mean_.copy_(batch.data.mean(0, true));
    auto input = config_.corruption.apply(batch.data, images_ ? -1 : 0, 1, context.generator());
    const bool estimate = config_.contraction > 0 && !config_.single_sigmoid_layer();
    if (estimate) input = input.detach().requires_grad_();
    const auto codes = encode(input);
    const auto error = errors(decoder_->forward(codes), batch.data).mean();
    auto loss = error;
    context.record("loss/reconstruction", error);
    if (config_.sparsity.on()) {
      const auto penalty = config_.sparsity.penalty(codes);
      loss = loss + config_.sparsity.weight * penalty;
      context.record("loss/sparsity", penalty);
    }
    if (config_.contraction > 0) {
      const auto slope = estimate
                             ? objectives::estimated_contraction(codes, input, context.normal(codes.sizes()))
                             : objectives::sigmoid_contraction(codes, encoder_->parameters()[0]);
      const auto penalty = slope / unit();
      loss = loss + config_.contraction * penalty;
      context.record("loss/contraction", penalty);
    }
    context.update("autoencoder", loss);
  }

  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Scorer* scorer() override { return this; }

  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override {
    const auto codes = encoder_->forward(config_.centre ? data - mean_ : data);
    if (config_.keep == 0) return codes;
    const auto more = std::lround(static_cast<double>(config_.keep) * config_.keep_factor);
    return objectives::keep_largest(codes, is_training() ? config_.keep : std::min(more, codes.size(1)));
  }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t, at::Generator) override { return {}; }
  Tensor decode(const Tensor& codes) override { return finish(decoder_->forward(codes)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }

  std::string score_name() const override {
    return config_.loss == "l2" ? "squared error (sum over values in [0, 1])" : "cross-entropy (nats)";
  }
  Tensor score(const Tensor& data) override {  // [N]
    return errors(decoder_->forward(encode(data)), data);
  }

 private:
  // Squared errors are for pixels in [0, 1], as in the papers; here pixels are in [-1, 1].
  double unit() const { return images_ ? 0.25 : 1; }

  Tensor errors(const Tensor& raw, const Tensor& data) const {  // [N]
    if (config_.loss == "cross-entropy") return -objectives::bernoulli_log_likelihood(to_unit(data), raw);
    return (finish(raw) - data).square().flatten(1).sum(1) * unit();
  }

  Tensor finish(const Tensor& raw) const {
    if (config_.output == "sigmoid") return from_unit(raw.sigmoid());
    return config_.centre ? raw + mean_ : raw;
  }

  AutoencoderConfig config_;
  bool images_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  Tensor mean_;  // [1, ...], with `centre`
};

Fault check_autoencoder(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<AutoencoderConfig>(recipe);
  if (settings.loss == "cross-entropy" && (settings.output == "linear" || !shape.is_images())) {
    return {"cross-entropy needs images and model.output=sigmoid", {"model.loss=l2"}};
  }
  if (!shape.is_images() && settings.output == "sigmoid")
    return {"points have no bounds", {"model.output=linear"}};
  if (settings.centre && settings.output == "sigmoid") {
    return {"centring needs linear output units", {"model.output=linear"}};
  }
  if (settings.sparsity.kind == "kl" && settings.code_unit != "sigmoid") {
    return {"the KL penalty needs units between 0 and 1", {"model.code_unit=sigmoid"}};
  }
  if (settings.keep > settings.code) {
    return {fmt::format("a code of {} cannot keep {} of them", counted(settings.code, "unit"), settings.keep),
            {fmt::format("model.keep={}", settings.code)}};
  }
  if (settings.contraction > 0 && settings.network == "convolutional") {
    return {"contraction needs the derivative of each code, but batch norm mixes the examples",
            {"model.network=fully-connected"}};
  }
  if (auto wrong = settings.corruption.check(shape)) return wrong;
  return check_code_networks(shape, settings);
}

}  // namespace

ModelInfo autoencoder() {
  return describe<Autoencoder, AutoencoderConfig>({
      .name = "autoencoder",
      .family = "autoencoder",
      .summary =
          "autoencoder, fully connected or convolutional: plain, sparse, k-sparse, denoising, contractive",
      .paper =
          "Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 2006",
      .capabilities = {Capability::decoder, Capability::encoder, Capability::reconstructor,
                       Capability::scorer},
      .players = {{"autoencoder", {.lr = 1e-3}}},
      .points = true,
      .sides = code_sides,
      .check = check_autoencoder,
      .tiny = {"model.hidden=[128]", "model.code=16"},
      .variants = {"model.sparsity=l1", "model.sparsity=l2", "model.sparsity=kl", "model.keep=4",
                   "model.corruption=gaussian", "model.corruption=masking",
                   "model.corruption=salt-and-pepper", "model.contraction=0.1", "model.centre=true",
                   "model.down=pool"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
