// Variational autoencoder: Kingma & Welling 2014 (arXiv:1312.6114).
//
//   max  ELBO = E_q(z|x) log p(x|z) - KL(q(z|x) || N(0, 1)),   q(z|x) = N(mean(x), exp(log_variance(x)))
//
// Bernoulli decoder: pixels in [0, 1], grey values count as probabilities. Gaussian decoder: fixed standard
// deviation, pixels in [0, 1]. The prior may be a learned flow instead (Chen et al. 2017, arXiv:1611.02731).
// With importance_samples = k > 1 it ascends the bound of Burda et al. 2016 (arXiv:1509.00519):
//
//   max  E log 1/k sum_i w_i,   w_i = p(x|z_i) p(z_i) / q(z_i|x),   z_i ~ q(z|x)
//
// With tc_weight = w above 1 the total correlation of the code counts w times (Chen et al. 2018, arXiv:1802.04942):
//
//   min  -E log p(x|z) + KL(q(z|x) || p(z)) + (w - 1) KL(q(z) || prod_d q(z_d))
//
// where q(z) is estimated from the batch.
//
// terms=reconstruction drops the KL term; terms=kl drops the other one for the encoder, while the decoder
// still learns to reconstruct from the code.
//
// Departures: Adam in place of Adagrad; rectifiers where the paper has tanh (a setting).

#include <algorithm>
#include <fmt/format.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/variational.h"
#include "nn/draws.h"
#include "nn/flow.h"
#include "objectives/variational.h"

namespace belamy::models {
namespace {

constexpr std::uint64_t kScoreSeed = 20131220;  // of the draws of z for a score
constexpr std::int64_t kRows = 1024;            // decoded together for a likelihood from many samples

struct VaeConfig : VariationalConfig {
  double beta = 1;
  double tc_weight = 1;
  std::string prior = "normal";
  std::int64_t flow_couplings = 6;
  std::int64_t flow_width = 256;
  std::int64_t importance_samples = 1;
  double free_bits = 0;
  std::int64_t kl_warmup = 0;
  std::string terms = "both";

  void fields(Fields& f) override {
    VariationalConfig::fields(f);
    f.add("beta", beta, {0, 1000}, "weight of the KL term in the loss; 1: the ELBO (Higgins et al. 2017)");
    f.add(
        "tc_weight", tc_weight, {0, 1000},
        "weight of the code's total correlation within the KL term, estimated from the batch; 1: as it is (Chen et "
        "al. 2018)");
    f.add("prior", prior, std::vector<std::string>{"normal", "flow"},
          "distribution of z: N(0, 1), or a learned flow");
    f.add("flow_couplings", flow_couplings, {1, 64}, "affine couplings of the flow");
    f.add("flow_width", flow_width, {1, 4096}, "hidden units of each coupling of the flow");
    f.add("importance_samples", importance_samples, {1, 1000},
          "draws of z for each datum in training; above 1: the importance-weighted bound");
    f.add("free_bits", free_bits, {0, 100},
          "least cost of a code dimension: its mean KL over the batch counts as at least this much; 0: off",
          "nats");
    f.add("kl_warmup", kl_warmup, {0, 1'000'000'000},
          "steps in which the weight of the KL term rises from 0 to beta; 0: off");
    f.add("terms", terms, std::vector<std::string>{"both", "reconstruction", "kl"},
          "terms of the ELBO in the encoder's loss; with kl the decoder still learns to reconstruct");
  }
};

class Vae final : public Model,
                  public Sampler,
                  public Encoder,
                  public Decoder,
                  public Reconstructor,
                  public Density,
                  public Scorer,
                  public Variational {
 public:
  Vae(const DataShape& shape, const VaeConfig& config, at::Generator generator)
      : config_(config), observation_(config, shape), generator_(generator) {
    encoder_ = register_module("encoder", make_encoder(shape, config, 2 * config.code, generator));
    decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), config, generator));
    std::vector<std::shared_ptr<torch::nn::Module>> modules = {encoder_, decoder_};
    if (config.prior == "flow") {
      flow_ = register_module("prior", std::make_shared<nn::CouplingFlow>(config.code, config.flow_couplings,
                                                                          config.flow_width, generator));
      modules.push_back(flow_);
    }
    add_player("vae", modules);
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto data = observation_.taken(batch.data, context.generator());
    const double weight = kl_weight(context.step());
    if (const auto samples = config_.importance_samples; samples > 1) {
      const auto bound =
          objectives::importance_bound(log_weights(data, samples, weight, context.generator()));
      context.update("vae", -bound.mean());
      context.record("loss/negative-importance-bound", -bound.mean());
      return;
    }
    const auto bound = evidence(data, context.generator());
    const auto kl =
        config_.free_bits > 0
            ? objectives::free_bits(objectives::kl_of_dimensions(bound.code.mean, bound.code.log_variance),
                                    config_.free_bits)
            : bound.kl.mean();
    auto loss = weight * kl - bound.log_likelihood.mean();
    if (config_.tc_weight != 1) {
      const auto correlation =
          objectives::kl_parts(bound.draw, bound.code.mean, bound.code.log_variance).total_correlation.mean();
      loss = loss + weight * (config_.tc_weight - 1) * correlation;
      context.record("loss/total-correlation", correlation);
    }
    context.update("vae", loss);
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

  Tensor sample(const SampleRequest& request) override {
    return decode(draw_latent(request.count, request.generator));
  }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return posterior(data).mean; }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    const auto u = draw_normal(n, config_.code, generator);
    return flow_ ? flow_->from_normal(u) : u;
  }
  Tensor decode(const Tensor& latents) override { return observation_.mean(decoder_->forward(latents)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }

  Kind kind() const override { return Kind::lower_bound; }
  std::int64_t levels() const override { return observation_.levels(); }
  bool tightens() const override { return true; }
  // With one sample the ELBO, with its KL in closed form where there is one; with more the
  // importance-weighted bound.
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t samples) override {
    const auto taken = observation_.taken(data, generator);
    how_ = fmt::format("{} of z for each datum{}",
                       samples == 1 ? "ELBO, one draw" : fmt::format("log mean exp of {} draws", samples),
                       config_.binarise == "none" ? "" : ", pixels drawn black or white once");
    if (samples == 1) {
      const auto bound = evidence(taken, generator);
      return bound.log_likelihood - bound.kl;
    }
    const auto at_once = std::max<std::int64_t>(1, kRows / data.size(0));
    std::vector<Tensor> parts;
    for (std::int64_t done = 0; done < samples; done += at_once) {
      parts.push_back(log_weights(taken, std::min(at_once, samples - done), 1, generator));
    }
    return objectives::importance_bound(at::cat(parts));
  }
  std::string how() const override { return how_; }

  std::string score_name() const override { return "negative ELBO (nats)"; }
  // The same noise in every call, so that scores are reproducible and the run's generator is not touched.
  Tensor score(const Tensor& data) override {
    return -log_likelihood(data, nn::seeded_like(generator_, kScoreSeed), 1);
  }

  Evidence evidence(const Tensor& taken, at::Generator generator) override {
    const auto code = posterior(taken);
    const auto noise = torch::randn(code.mean.sizes(), generator, code.mean.options());
    const auto z = objectives::reparametrise(code.mean, code.log_variance, noise);
    const auto raw = decoder_->forward(config_.terms == "kl" ? z.detach() : z);
    return {observation_.log_likelihood(taken, raw),
            flow_ ? objectives::normal_log_density(noise, code.log_variance) - log_prior(z) : code.kl(), code,
            z};
  }

 private:
  GaussianCode posterior(const Tensor& data) { return GaussianCode::of(encoder_->forward(data)); }

  double kl_weight(std::int64_t step) const {
    if (config_.terms == "reconstruction") return 0;
    if (config_.kl_warmup == 0) return config_.beta;
    return config_.beta *
           std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(config_.kl_warmup));
  }

  Tensor log_prior(const Tensor& z) const {
    return flow_ ? flow_->log_density(z) : objectives::normal_log_density(z, torch::zeros_like(z));
  }

  // log p(x|z) + weight (log p(z) - log q(z|x)) of `samples` draws of z: [S, N].
  Tensor log_weights(const Tensor& data, std::int64_t samples, double weight, at::Generator generator) {
    const auto code = posterior(data);
    const auto rows = [samples](const Tensor& x) {
      auto sizes = x.sizes().vec();
      sizes.insert(sizes.begin(), samples);
      return x.unsqueeze(0).expand(sizes).flatten(0, 1);
    };
    const auto mean = rows(code.mean), log_variance = rows(code.log_variance);
    const auto noise = torch::randn(mean.sizes(), generator, mean.options());
    const auto z = objectives::reparametrise(mean, log_variance, noise);
    const auto ratio = log_prior(z) - objectives::normal_log_density(noise, log_variance);
    const auto log_likelihood = observation_.log_likelihood(rows(data), decoder_->forward(z));
    return (log_likelihood + weight * ratio).view({samples, data.size(0)});
  }

  VaeConfig config_;
  Observation observation_;
  at::Generator generator_;
  std::string how_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  std::shared_ptr<nn::CouplingFlow> flow_;  // null: the prior is N(0, 1)
};

Fault check_vae(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<VaeConfig>(recipe);
  if (config.prior == "flow" && config.code < 2) {
    return {"a flow couples two halves of the code", {"model.code=2"}};
  }
  if (config.free_bits > 0 && config.prior == "flow") {
    return {"free bits need a KL for each dimension, but a flow mixes the dimensions",
            {"model.prior=normal"}};
  }
  if (config.importance_samples > 1 &&
      (config.free_bits > 0 || config.tc_weight != 1 || config.terms != "both")) {
    return {"the importance-weighted bound has no KL term of its own", {"model.importance_samples=1"}};
  }
  return check_variational(shape, recipe);
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
      .sides = code_sides,
      .check = check_vae,
      .tiny = {"model.hidden=[128]", "model.code=8"},
      .variants = {"model.prior=flow", "model.beta=4", "model.tc_weight=6", "model.decoder=learned-gaussian",
                   "model.binarise=stochastic", "model.importance_samples=3", "model.free_bits=0.5",
                   "model.kl_warmup=100", "model.terms=reconstruction", "model.terms=kl"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
