// The networks that Belamy recognises by their tensors: the tensors of each, and whether a file holds them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/safetensors.h"

namespace belamy {

enum class NetworkKind {
  vgg16_conv,          ///< the convolutions of VGG16 (Simonyan & Zisserman 2015): src/nn/vgg16.h
  efficientnet_lite0,  ///< EfficientNet-Lite0 (Tan & Le 2019) of 1000 classes: src/nn/efficientnet_lite0.h
  inception,           ///< the Inception of FID, 1008 classes: src/nn/inception.h
  belamy_checkpoint,   ///< of a run folder
  unknown
};

/// "vgg16-conv", "efficientnet-lite0", "inception", "belamy-checkpoint", "unknown".
const char* network_name(NetworkKind kind);

struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// The tensors that a network needs, first layer first, under Belamy's names. Empty for checkpoints, whose tensors depend on
/// the model, and for unknown.
const std::vector<ExpectedTensor>& tensors_of(NetworkKind kind);

/// A network under names that Belamy reads.
struct KnownNetwork {
  NetworkKind kind = NetworkKind::unknown;
  std::string title;    ///< "vgg16-conv", "vgg16-conv with torchvision's names"
  bool theirs = false;  ///< the names are not Belamy's; an import changes them
  std::vector<ExpectedTensor> tensors;
  /// Whether files of the network hold a tensor of this name beside them, which nothing uses.
  bool (*is_surplus)(const std::string& name) = nullptr;
};
/// Each network under Belamy's names, and VGG16 under those of torchvision ("features.0.weight") as well.
const std::vector<KnownNetwork>& known_networks();

/// The tensors of the network that `arrays` lacks, first layer first.
std::vector<ExpectedTensor> missing_tensors(const ArrayMap& arrays, const KnownNetwork& network);

/// The first tensor that `arrays` lacks or holds with another shape or type, in words: "tensor 'conv1_1.bias' of shape [64] is
/// missing". Empty if all are there; `arrays` may hold others as well.
std::string tensor_fault(const ArrayMap& arrays, const KnownNetwork& network);
std::string tensor_fault(const ArrayMap& arrays, NetworkKind kind);

/// The kind whose tensors the file holds.
NetworkKind recognise(const Safetensors& file);

/// For tensors of no known network: the network of which they have most names, at least half; else one of which they have
/// every shape, so that only the names may differ; else null.
const KnownNetwork* most_like(const ArrayMap& arrays);

/// The arrays of VGG16 as torchvision names them, under Belamy's names and without the layers after the convolutions. Empty for
/// other files. A file of them must have the metadata {input_key, torchvision_input}: this network was trained on RGB in
/// [0, 1], less the means of ImageNet and divided by its deviations.
ArrayMap vgg16_of_torchvision(const ArrayMap& arrays);
constexpr const char *input_key = "input", *torchvision_input = "RGB, torchvision's normalisation";

std::string shape_text(const std::vector<std::int64_t>& shape);  ///< "[64, 3, 3, 3]"

}  // namespace belamy
