#include "metrics/chains.h"

#include <cmath>
#include <fmt/ranges.h>
#include <limits>
#include <torch/fft.h>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {
namespace {

torch::Tensor checked(const torch::Tensor& chains, std::int64_t states) {
  if (chains.dim() != 2 || chains.size(0) < 1 || chains.size(1) < states) {
    throw data_error(fmt::format("chains are [C, T] with {} states or more, not {}", states,
                                 fmt::join(chains.sizes(), " x ")));
  }
  const auto values = chains.to(torch::kFloat64);
  if (!torch::isfinite(values).all().item<bool>()) throw data_error("a chain has values that are not finite");
  return values;
}

// [C, L + 1]: sums of products of states `lag` apart, about each chain's mean, divided by T. By the Fourier
// transform, which takes T log T operations instead of T L.
torch::Tensor autocovariances(const torch::Tensor& values, std::int64_t most) {
  const auto length = values.size(1);
  const auto centred = values - values.mean(1, true);
  const auto power = torch::fft::rfft(centred, 2 * length, 1).abs().square();
  return torch::fft::irfft(power, 2 * length, 1).narrow(1, 0, most + 1) / static_cast<double>(length);
}

struct Spread {
  double within = 0, all = 0;  // variances: mean of the chains' own, and what they estimate together
};

Spread spread_of(const torch::Tensor& values) {
  const auto length = static_cast<double>(values.size(1));
  const double within = values.var(1, true).mean().item<double>();
  const double between = values.size(0) > 1 ? values.mean(1).var(0, true).item<double>() : 0;
  return {within, within * (length - 1) / length + between};
}

}  // namespace

std::vector<double> autocorrelation(const torch::Tensor& chains, std::int64_t most) {
  const auto mean = autocovariances(checked(chains, most + 1), most).mean(0);
  const auto shares = (mean / mean[0]).contiguous();
  return {shares.data_ptr<double>(), shares.data_ptr<double>() + shares.numel()};
}

double effective_sample_size(const torch::Tensor& chains) {
  const auto values = checked(chains, 4);
  const auto length = values.size(1);
  const auto count = static_cast<double>(values.numel());
  const auto spread = spread_of(values);
  if (spread.all == 0) return 0;
  const auto unbiased = static_cast<double>(length) / static_cast<double>(length - 1);
  const auto covariance = (autocovariances(values, length - 1).mean(0) * unbiased).contiguous();
  const auto rho = [&](std::int64_t lag) {
    return lag == 0 ? 1.0 : 1 - (spread.within - covariance.data_ptr<double>()[lag]) / spread.all;
  };
  double sum = 0, last = std::numeric_limits<double>::infinity();
  for (std::int64_t lag = 0; lag + 1 < length; lag += 2) {
    last = std::min(last, rho(lag) + rho(lag + 1));
    if (last <= 0) break;
    sum += last;
  }
  // Alternating chains would count for more than their states; the bound is Stan's.
  return std::min(count / std::max(2 * sum - 1, 1e-12), count * std::log10(count));
}

double split_r_hat(const torch::Tensor& chains) {
  const auto values = checked(chains, 4);
  const auto half = values.size(1) / 2;
  const auto spread =
      spread_of(at::cat({values.narrow(1, 0, half), values.narrow(1, values.size(1) - half, half)}));
  if (spread.within == 0) return spread.all == 0 ? 1 : std::numeric_limits<double>::infinity();
  return std::sqrt(spread.all / spread.within);
}

}  // namespace belamy
