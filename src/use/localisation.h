// Where in images a run finds a class.
#pragma once

#include <optional>
#include <torch/types.h>
#include <vector>

#include "belamy/run.h"

#include "data/image.h"

namespace belamy {

struct Localisation {
  Tensor classes;                         ///< [N] int64, of the maps
  Tensor beliefs;                         ///< [N], in these classes
  Tensor maps;                            ///< [N, H, W], enlarged to the images by bilinear interpolation
  std::vector<std::optional<Box>> boxes;  ///< [N]; nothing where the map is nowhere above 0
};

/// Maps of the class that the run names in each image, or of `asked`. `share` is that of box_of_map. Images as
/// `in_batches` takes them. A usage error for a model that is no Localiser, or for points.
Localisation localise(Run& run, const Tensor& images, double share, std::optional<std::int64_t> asked = {});

}  // namespace belamy
