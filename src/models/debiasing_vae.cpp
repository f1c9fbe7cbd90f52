// Debiasing variational autoencoder: Amini, Soleimany, Schwarting, Bhatia & Rus 2019 (AIES).
//
//   One encoder outputs a class and a code z; a decoder reconstructs the datum from z:
//
//     min  class_weight E -log p(y|x) + E KL(q(z|x) || N(0, 1)) - E log p(x|z)
//
//   Rare data are shown more often: the rows of a batch are resampled, with replacement, with weights
//   prod_j 1 / (Q_j(z_j) + alpha), where Q_j is a running histogram of dimension j of the codes.
//
// Departures: any number of classes, and every class is reconstructed (the paper: faces against the rest);
// rows are resampled within their batch, not from the whole training set; running histograms instead of new
// ones in each epoch.

#include <torch/types.h>
#include <torch/utils.h>

#include "models/shared/latent_histogram.h"
#include "models/shared/semi_supervised.h"

namespace belamy::models {
namespace {

struct DebiasingConfig : VariationalConfig {
  bool resample = true;
  double alpha = 0.1;
  std::int64_t bins = 20;
  double keep = 0.99;
  double class_weight = 10;

  void fields(Fields& f) override {
    VariationalConfig::fields(f);
    f.add("resample", resample, "resample the rows of each batch, rare ones more often");
    f.add("alpha", alpha, {1e-6, 1e6},
          "smoothing of the densities; with a large value all rows are equally likely");
    f.add("bins", bins, {2, 1000}, "bins of each dimension's histogram, from -4 to 4");
    f.add("keep", keep, {0, 0.99999}, "share of the histograms kept at each step");
    f.add("class_weight", class_weight, {0, 1e6}, "weight of the cross-entropy beside the negative ELBO");
  }
};

class DebiasingVae final : public Model,
                           public Sampler,
                           public Encoder,
                           public Decoder,
                           public Reconstructor,
                           public Classifier {
 public:
  DebiasingVae(const DataShape& shape, const DebiasingConfig& config, at::Generator generator)
      : config_(config), observation_(config, shape), classes_(shape.classes) {
    encoder_ = register_module("encoder", make_encoder(shape, config, 2 * config.code + classes_, generator));
    decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), config, generator));
    before_ = register_module("before", std::make_shared<LatentHistogram>(config.code, config.bins));
    after_ = register_module("after", std::make_shared<LatentHistogram>(config.code, config.bins));
    add_player("vae", {encoder_, decoder_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto rows = redraw(batch.data, context);
    const auto data = observation_.taken(batch.data.index_select(0, rows), context.generator());
    const auto labels = batch.labels.index_select(0, rows);
    const auto [logits, code] = split(encoder_->forward(data));
    const auto cross_entropy = at::cross_entropy_loss(logits, labels);
    const auto log_likelihood =
        observation_.log_likelihood(data, decoder_->forward(code.draw(context.generator()))).mean();
    const auto kl = code.kl().mean();
    context.update("vae", config_.class_weight * cross_entropy + kl - log_likelihood);
    context.record("loss/class", cross_entropy);
    context.record("loss/reconstruction", -log_likelihood);
    context.record("loss/kl", kl);
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Classifier* classifier() override { return this; }

  Tensor sample(const SampleRequest& request) override {
    return decode(draw_latent(request.count, request.generator));
  }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return split(encoder_->forward(data)).second.mean; }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    return draw_normal(n, config_.code, generator);
  }
  Tensor decode(const Tensor& latents) override { return observation_.mean(decoder_->forward(latents)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }
  std::int64_t classes() const override { return classes_; }
  Tensor classify(const Tensor& data) override { return split(encoder_->forward(data)).first; }

 private:
  std::pair<Tensor, GaussianCode> split(const Tensor& both) const {
    return {both.narrow(1, 0, classes_), GaussianCode::of(both.narrow(1, classes_, 2 * config_.code))};
  }

  // The rows of the batch to train on, [N] int64; updates both histograms.
  Tensor redraw(const Tensor& data, StepContext& context) {
    const torch::NoGradGuard no_grad;
    const auto codes = encode(data);
    before_->follow(codes, config_.keep);
    auto rows = torch::arange(data.size(0), torch::TensorOptions(torch::kLong).device(data.device()));
    if (config_.resample) {
      rows = at::multinomial(before_->weights(codes, config_.alpha), data.size(0), /*replacement=*/true,
                             context.generator());
    }
    after_->follow(codes.index_select(0, rows), config_.keep);
    return rows;
  }

  DebiasingConfig config_;
  Observation observation_;
  std::int64_t classes_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  std::shared_ptr<LatentHistogram> before_, after_;
};

Fault check_debiasing_vae(const DataShape& shape, const Recipe& recipe) {
  if (recipe.data.labelled > 0) return {"it needs all labels", {"data.labelled=0"}};
  if (auto labels = check_labels(shape)) return labels;
  return check_variational(shape, recipe);
}

}  // namespace

ModelInfo debiasing_vae() {
  return describe<DebiasingVae, DebiasingConfig>({
      .name = "debiasing-vae",
      .family = "autoencoder",
      .summary = "variational autoencoder with a classifier that resamples data with rare codes more often",
      .paper = "Amini et al., Uncovering and Mitigating Algorithmic Bias through Learned Latent Structure, "
               "AIES 2019",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor, Capability::classifier},
      .players = {{"vae", {.lr = 1e-3}}},
      .points = true,
      .sides = code_sides,
      .check = check_debiasing_vae,
      .tiny = {"model.hidden=[128]", "model.code=8"},
      .variants = {"model.resample=false", "model.alpha=1", "model.decoder=gaussian",
                   "model.binarise=stochastic"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
