// Gradient-boosted regression trees that predict a class, after Friedman 2001. Their importances say which dimensions of a
// code they need.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

struct BoostingOptions {
  std::int64_t rounds = 100;
  double rate = 0.1;       ///< by which the leaves of each tree are multiplied
  std::int64_t depth = 3;  ///< of a tree, at most
};

/// The multinomial deviance, a tree for each class and round (for two classes one tree a round), exact splits by least
/// squares, leaves by one Newton step: the classifier of scikit-learn 1.x with its defaults. Of two equally good splits the
/// one in the lower dimension is taken.
class BoostedTrees {
 public:
  /// Fits codes [N, D], floating, to labels [N] int64, 0 or more. Data errors: no code, labels that do not fit, values that are not
  /// finite.
  BoostedTrees(const torch::Tensor& codes, const torch::Tensor& labels, const BoostingOptions& options = {});

  /// [N] int64: the most probable label of each code [N, D].
  torch::Tensor predict(const torch::Tensor& codes) const;
  /// [D] f64: by how much the splits in a dimension lower the squared error, as shares of the sum; all 0 without a
  /// split.
  const torch::Tensor& importances() const { return importances_; }

 private:
  struct Node {
    std::int64_t dimension = -1;  // of the split; -1: a leaf
    float threshold = 0;          // values up to it go left
    std::int64_t left = 0, right = 0;
    double value = 0;  // of a leaf
  };
  using Tree = std::vector<Node>;
  struct Table;
  struct Grown {
    Tree tree;
    std::vector<std::int64_t> leaves;  // [N], the node in which each row ends
    std::vector<double> gains;         // [D]
  };
  static Grown grow(const Table& table, const std::vector<double>& targets, std::int64_t depth);

  std::int64_t dimensions_ = 0;
  torch::Tensor labels_, importances_;    // labels_: [K], the labels that occur
  std::vector<double> start_;             // [K], or [1] for two classes: the scores before the first tree
  std::vector<std::vector<Tree>> trees_;  // for each round those of the scores
};

}  // namespace belamy
