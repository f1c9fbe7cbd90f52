// Contrastive divergence for one restricted Boltzmann machine, shared by the RBM and the deep belief network.
#pragma once

#include <string>

#include "belamy/group.h"
#include "belamy/model.h"

#include "nn/boltzmann.h"

namespace belamy::models {

/// The settings of learning; a model's config derives from it.
struct BoltzmannLearning {
  std::string chain = "cd";
  std::int64_t gibbs_steps = 1;
  std::int64_t particles = 100;
  std::string centring = "none";
  double weight_cost = 0;
  double sparsity_target = 0;
  double sparsity_cost = 0.1;

  void learning_fields(Fields& f);
};
/// What is wrong with the settings; empty: nothing.
Fault check_learning(const BoltzmannLearning& settings, const Recipe& recipe);

/// The state of learning of one machine beside its weights: chains, means, offsets; all buffers.
class BoltzmannLearner : public torch::nn::Module, public ProcessBuffers {
 public:
  BoltzmannLearner(const nn::BoltzmannMachine& machine, const BoltzmannLearning& settings,
                   at::Generator generator);

  /// To be called before the first step: sets the visible biases to the log-odds (or means) of `v` [N, V].
  void start(nn::BoltzmannMachine& machine, const Tensor& v);
  /// Whether a step has been made.
  bool started() const;
  /// One update of `player`, whose parameters are the machine's. `v` [N, V] holds visible units.
  void step(const std::string& player, const nn::BoltzmannMachine& machine, const Tensor& v,
            StepContext& context);

  /// The first states of n sampling chains, drawn from the data's means: [n, V].
  Tensor chain_start(const nn::BoltzmannMachine& machine, std::int64_t n, at::Generator generator) const;
  /// The mean of each visible unit over the data so far: [V].
  const Tensor& data_means() const { return data_means_; }
  std::vector<Tensor> shared_means() const override {
    return {data_means_, visible_offset_, hidden_offset_, activity_};
  }
  std::vector<Tensor> own_buffers() const override { return {particles_}; }

 private:
  BoltzmannLearning settings_;
  Tensor steps_;                           // int64 scalar
  Tensor data_means_;                      // [V]
  Tensor particles_;                       // [P, V]; undefined without persistent chains
  Tensor visible_offset_, hidden_offset_;  // [V], [H]; undefined without centring
  Tensor activity_;                        // [H] running mean; undefined without a sparsity target
};

}  // namespace belamy::models
