// safetensors files (https://huggingface.co/docs/safetensors), guarded by a SHA-256 in their metadata.
#pragma once

#include <string>

#include "core/env.h"
#include "store/array.h"

namespace belamy {

/// A parsed file. The arrays point into `bytes`, so it can be moved but not copied.
struct Safetensors {
  Safetensors() = default;
  Safetensors(Safetensors&&) noexcept = default;
  Safetensors& operator=(Safetensors&&) noexcept = default;

  std::string bytes;
  ArrayMap arrays;
  StringMap metadata;  ///< without "sha256", which is not part of the content
};

/// The whole file as bytes. Arrays are stored by decreasing item size, then by name; each is aligned to its
/// item size. Adds metadata["sha256"]: the SHA-256 of the file with these 64 digits written as '0'. A data error for names that
/// such a file cannot hold.
std::string encode_safetensors(const ArrayMap& arrays, const StringMap& metadata);

/// Copies of the arrays, in the order and alignment of a file.
Safetensors copy_arrays(const ArrayMap& arrays);

/// Validates everything: header length, JSON, offsets (no holes, no overlap, inside the file), sizes against
/// shapes, known types, and the SHA-256 if there is one (`require_digest`: a missing one is an error).
/// Storage errors say `name` and what is wrong. Never allocates by an unchecked header.
Safetensors decode_safetensors(std::string bytes, const std::string& name, bool require_digest);

}  // namespace belamy
