// One player in training: its parameters, moments and weight average as flat buffers, updated in one pass.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

namespace belamy {

/// Owns the flat buffers; the model's parameters become views of them (so do not move the model to another
/// device afterwards). Not thread-safe.
class PlayerState {
 public:
  PlayerState(const Player& player, const PlayerOptions& options);
  PlayerState(const PlayerState&) = delete;
  PlayerState& operator=(const PlayerState&) = delete;

  const std::string& name() const { return name_; }
  const std::string& kind() const { return kind_; }  ///< its settings are [optimizer.KIND]
  const PlayerOptions& options() const { return options_; }
  void set_options(const PlayerOptions& options);
  /// Resets the moments and the count of updates, as at the beginning of a run; the averages restart from the
  /// current weights and buffers.
  void restart();

  /// In the order in which `set_gradient` takes the gradients.
  const std::vector<Tensor>& parameters() const { return parameters_; }

  /// Takes gradients, one for each parameter in their order; undefined ones count as zero.
  void set_gradient(const std::vector<Tensor>& gradients);
  /// The current gradients, in the parameters' shapes.
  const std::vector<Tensor>& gradient() const { return gradient_; }
  /// The 2-norm of all current gradients: a scalar on their device.
  Tensor gradient_norm() const;

  /// Makes one optimiser step with the current gradient and releases it. `factor` multiplies the learning
  /// rate. `norm` is the gradient's 2-norm [scalar tensor]; if it is not finite, weights and moments stay as
  /// they are. On the CPU the caller must check this before.
  void move(double factor, const Tensor& norm);

  /// Replaces the weights by their averages permanently.
  void adopt_average() { swap(); }
  /// Replaces the weights by their averages while it exists.
  class Averaged {
   public:
    explicit Averaged(PlayerState& player) : player_(player) { player_.swap(); }
    ~Averaged() { player_.swap(); }
    Averaged(const Averaged&) = delete;

   private:
    PlayerState& player_;
  };

  /// Optimiser state and averages by name, for the checkpoint; the tensors are the live ones.
  std::vector<std::pair<std::string, Tensor>> state() const;
  OptimizerState optimizer_state() const;
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

 private:
  // `flat` cut into the parameters' shapes; empty if undefined.
  std::vector<Tensor> views_of(const Tensor& flat) const;
  void swap();
  template <class F>
  void for_each_piece(F use) const;
  void follow_buffers(double keep);

  std::string name_, kind_;
  PlayerOptions options_;
  std::vector<Tensor> parameters_;
  std::vector<Tensor> gradient_;
  Tensor value_, first_, second_, average_;  // [P]
  struct Piece {
    std::size_t parameter;
    std::int64_t begin, flat, n;  // place in the parameter, in the flat buffers, and length
  };
  std::vector<Piece> pieces_;                      // limited in size; one thread handles a whole piece
  std::vector<Tensor> buffers_, buffer_averages_;  // of the player's modules: batch-norm statistics
  std::int64_t updates_ = 0;
};

}  // namespace belamy
