// Whether single dimensions of a code stand for single factors of the data.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

/// The mutual information gap of Chen et al. 2018 (arXiv:1802.04942), with histograms as in Locatello et al. 2019
/// (arXiv:1811.12359): for each factor the mutual information with the dimension that has most of it, minus that with
/// the second best, divided by the factor's entropy. 1: one dimension determines the factor, and no other
/// dimension has information on it. 0: the two best dimensions have equally much.
struct InformationGap {
  double mean = 0;                       ///< over factors
  std::vector<double> gaps;              ///< [F]
  std::vector<double> most;              ///< [F], largest mutual information over the factor's entropy
  std::vector<std::int64_t> dimensions;  ///< [F], the dimension that has it
};

/// Codes [N, D], floating, and factors [N, F] int64, each 0 or more. A dimension is counted in `bins` equal bins between
/// its least and its greatest value. If there is only one dimension, the second counts as 0. The estimate is
/// too high by about (bins - 1)(values - 1) / 2N nats a dimension. Usage error: fewer than 2 bins. Data
/// errors: no code, different N, values that are not finite, negative factors, a factor with one value.
InformationGap information_gap(const torch::Tensor& codes, const torch::Tensor& factors,
                               std::int64_t bins = 20);

/// Disentanglement, completeness and informativeness of Eastwood & Williams 2018 (openreview By-7dz-AZ), with the importances of
/// gradient-boosted trees and entropies as in Locatello et al. 2019 (disentanglement_lib).
struct DciScores {
  /// 1: each dimension is important for one factor only. Mean over dimensions of 1 minus the entropy of its importances,
  /// weighted by their sum. 0: all are equally important.
  double disentanglement = 0;
  double completeness =
      0;  ///< the same with dimensions and factors exchanged: 1: a factor needs one dimension
  double informativeness = 0;    ///< share of test codes whose factor the trees predict, mean over factors
  std::vector<double> accuracy;  ///< [F], that share for each factor
  torch::Tensor importances;     ///< [D, F] f64, columns of sum 1
};

/// Trees for each factor, fitted to one set of codes and tested on another. Data errors: fewer than two factors, and those
/// of information_gap.
DciScores dci_scores(const torch::Tensor& codes, const torch::Tensor& factors,
                     const torch::Tensor& test_codes, const torch::Tensor& test_factors);

/// The two entropies alone, from importances [D, F], 0 or more.
double disentanglement_of(const torch::Tensor& importances);
double completeness_of(const torch::Tensor& importances);

/// The separated attribute predictability of Kumar et al. 2018 (openreview H1kG7GZAW): how much better the best single dimension
/// predicts a factor than the second best. For an ordered factor the squared correlation; for another the share of test codes
/// that a linear support vector machine on that dimension gets right, with the settings of disentanglement_lib (C = 0.01,
/// classes with equal weights, one machine a class).
struct AttributeSeparation {
  double mean = 0;           ///< over factors
  std::vector<double> gaps;  ///< [F]
  torch::Tensor scores;      ///< [D, F] f64
};

/// `ordered`: [F]. If there is only one dimension, the second counts as 0. Data errors of information_gap.
AttributeSeparation attribute_separation(const torch::Tensor& codes, const torch::Tensor& factors,
                                         const torch::Tensor& test_codes, const torch::Tensor& test_factors,
                                         const std::vector<bool>& ordered);

struct FactorVotes {
  std::int64_t fitted = 10000, tested = 5000;  ///< votes
  std::int64_t batch = 64;                     ///< codes for a vote
  /// Dimensions with less than this share of the largest standard deviation do not vote: they have collapsed.
  double least_deviation = 0.05;
  std::uint64_t seed = 1;
};

/// The score of FactorVAE (Kim & Mnih 2018, arXiv:1802.05983, section 4): a vote is the dimension that varies least, as a multiple
/// of its variance over all codes, among codes that share the value of one random factor. Each dimension stands for the factor
/// that it is chosen for most often; the score is the share of further votes that this predicts. Chance is 1 / F. Codes of a
/// value are drawn with replacement. 0 if the codes are constant. Data errors of information_gap.
double factor_vae_score(const torch::Tensor& codes, const torch::Tensor& factors,
                        const FactorVotes& votes = {});

}  // namespace belamy
