// Reads the weights of ONNX files: the tensors that their graphs start from.
#pragma once

#include <string>
#include <string_view>

#include "store/safetensors.h"

namespace belamy {

/// All initialisers of the graph, by name. A data error where the file is damaged, has none, or keeps them in other files.
Safetensors read_onnx_file(std::string_view bytes, const std::string& name);

}  // namespace belamy
