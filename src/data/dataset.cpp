#include "data/dataset.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/sha256.h"

namespace belamy {
namespace {

template <class T>
void add_values(Sha256& digest, const std::vector<T>& values) {
  digest.update(fmt::format("{} values\n", values.size()));
  digest.update({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

void add_values(Sha256& digest, const Pixels& values) {
  digest.update(fmt::format("{} values\n", values.size()));
  values.in_parts(0, [&](const std::uint8_t* begin, const std::uint8_t* end) {
    digest.update({reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin)});
  });
}

void add_names(Sha256& digest, const std::vector<std::string>& names) {
  for (const auto& name : names) digest.update(fmt::format("{} {}\n", name.size(), name));
}

void add_set(Sha256& digest, const Dataset& set) {
  digest.update(fmt::format("{} examples, {}x{}x{}, {} dimensions, paired {}, matches {}\n", set.count,
                            set.channels, set.height, set.width, set.dimension, set.paired, set.matches));
  add_values(digest, set.pixels);
  add_values(digest, set.points);
  add_values(digest, set.labels);
  add_names(digest, set.class_names);
  // A set without attributes and captions has the digest that earlier versions gave it.
  if (!set.attribute_names.empty()) {
    digest.update("attributes\n");
    add_values(digest, set.attributes);
    add_names(digest, set.attribute_names);
  }
  if (!set.captions.empty()) {
    digest.update("captions\n");
    add_names(digest, set.captions);
  }
  for (const auto& other : set.others) add_set(digest, other);
}

// The rows at these places of a table whose rows have `width` values.
template <class T>
std::vector<T> rows_at(const std::vector<T>& from, const std::vector<std::size_t>& places,
                       std::size_t width) {
  std::vector<T> rows;
  if (from.empty()) return rows;
  rows.reserve(places.size() * width);
  for (const auto place : places) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(place * width);
    rows.insert(rows.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  return rows;
}

Pixels rows_at(const Pixels& from, const std::vector<std::size_t>& places, std::size_t width) {
  Pixels rows = from.like();
  if (from.empty()) return rows;
  rows.reserve(places.size() * width);
  for (const auto place : places) {
    rows.append(from.data() + place * width, width);
    from.used(width);
  }
  from.let_go();
  rows.let_go();
  return rows;
}

// A set without its examples.
Dataset about(const Dataset& set) {
  return {.name = set.name,
          .channels = set.channels,
          .height = set.height,
          .width = set.width,
          .dimension = set.dimension,
          .class_names = set.class_names,
          .style_names = set.style_names,
          .attribute_names = set.attribute_names,
          .pixel_size = set.pixel_size,
          .mixture = set.mixture,
          .matches = set.matches,
          .only_class = set.only_class,
          .notes = set.notes,
          .problems = set.problems};
}

template <class T>
void append_values(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

std::string name_in_array(std::size_t place) {
  return fmt::format("image {}", place);
}

std::string Dataset::name_of(std::int64_t index) const {
  const auto at = static_cast<std::size_t>(index);
  if (!is_images()) return fmt::format("point {}", index);
  if (!names.empty()) return names[at];
  return name_in_array(places.empty() ? at : static_cast<std::size_t>(places[at]));
}

Dataset subset(const Dataset& set, const std::vector<std::size_t>& places) {
  Dataset some = about(set);
  some.count = static_cast<std::int64_t>(places.size());
  some.pixels = rows_at(set.pixels, places, static_cast<std::size_t>(set.channels * set.height * set.width));
  some.points = rows_at(set.points, places, static_cast<std::size_t>(set.dimension));
  some.labels = rows_at(set.labels, places, 1);
  some.names = rows_at(set.names, places, 1);
  if (set.names.empty() && set.is_images()) {
    some.places.assign(places.begin(), places.end());
    if (!set.places.empty()) some.places = rows_at(set.places, places, 1);
  }
  some.styles = rows_at(set.styles, places, 1);
  some.captions = rows_at(set.captions, places, 1);
  some.boxes = rows_at(set.boxes, places, 1);
  some.groups = rows_at(set.groups, places, 1);
  some.attributes = rows_at(set.attributes, places, set.attribute_names.size());
  return some;
}

void append(Dataset& set, const Dataset& more) {
  set.places.clear();
  set.count += more.count;
  set.pixels.append(more.pixels.data(), more.pixels.size());
  append_values(set.points, more.points);
  append_values(set.labels, more.labels);
  append_values(set.names, more.names);
  append_values(set.styles, more.styles);
  append_values(set.captions, more.captions);
  append_values(set.boxes, more.boxes);
  append_values(set.groups, more.groups);
  append_values(set.attributes, more.attributes);
}

void DataOptions::fields(Fields& f) {
  f.add("source", source, "name of a known set (belamy data list), or a path");
  f.add("target", target, "data of a second, unpaired domain: a known set, or a path; \"\": none");
  f.add("target_limit", target_limit, {0, 1'000'000'000},
        "use at most this many training images of the target; 0: all", "images");
  f.add(
      "pairs", pairs, pair_kinds(),
      "source of the pairs of sides A and B: folders A and B (or trainA and trainB, unpaired), the halves of "
      "each picture, two classes with equal file names, a side A computed from the picture B (edges; "
      "low-resolution: reduced and enlarged again; reduced; gray; masked), or examples drawn at random, of one "
      "class or of two");
  f.add("factor", factor, {2, 16},
        "times by which A is smaller than B, for pairs=reduced and low-resolution");
  f.add("sides", sides, "the two classes that are A and B, for pairs=classes");
  f.add("unpaired", unpaired,
        "break up the pairs in training: take A from one half of them, B from the other");
  f.add("different", different, {0.0, 100.0},
        "number of pairs of two classes per pair of one class, for pairs=random");
  f.add("near", near, {0.0, 1.0},
        "share of the pairs of two classes whose classes lie in one folder (an alphabet), for pairs=random");
  f.add("flip", flip, "mirror training images left to right, half of the time");
  f.add("shift", shift, {0, 64}, "move training images at random, by up to this distance along each axis",
        "pixels");
  f.add("affine", affine, "turn, shear, scale and move training images a little, as Koch et al. 2015 do");
  f.add("size", size, {0, 4096},
        "side of the square images; 0: as they are, or chosen if they differ or the model needs squares",
        "pixels");
  f.add("width", width, {0, 4096},
        "with height: size of images that are not square, in place of size; 0: as size says", "pixels");
  f.add("height", height, {0, 4096}, "see width", "pixels");
  f.add("memory", memory, {0, 1'000'000'000},
        "most memory for the pixels of a set; if they take more, they lie in a file of the cache folder",
        "MiB");
  f.add("channels", channels, {0, 3},
        "channels of the images: 1 (gray) or 3 (colour); 0: as they are, colour if they differ");
  f.add("fit", fit, {"crop", "pad", "stretch"},
        "how an image gets another ratio of its sides, such as a square");
  f.add(
      "window", window,
      "DICOM and NIfTI: the values from black to white as CENTRE/WIDTH in the file's units, such as 40/400; "
      "\"\": the window in the file, else the 0.5th to the 99.5th percentile of a series or volume");
  f.add(
      "axis", axis, {1, 3},
      "NIfTI: the axis along which a volume is cut into slices, numbered as in the file. Slices are turned as "
      "radiologists view them: from below, from the front or from the left; front, head and patient's right "
      "are at the top or left");
  f.add("classes", classes, "names or numbers of the classes to use; []: all");
  f.add("attributes", attributes,
        "names of the attributes to use; []: all of the source. glyphs has bold, italic, serif, mono and "
        "script, and is drawn in these styles if one of them is named");
  f.add("binarize", binarize, {"none", "threshold", "sample"},
        "make images black and white: by a threshold at half, or by draws with the values as probabilities");
  f.add("limit", limit, {0, 1'000'000'000}, "use at most this many training images; 0: all", "images");
  f.add("holdout", holdout, {0.0, 0.9},
        "share of the images, or of the patients, kept as test set if the source has none of its own");
  f.add("validation", validation, {0, 1'000'000'000},
        "number of training examples kept aside for choosing settings, if the source has no validation set");
  f.add("labelled", labelled, {0, 1'000'000'000},
        "number of labels that a semi-supervised model may see, equally many of each class; 0: all");
  f.add("seed", seed, {0, 1'000'000'000},
        "seed of limit, holdout, validation, labelled, binarize and synthetic sets");
}

std::string digest_of(const Dataset& set) {
  Sha256 digest;
  add_set(digest, set);
  return digest.hex();
}

Image Dataset::image(std::int64_t index) const {
  const auto plane = static_cast<std::size_t>(height * width), depth = static_cast<std::size_t>(channels);
  Image out{static_cast<int>(width), static_cast<int>(height), static_cast<int>(channels), {}};
  out.pixels.resize(plane * depth);
  const std::uint8_t* from = pixels.data() + static_cast<std::size_t>(index) * plane * depth;
  if (depth == 1) {
    std::copy(from, from + plane, out.pixels.begin());
    return out;
  }
  for (std::size_t c = 0; c < depth; ++c) {
    for (std::size_t p = 0; p < plane; ++p) out.pixels[p * depth + c] = *from++;
  }
  return out;
}

}  // namespace belamy
