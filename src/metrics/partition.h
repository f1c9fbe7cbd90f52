// The partition function Z of a restricted Boltzmann machine: exactly, by enumeration of small machines, and
// by annealed importance sampling (Neal 2001) along the path of Salakhutdinov & Murray 2008.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

namespace nn {
class BoltzmannMachine;
}

/// Greatest number of units in the smaller binary layer for enumeration.
constexpr std::int64_t kExactUnits = 20;
/// Whether `exact_log_partition` works for this machine.
bool partition_is_countable(const nn::BoltzmannMachine& machine);

/// log Z in nats, summed in double precision over all states of the hidden units, or of binary visible units
/// if these are fewer. A usage error above `kExactUnits`.
double exact_log_partition(const nn::BoltzmannMachine& machine);

struct AnnealOptions {
  std::int64_t chains = 100;
  /// Number of inverse temperatures from 0 to 1, spread as in the paper: the first 3.4 % up to 0.5, the next
  /// 27.6 % up to 0.9, the rest above.
  std::int64_t temperatures = 14500;
};

struct PartitionEstimate {
  double log_partition = 0;   ///< nats
  double standard_error = 0;  ///< of log_partition, by the spread of the chains' weights
  double low = 0, high = 0;   ///< log of the mean weight -+ 3 standard errors of that mean
  torch::Tensor log_weights;  ///< [chains] double
};

/// `base_means` [V]: the mean of each binary visible unit in the data. They define the base machine, which
/// should be close to the data. Ignored for Gaussian units.
PartitionEstimate annealed_log_partition(const nn::BoltzmannMachine& machine, const torch::Tensor& base_means,
                                         const AnnealOptions& options, at::Generator generator);

/// The inverse temperatures [count], rising from 0 to 1.
std::vector<double> annealing_path(std::int64_t count);

}  // namespace belamy
