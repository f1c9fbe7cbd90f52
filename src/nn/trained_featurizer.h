// What networks that were trained elsewhere see of images.
#pragma once

#include <memory>
#include <string>
#include <torch/types.h>

#include "belamy/capabilities.h"

#include "store/safetensors.h"

namespace belamy {

/// relu1_1, relu2_1, ... relu5_1 of VGG16 with average pooling: the maps of Gatys, Ecker & Bethge 2016 for
/// style. Images are gray or RGB, of 16 pixels or more. `weights` are found by read_weights; data errors as
/// of it and of nn::Vgg16.
std::unique_ptr<Featurizer> vgg16_featurizer(const std::string& weights, torch::Device device);
/// From a file that was read, which messages call `origin`.
std::unique_ptr<Featurizer> vgg16_featurizer(const Safetensors& content, const std::string& origin,
                                             torch::Device device);

}  // namespace belamy
