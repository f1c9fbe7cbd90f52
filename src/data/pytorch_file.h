// Reads the dictionaries of tensors that torch.save writes (.pt, .pth), without running anything of them.
#pragma once

#include <string>

#include "store/safetensors.h"

namespace belamy {

/// Whether the bytes begin as such a file: a zip file, as since PyTorch 1.6, or pickles, as before.
bool is_pytorch_file(std::string_view bytes);

/// All tensors of a file, by name: those of dictionaries inside of dictionaries as "state_dict.conv1.weight"; numbers, texts
/// and lists beside them are left out. Knows the operations of pickles that tensors and dictionaries need, and refuses every
/// other, and every object that is neither. A data error names what it cannot read, or where the file is damaged.
Safetensors read_pytorch_file(std::string_view bytes, const std::string& name);

}  // namespace belamy
