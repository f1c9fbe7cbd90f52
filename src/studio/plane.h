// A GAN in the plane that is played step by step: the discriminator's surface, the gradients of the samples, the
// generator's grid.
#pragma once

#include <memory>

#include "studio/runs.h"
#include "studio/worker.h"

namespace belamy::studio {

class PlaneGame {
 public:
  PlaneGame();
  ~PlaneGame();

  /// Begins a game: data (a set of points in the plane by name, or `points`, drawn by hand), seed, width, layers.
  Json begin(const Json& asked);
  /// Makes `steps` steps of `who`: both, discriminator or generator; with objective, critic_steps, the rates of both
  /// players, r1, gradient_penalty, noise. Returns the state after them.
  Json step(const Json& asked);

 private:
  struct Game;
  std::unique_ptr<Game> game_;  // lives on the worker
  Worker worker_;
};

}  // namespace belamy::studio
