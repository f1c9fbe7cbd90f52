// The stages of models that are trained layer by layer.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace belamy::models {

/// The index, from 0, of the layer that the stage "layer-N" trains; none for other names and for N
/// above `layers`.
std::optional<std::size_t> layer_of(const std::string& stage, std::size_t layers);

/// "layer-1" to "layer-LAYERS", then the others.
std::vector<std::string> layer_stages(std::size_t layers, const std::vector<std::string>& others);

}  // namespace belamy::models
