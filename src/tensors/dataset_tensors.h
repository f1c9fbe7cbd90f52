// A data set as tensors.
#pragma once

#include <torch/types.h>

#include "belamy/model.h"

#include "data/dataset.h"

namespace belamy {

DataShape shape_of(const Dataset& dataset);

/// Sets size and channels of images to those of the shape. Images that are not square must come in their size.
void ask_for(DataOptions& options, const DataShape& shape);

/// The pixels (uint8) or points (float) of a data set as [N, C, H, W] or [N, D]: a copy, or the memory itself
/// where the data set is given away.
Tensor data_tensor(const Dataset& dataset);
Tensor data_tensor(Dataset&& dataset);

/// The attributes of a data set as [N, A] float; undefined where it has none.
Tensor attribute_tensor(const Dataset& dataset);

/// Captions as [N, L] int64: words by their number in the vocabulary, padded with 0.
Tensor caption_tensor(const std::vector<std::string>& captions, const std::vector<std::string>& vocabulary);

/// A small tensor on the device, without waiting for the device's earlier work.
Tensor on_device(const Tensor& tensor, torch::Device device);

}  // namespace belamy
