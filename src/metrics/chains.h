// Convergence of Markov chains [C, T] of one scalar: C chains of T states each, without the burn-in, which
// the caller leaves out. All in double precision.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

/// Correlation of a state with the one `lag` steps later, for lags 0 to `most`: the chains' autocovariances
/// about their own means, averaged over the chains, divided by that of lag 0. Data error: a shape other than
/// [C, T] with T > most, values that are not finite.
std::vector<double> autocorrelation(const torch::Tensor& chains, std::int64_t most);

/// The number of independent draws whose mean has the same variance as the mean of the C * T states. Computed
/// from the variance between and within the chains and the autocorrelations, summed in pairs while these fall
/// and stay positive (Geyer 1992; Gelman et al., Bayesian Data Analysis, 3rd edition, section 11.5). 0 for
/// chains of one constant value. Data error: fewer than 4 states.
double effective_sample_size(const torch::Tensor& chains);

/// Potential scale reduction over the halves of the chains: the total spread divided by the spread within.
/// Near 1 when the chains have forgotten their starts; 1.05 is a usual bound. Infinite when each half is
/// constant and the constants differ. Data error as above.
double split_r_hat(const torch::Tensor& chains);

}  // namespace belamy
