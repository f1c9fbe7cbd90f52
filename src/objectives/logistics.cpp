#include "objectives/logistics.h"

#include <torch/types.h>
#include <vector>

namespace belamy::objectives {
namespace {

// A scale below that of any level gains nothing; one far above [-1, 1] is flat.
constexpr double kLeastLogScale = -7, kMostLogScale = 7;

struct Mixture {
  Tensor logits;                     // [N, K, ...]
  Tensor means, log_scales, slopes;  // [N, C, K, ...], [N, C, K, ...], [N, C (C - 1) / 2, K, ...]

  Mixture(const Tensor& raw, std::int64_t channels, std::int64_t k) {
    const auto part = [&](std::int64_t first, std::int64_t count) {
      auto sizes = raw.sizes().vec();
      sizes[1] = count;
      sizes.insert(sizes.begin() + 2, k);
      return raw.narrow(1, first, count * k).view(sizes);
    };
    logits = raw.narrow(1, 0, k);
    means = part(k, channels);
    log_scales = part(k + channels * k, channels).clamp(kLeastLogScale, kMostLogScale);
    if (channels > 1) slopes = part(k + 2 * channels * k, channels * (channels - 1) / 2).tanh();
  }

  // The means of a channel [N, K, ...], given the channels before it, each [N, ...].
  Tensor mean_of(std::int64_t channel, const std::vector<Tensor>& before) const {
    auto mean = means.select(1, channel);
    for (std::int64_t d = 0; d < channel; ++d) {
      const auto slope = slopes.select(1, channel * (channel - 1) / 2 + d);
      mean = mean + slope * before[static_cast<std::size_t>(d)].unsqueeze(1);
    }
    return mean;
  }
};

}  // namespace

std::int64_t logistics_size(std::int64_t channels, std::int64_t components) {
  return components * (1 + 2 * channels + channels * (channels - 1) / 2);
}

Tensor to_levels(const Tensor& x, std::int64_t levels) {
  const double half = static_cast<double>(levels - 1) / 2;
  return ((x.clamp(-1, 1) + 1) * half).round() / half - 1;
}

Tensor logistics_log_likelihood(const Tensor& x, const Tensor& raw, std::int64_t components,
                                std::int64_t levels) {
  const auto channels = x.size(1);
  const Mixture mixture(raw, channels, components);
  const double half = 1 / static_cast<double>(levels - 1);  // of the interval of a level
  std::vector<Tensor> values;
  for (std::int64_t c = 0; c < channels; ++c) values.push_back(x.select(1, c));
  auto log_mass = mixture.logits;  // with the weights
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto value = values[static_cast<std::size_t>(c)].unsqueeze(1);
    const auto sharpness = (-mixture.log_scales.select(1, c)).exp();
    const auto middle = (value - mixture.mean_of(c, values)) * sharpness, reach = sharpness * half;
    const auto above = (value < 1 - half).to(x.scalar_type()), below = (value > half - 1).to(x.scalar_type());
    log_mass = log_mass - above * at::softplus(-middle - reach) - below * at::softplus(middle - reach) +
               above * below * (-at::expm1(-2 * reach)).log();
  }
  const auto each = log_mass.logsumexp(1) - mixture.logits.logsumexp(1);
  return each.flatten(1).sum(1);
}

Tensor draw_logistics(const Tensor& raw, std::int64_t channels, std::int64_t components,
                      at::Generator generator, std::int64_t levels, double temperature) {
  const Mixture mixture(raw, channels, components);
  const auto uniform = [&](std::int64_t columns) {
    return torch::rand({raw.size(0), columns}, generator, raw.options()).clamp(1e-7, 1 - 1e-7);
  };
  // The greatest of the logits with Gumbel noise is a draw from their softmax.
  const auto chosen =
      (mixture.logits - temperature * (-uniform(components).log()).log()).argmax(1, /*keepdim=*/true);
  std::vector<Tensor> drawn;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto mean = mixture.mean_of(c, drawn).gather(1, chosen).squeeze(1);
    const auto scale = mixture.log_scales.select(1, c).gather(1, chosen).squeeze(1).exp() * temperature;
    const auto u = uniform(1).squeeze(1);
    drawn.push_back(to_levels(mean + scale * (u.log() - (-u).log1p()), levels));
  }
  return torch::stack(drawn, 1);
}

}  // namespace belamy::objectives
