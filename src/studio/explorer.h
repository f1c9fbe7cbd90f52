// What the studio asks of trained models: samples, decoded latents, directions, answers to a picture, a map of codes.
// Everything happens on one thread, which holds the runs opened last.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "studio/runs.h"
#include "studio/worker.h"

namespace belamy::studio {

class Explorer {
 public:
  explicit Explorer(Runs& runs);
  ~Explorer();

  // `asked` is what the page sent; `run` in it is the id of a run. Usage errors say what is missing or not possible.

  /// What the run's model can be asked for: capabilities, classes, attributes, spaces, directions.
  Json abilities(const std::string& run);
  /// A grid of samples as PNG: seed, count, class, attributes, text.
  std::string samples(const Json& asked);
  /// One picture as PNG: that of a seed, moved along directions (`moves`); or of a place between four seeds (`x`, `y`).
  /// With `grid` = N, N x N places between the four seeds.
  std::string decoded(const Json& asked);
  /// A path through seeds: a strip as PNG, or an animation as WebP if `film`.
  std::string path(const Json& asked);
  /// The group A minus the group B plus the group C of seeds, as PNG: the three means and the result.
  std::string arithmetic(const Json& asked);
  /// The plane of two latents as PNG: a grid of percentiles of the prior.
  std::string manifold(const Json& asked);
  /// Answers to a picture (base64 of a PNG or JPEG file): see `abilities`. A picture as base64, or values.
  Json answer(const Json& asked);
  /// Finds the latent of a picture and keeps it. `seed` in the answer, below 0, stands for it wherever a seed is asked;
  /// `picture` shows the picture and what the run makes of its latent.
  Json keep_picture(const Json& asked);
  /// Codes of test images in the plane, with classes, errors and scores, and a sheet of small pictures.
  Json map(const Json& asked);

 private:
  struct Opened;
  struct Own;
  Opened& opened(const std::string& id, const Json& asked = {});

  Runs& runs_;
  std::vector<std::unique_ptr<Opened>> kept_;    // the latest first; lives on the worker
  std::map<std::string, std::vector<Own>> own_;  // latents of pictures, by run
  Worker worker_;
};

}  // namespace belamy::studio
