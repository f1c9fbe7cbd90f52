// Writes one split of a data set as a zip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// What pack_split wrote, and what it did not.
struct Packed {
  std::int64_t images = 0;
  bool split = false;              ///< the source has a test split of its own; else all images are packed
  bool validation = false;         ///< it has validation images of its own
  std::vector<std::string> notes;  ///< as in Dataset, files that were left out among them
};

/// Writes the images of a split as a zip in StyleGAN's layout: PNG files and dataset.json with labels and, beyond
/// that layout, class_names, attribute_names, attributes, captions, groups (such as patients, by numbers in place of their
/// names) and pixel_size in mm, if the images were not resized. `train` is all images of a source without a
/// test set. Atomic; the same images give the same bytes. Errors: a split that the source does not have, pairs and
/// second domains, points.
Packed pack_split(const DataOptions& options, Split split, const std::filesystem::path& out);

}  // namespace belamy
