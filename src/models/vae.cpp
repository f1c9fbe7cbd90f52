// Variational autoencoder: Kingma & Welling 2014 (arXiv:1312.6114).
//
//   max  ELBO = E_q(z|x) log p(x|z) - KL(q(z|x) || N(0, 1)),   q(z|x) = N(mean(x), exp(log_variance(x)))
//
// Bernoulli decoder: pixels in [0, 1], grey values count as probabilities. Gaussian decoder: fixed standard
// deviation, pixels in [0, 1]. The prior may be a learned flow instead (Chen et al. 2017, arXiv:1611.02731).
// Departures: Adam in place of Adagrad; rectifiers where the paper has tanh (a setting).

#include <torch/torch.h>

#include "belamy/recipe.h"

#include "models/shared/code_networks.h"
#include "nn/flow.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

constexpr std::uint64_t kScoreSeed = 20131220;  // of the draws of z behind a score

struct VaeConfig : CodeConfig {
  std::string decoder = "bernoulli";
  double sd = 0.1;
  double beta = 1;
  std::string prior = "normal";
  std::int64_t flow_couplings = 6;
  std::int64_t flow_width = 256;

  void fields(Fields& f) override {
    CodeConfig::fields(f);
    f.add("decoder", decoder, std::vector<std::string>{"bernoulli", "gaussian"},
          "distribution of a pixel given z");
    f.add("sd", sd, {1e-3, 10}, "standard deviation of the gaussian decoder", "of pixels in [0, 1]");
    f.add("beta", beta, {0, 1000},
          "weight of the KL term in what is descended; 1: the ELBO (Higgins et al. 2017)");
    f.add("prior", prior, std::vector<std::string>{"normal", "flow"},
          "distribution of z: N(0, 1), or learned with the rest");
    f.add("flow_couplings", flow_couplings, {1, 64}, "affine couplings of the learned prior");
    f.add("flow_width", flow_width, {1, 4096}, "hidden units of each");
  }
};

class Vae final : public Model,
                  public Sampler,
                  public Encoder,
                  public Decoder,
                  public Reconstructor,
                  public Density,
                  public Scorer {
 public:
  Vae(const DataShape& shape, const VaeConfig& config, at::Generator generator)
      : config_(config), images_(shape.is_images()), generator_(generator) {
    encoder_ = register_module("encoder", make_encoder(shape, config, 2 * config.code, generator));
    decoder_ = register_module("decoder", make_decoder(shape, config, generator));
    std::vector<std::shared_ptr<torch::nn::Module>> modules = {encoder_, decoder_};
    if (config.prior == "flow") {
      flow_ = register_module("prior", std::make_shared<nn::CouplingFlow>(config.code, config.flow_couplings,
                                                                          config.flow_width, generator));
      modules.push_back(flow_);
    }
    add_player("vae", modules);
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto bound = evidence(batch.data, context.generator());
    context.update("vae", (config_.beta * bound.kl - bound.log_likelihood).mean());
    context.record("loss/negative-elbo", (bound.kl - bound.log_likelihood).mean());
    context.record("loss/reconstruction", -bound.log_likelihood.mean());
    context.record("loss/kl", bound.kl.mean());
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Density* density() override { return this; }
  Scorer* scorer() override { return this; }

  Tensor sample(std::int64_t n, at::Generator generator, const Tensor&) override {
    return decode(draw_latent(n, generator));
  }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return posterior(data).first; }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    const auto u =
        torch::randn({n, config_.code}, generator, torch::TensorOptions().device(generator.device()));
    return flow_ ? flow_->from_normal(u) : u;
  }
  Tensor decode(const Tensor& latents) override {  // the mean of p(x|z)
    const auto raw = decoder_->forward(latents);
    if (!images_) return raw;
    return from_unit(config_.decoder == "bernoulli" ? raw.sigmoid() : raw.clamp(0, 1));
  }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }
  Kind kind() const override { return Kind::lower_bound; }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    const auto bound = evidence(data, generator);
    return bound.log_likelihood - bound.kl;
  }
  std::string score_name() const override { return "negative ELBO (nats)"; }
  // The same noise at every call: a score depends on nothing that was asked before, and leaves the run's
  // generator alone.
  Tensor score(const Tensor& data) override {
    auto generator = generator_.clone();
    generator.set_current_seed(kScoreSeed);
    return -log_likelihood(data, generator, 1);
  }

 private:
  struct Evidence {
    Tensor log_likelihood;  // [N], one draw of z
    Tensor kl;              // [N]; beside a learned prior its estimate by that draw
  };

  std::pair<Tensor, Tensor> posterior(const Tensor& data) {
    const auto both = encoder_->forward(data).chunk(2, 1);
    return {both[0], both[1]};
  }

  Evidence evidence(const Tensor& data, at::Generator generator) {
    const auto [mean, log_variance] = posterior(data);
    const auto noise = torch::randn(mean.sizes(), generator, mean.options());
    const auto z = objectives::reparametrise(mean, log_variance, noise);
    const auto raw = decoder_->forward(z);
    const auto target = images_ ? to_unit(data) : data;
    return {config_.decoder == "bernoulli" ? objectives::bernoulli_log_likelihood(target, raw)
                                           : objectives::gaussian_log_likelihood(target, raw, config_.sd),
            flow_ ? objectives::normal_log_density(noise, log_variance) - flow_->log_density(z)
                  : objectives::kl_to_standard_normal(mean, log_variance)};
  }

  VaeConfig config_;
  bool images_;
  at::Generator generator_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  std::shared_ptr<nn::CouplingFlow> flow_;  // null: the prior is N(0, 1)
};

std::string check(const DataShape& shape, const Recipe& recipe) {
  if (!shape.is_images() && config_of<VaeConfig>(recipe).decoder == "bernoulli") {
    return "points need model.decoder=gaussian";
  }
  if (config_of<VaeConfig>(recipe).prior == "flow" && config_of<VaeConfig>(recipe).code < 2) {
    return "a flow couples two halves of the code; set model.code=2";
  }
  return check_code_networks(shape, config_of<CodeConfig>(recipe));
}

}  // namespace

ModelInfo vae() {
  return describe<Vae, VaeConfig>({
      .name = "vae",
      .family = "autoencoder",
      .summary = "variational autoencoder with a Gaussian code, Bernoulli or Gaussian decoder",
      .paper = "Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor, Capability::density, Capability::scorer},
      .players = {{"vae", {.lr = 1e-3}}},
      .points = true,
      .check = check,
      .tiny = {"model.hidden=[128]", "model.code=8"},
      .variants = {"model.prior=flow", "model.beta=4"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
