#include "models/shared/variational.h"

#include <cmath>

#include "nn/draws.h"
#include "objectives/variational.h"

namespace belamy::models {

using Names = std::vector<std::string>;

void VariationalConfig::fields(Fields& f) {
  CodeConfig::fields(f);
  f.add(
      "decoder", decoder, Names{"bernoulli", "gaussian", "learned-gaussian"},
      "distribution of a value given z; learned-gaussian: with a learned standard deviation for each value");
  f.add("sd", sd, {1e-3, 10},
        "standard deviation of the gaussian decoder; smallest one of the learned-gaussian decoder",
        "of pixels in [0, 1]");
  f.add("binarise", binarise, Names{"none", "stochastic"},
        "stochastic: each use of an image draws its pixels black or white, with their grey as probability; "
        "likelihoods are those of one such draw");
}

DataShape Observation::decoder_shape() const {
  auto shape = shape_;
  if (decoder_ == "learned-gaussian") {
    shape.channels *= 2;
    shape.dimension *= 2;
  }
  return shape;
}

std::pair<Tensor, Tensor> Observation::split(const Tensor& raw) const {
  const auto halves = raw.chunk(2, 1);
  return {halves[0], halves[1].clamp_min(2 * std::log(sd_))};
}

Tensor Observation::taken(const Tensor& data, at::Generator generator) const {
  return binarise_ ? from_unit(nn::draw_from(to_unit(data).clamp(0, 1), generator)) : data;
}

Tensor Observation::log_likelihood(const Tensor& taken, const Tensor& raw) const {
  const auto target = shape_.is_images() ? to_unit(taken) : taken;
  if (decoder_ == "bernoulli") return objectives::bernoulli_log_likelihood(target, raw);
  if (decoder_ == "gaussian") return objectives::gaussian_log_likelihood(target, raw, sd_);
  const auto [mean, log_variance] = split(raw);
  return objectives::gaussian_log_likelihood(target, mean, log_variance);
}

Tensor Observation::mean(const Tensor& raw) const {
  const auto mean = decoder_ == "learned-gaussian" ? split(raw).first : raw;
  if (!shape_.is_images()) return mean;
  return from_unit(decoder_ == "bernoulli" ? mean.sigmoid() : mean.clamp(0, 1));
}

Tensor Observation::draw(const Tensor& raw, at::Generator generator) const {
  const auto noise = [&](const Tensor& like) {
    return torch::randn(like.sizes(), generator, like.options());
  };
  if (decoder_ != "learned-gaussian") return raw + sd_ * noise(raw);
  const auto [mean, log_variance] = split(raw);
  return objectives::reparametrise(mean, log_variance, noise(mean));
}

Fault check_variational(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<VariationalConfig>(recipe);
  if (!shape.is_images() && config.decoder == "bernoulli")
    return {"points are not probabilities", {"model.decoder=gaussian"}};
  if (config.binarise != "none" && config.decoder != "bernoulli") {
    return {"binarised pixels are 0 or 1", {"model.decoder=bernoulli"}};
  }
  return check_code_networks(shape, config);
}

}  // namespace belamy::models
