// What several Markov chains [C, T] of one scalar tell about convergence: C chains of T states each, with the
// start-up left out by the caller. All in double precision.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

/// Correlation of a state with the one `lag` steps later, lags 0 to `most`: the chains' autocovariances about
/// their own means, averaged over the chains, over that of lag 0. Data error: a shape other than [C, T] with
/// T > most, values that are not finite.
std::vector<double> autocorrelation(const torch::Tensor& chains, std::int64_t most);

/// How many independent draws the C * T states are worth for their mean. Autocorrelations against the
/// variance between and within the chains, summed in pairs as long as these fall and stay positive (Geyer
/// 1992; Gelman et al., Bayesian Data Analysis, 3rd edition, section 11.5). Chains of one constant value have
/// none: 0. Data error: less than 4 states.
double effective_sample_size(const torch::Tensor& chains);

/// Potential scale reduction over the halves of the chains: the spread of all over the spread within. Near 1
/// where chains from different starts have forgotten them; 1.05 is a usual bound. Infinite where each half
/// stands still at a value of its own. Data error as above.
double split_r_hat(const torch::Tensor& chains);

}  // namespace belamy
