// Searches in the latent space of a decoder: the latent of a picture, and directions that matter.
#pragma once

#include <functional>
#include <string>
#include <torch/types.h>
#include <utility>
#include <vector>

#include "belamy/capabilities.h"

namespace belamy {

/// Throws a usage error that lists the spaces of the decoder if `space` is none of them.
void check_space(const Decoder& decoder, const std::string& space, const std::string& model);

/// Points [N, Z] between two [Z], or between the N pairs of two [N, Z], at shares `weights` [N, 1] of the way: on the
/// straight line, or on the great circle, which keeps the norm that a high-dimensional normal latent has (Shoemake 1985;
/// White 2016).
Tensor linear_path(const Tensor& from, const Tensor& to, const Tensor& weights);
Tensor spherical_path(const Tensor& from, const Tensor& to, const Tensor& weights);

/// Layers of a decoder from `first` to `last`, both included, counted from 0.
struct LayerSpan {
  std::int64_t first = 0, last = 0;
};
/// The thirds of a decoder's layers by name, "coarse", "middle" and "fine". The last has what is left over.
std::vector<std::pair<std::string, LayerSpan>> thirds_of_layers(std::int64_t layers);
/// Points [N, L, W] with these layers from `inside` and the others from `outside`, points of the same size.
Tensor mix_layers(const Tensor& outside, const Tensor& inside, const LayerSpan& span);

struct LatentSearch {
  std::string space = "z";
  std::int64_t draws = 1000;  ///< from the prior; the search starts from the one whose image is nearest
  std::int64_t steps = 300;   ///< of Adam
  double rate = 0.05;         ///< its learning rate at first, times the deviation of the space
  /// A further distance of two sets of images [N] that is added to the mean squared error, or empty.
  std::function<Tensor(const Tensor&, const Tensor&)> distance = {};
};

/// The points of a space whose images are like `wanted` [N, C, H, W]: [N, W]. `progress` gets the share that is done
/// and the mean loss. Throws a usage error if the decoder has no prior.
Tensor find_latents(Decoder& decoder, const Tensor& wanted, const LatentSearch& search,
                    at::Generator generator, const std::function<void(double, double)>& progress);

struct Directions {
  Tensor mean;        ///< [W]
  Tensor deviations;  ///< [K]: how far the space reaches along each direction
  Tensor axes;        ///< [K, W], orthonormal
};

/// The K principal components of 10,000 points of a space (Harkonen et al. 2020, arXiv:2004.02546).
Directions principal_directions(Decoder& decoder, const std::string& space, std::int64_t k,
                                at::Generator generator);

/// The K directions of the latents along which images change most: eigenvectors of the mean of J^T J over 16 latents,
/// J the derivative of the image, by differences. Their deviations are 1, that of the prior.
Directions directions_of_change(Decoder& decoder, std::int64_t k, at::Generator generator);
/// The K dimensions of the latents along which images change most: the largest entries on the diagonal of that mean. For
/// models whose single dimensions stand for something.
Directions dimensions_of_change(Decoder& decoder, std::int64_t k, at::Generator generator);

}  // namespace belamy
