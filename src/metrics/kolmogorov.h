// The test of Kolmogorov and Smirnov: do numbers come from a given distribution?
#pragma once

#include <functional>
#include <torch/types.h>

namespace belamy {

struct KolmogorovTest {
  double distance = 0;  ///< D_n = sup |F_n - F|
  double scaled = 0;    ///< sqrt(n) D_n: above 1.358 in 5 % of cases, above 1.628 in 1 %, for large n
  double p_value = 0;   ///< probability that samples of F are at least as far from it
};

/// Numbers [N] against a continuous distribution function. The p-value is Kolmogorov's limit with Stephens'
/// (1970) correction for small n, good to about 0.01 from n = 5. Data errors: no number, values that are
/// not finite.
KolmogorovTest kolmogorov_test(const torch::Tensor& samples,
                               const std::function<double(double)>& distribution);

/// The probability that sqrt(n) D_n exceeds `scaled`, in the limit of large n.
double kolmogorov_tail(double scaled);

/// The distribution function of N(0, 1).
double normal_distribution(double x);

}  // namespace belamy
