// Autoencoder: an encoder and a decoder that approximate the identity through a narrow code.
// Rumelhart, Hinton & Williams 1986; Hinton & Salakhutdinov 2006 (deep), Masci et al. 2011 (convolutional).
//
//   min  E -log p(x | dec(enc(x)))      Gaussian: squared error, Bernoulli: cross-entropy; pixels in [0, 1]
//
// Departures: trained from random weights by Adam, without layer-wise pre-training.

#include <torch/torch.h>

#include "belamy/recipe.h"

#include "models/shared/code_networks.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

struct AutoencoderConfig : CodeConfig {
  std::string loss = "l2";
  std::string output = "sigmoid";

  AutoencoderConfig() {
    hidden = {512, 256};
    code = 32;
  }
  void fields(Fields& f) override {
    CodeConfig::fields(f);
    f.add("loss", loss, std::vector<std::string>{"l2", "cross-entropy"},
          "squared error, or cross-entropy of pixels in [0, 1]");
    f.add(
        "output", output, std::vector<std::string>{"sigmoid", "linear"},
        "last unit of the decoder; linear with l2 only (no hidden layers and linear: principal components)");
  }
};

class Autoencoder final : public Model, public Encoder, public Decoder, public Reconstructor, public Scorer {
 public:
  Autoencoder(const DataShape& shape, const AutoencoderConfig& config, at::Generator generator)
      : config_(config), images_(shape.is_images()) {
    encoder_ = register_module("encoder", make_encoder(shape, config, config.code, generator));
    decoder_ = register_module("decoder", make_decoder(shape, config, generator));
    add_player("autoencoder", {encoder_, decoder_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto loss = score(batch.data).mean();
    context.update("autoencoder", loss);
    context.record("loss/reconstruction", loss);
  }

  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Scorer* scorer() override { return this; }

  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return encoder_->forward(data); }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t, at::Generator) override { return {}; }
  Tensor decode(const Tensor& codes) override { return finish(decoder_->forward(codes)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }

  std::string score_name() const override {
    return config_.loss == "l2" ? "squared error (sum over values in [0, 1])" : "cross-entropy (nats)";
  }
  Tensor score(const Tensor& data) override {  // [N]
    const auto raw = decoder_->forward(encode(data));
    if (config_.loss == "cross-entropy") return -objectives::bernoulli_log_likelihood(to_unit(data), raw);
    const double unit = images_ ? 0.25 : 1;  // pixels are [-1, 1] here and [0, 1] in the papers
    return (finish(raw) - data).square().flatten(1).sum(1) * unit;
  }

 private:
  Tensor finish(const Tensor& raw) const {
    return config_.output == "linear" ? raw : from_unit(raw.sigmoid());
  }

  AutoencoderConfig config_;
  bool images_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
};

std::string check(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<AutoencoderConfig>(recipe);
  if (settings.loss == "cross-entropy" && (settings.output == "linear" || !shape.is_images())) {
    return "cross-entropy needs images and model.output=sigmoid; set model.loss=l2";
  }
  if (!shape.is_images() && settings.output == "sigmoid")
    return "points have no bounds; set model.output=linear";
  return check_code_networks(shape, config_of<CodeConfig>(recipe));
}

}  // namespace

ModelInfo autoencoder() {
  return describe<Autoencoder, AutoencoderConfig>({
      .name = "autoencoder",
      .family = "autoencoder",
      .summary = "autoencoder, fully connected or convolutional, squared error or cross-entropy",
      .paper =
          "Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 2006",
      .capabilities = {Capability::decoder, Capability::encoder, Capability::reconstructor,
                       Capability::scorer},
      .players = {{"autoencoder", {.lr = 1e-3}}},
      .points = true,
      .check = check,
      .tiny = {"model.hidden=[128]", "model.code=16"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
