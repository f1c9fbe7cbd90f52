// The Parzen window estimate of a log-likelihood: a Gaussian around each sample turns samples into a density.
//
// The first GANs were measured by it (Goodfellow et al. 2014), but it does not measure quality (Theis, van
// den Oord & Bethge 2016): in hundreds of dimensions ten thousand samples are far too few, and cluster
// centres beat real data. It is here for comparison with published figures, always beside its anchors.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

/// log((1/M) sum_j N(x; s_j, sigma^2 I)) in nats, [N] f64, for data [N, ...] and samples [M, ...] of one
/// shape, floating, pixels in [0, 1]. Works in blocks, never on [N, M]. Usage error: sigma not above 0. Data
/// errors: no datum, different shapes, values that are not finite.
torch::Tensor parzen_log_likelihood(const torch::Tensor& data, const torch::Tensor& samples, double sigma);

struct ParzenEstimate {
  double sigma = 0;           ///< the width with the highest mean on the validation data
  double mean = 0;            ///< nats, over the test data
  double standard_error = 0;  ///< of the mean over the test data, without the noise of the samples
};

/// Chooses the width on `validation`, measures with it on `test`. Arguments and errors as above.
ParzenEstimate parzen_estimate(const torch::Tensor& samples, const torch::Tensor& validation,
                               const torch::Tensor& test, const std::vector<double>& widths);

/// The ten widths of Goodfellow et al.'s code: equally spaced logarithms from 0.1 to 1.
std::vector<double> parzen_widths();

/// Negative log-likelihood of an image with `dimensions` values, in nats -> bits for each of them. levels 0: the
/// likelihood is a density of values in [0, 1], and the 8 bits of a byte are added. Otherwise it is a
/// probability.
double bits_per_dimension(double nats, std::int64_t dimensions, std::int64_t levels);

}  // namespace belamy
