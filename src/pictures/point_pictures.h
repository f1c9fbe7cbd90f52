// Pictures of points on a line or in the plane: data, samples, and what a model thinks of every place.
#pragma once

#include <string>
#include <torch/types.h>
#include <utility>
#include <vector>

#include "belamy/capabilities.h"

#include "data/image.h"

namespace belamy {

/// Samples [N, D] beside data [M, D], D 1 or 2, in a window that the data alone decides, so that the pictures
/// of a run can follow one another; samples outside are drawn at its border. Undefined `data`: the samples
/// decide.
///
/// D = 2: points over the shaded surface of the scorer's minus score, with arrows at some samples along its
/// gradient: where a generator is drawn to. D = 1: histograms of both, and minus the score as a curve. The
/// surface is the probability from 0 to 1 where the score is one of log-odds, else runs from its least to its
/// greatest value in the window. Without `scorer` there is neither. A usage error for another D.
Image points_picture(const Tensor& samples, const Tensor& data, Scorer* scorer = nullptr);

/// What such a picture shows: colours as "#rrggbb", and their meaning, for a legend beside it.
std::vector<std::pair<std::string, std::string>> points_legend(std::int64_t dimension, Scorer* scorer);

}  // namespace belamy
