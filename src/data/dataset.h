// A data set in memory, and the one function that loads any of them. No torch here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "belamy/options.h"

#include "data/image.h"

namespace belamy {

/// Which part of a data set: to learn from, to measure on, to choose settings by.
enum class Split { train, test, validation };

/// A file or a folder that could not be used.
struct Problem {
  std::string file;        ///< as the user would name it, "archive.zip:folder/file.png"
  std::string reason;      ///< "not an image: first bytes 3c 68 74 6d"
  std::string cure;        ///< "remove it, or convert it to PNG"
  std::int64_t files = 1;  ///< how many files are left out for it
};

/// K equally likely round Gaussians of one standard deviation.
struct Mixture {
  std::int64_t dimension = 0;
  std::vector<double> centres;  ///< [K, D]
  double deviation = 0;         ///< along each axis
};

/// N images of one shape, or N points. Exactly one of `pixels`, `points` is filled.
struct Dataset {
  std::string name;
  std::int64_t count = 0;
  std::int64_t channels = 0, height = 0, width = 0;  ///< images; 0 for points
  std::int64_t dimension = 0;                        ///< points; 0 for images
  std::vector<std::uint8_t> pixels;                  ///< [N, C, H, W], planar
  std::vector<float> points;                         ///< [N, D]
  std::vector<std::int64_t> labels;                  ///< [N], or empty
  std::vector<std::string> names;    ///< [N], for images: the file, as the user would name it, or "image 7"
  std::vector<std::int64_t> styles;  ///< [N], or empty; glyphs: the font
  std::vector<std::string> class_names;  ///< one for each label; empty without labels
  std::vector<std::string> style_names;
  std::vector<float> attributes;             ///< [N, A], or empty: usually 0 or 1
  std::vector<std::string> attribute_names;  ///< [A]
  std::vector<std::string> captions;         ///< [N], or empty: a text about each example
  std::optional<Mixture> mixture;            ///< what the points were drawn from, where that is one
  std::vector<Dataset> others = {};          ///< the further domains: at most one, B beside this set as A
  bool paired = false;                       ///< example i of either domain belongs to example i of the other
  bool matches = false;                      ///< batches are pairs of its examples, of one class or of two
  /// The folder that all images lie in, where that is one and there are no classes therefore.
  std::string only_class = {};
  /// What the images were taken for, what is odd about them and what was done to fit them: a line each, for
  /// the start of a run.
  std::vector<std::string> notes;
  std::vector<Problem> problems;  ///< files that were left out

  bool is_images() const { return dimension == 0; }
  /// One image as interleaved pixels, for writing.
  Image image(std::int64_t index) const;
};

/// The examples at these places, in their order; further domains are left out.
Dataset subset(const Dataset& set, const std::vector<std::size_t>& places);
/// Adds the examples of a set of the same shape, classes and attributes.
void append(Dataset& set, const Dataset& more);

/// SHA-256 of all that a training sees: shape, examples, labels, class names, attributes, captions, further
/// domains.
/// Names of files and what was left out do not count.
std::string digest_of(const Dataset& set);

/// The values of `data.pairs`, "none" first.
const std::vector<std::string>& pair_kinds();

/// Finds, reads and fits a data set. Known names are looked up by `find_source`. Bad files among good ones
/// are left out and listed in `problems`; no good file, a lying header, a truncated archive, an unknown
/// class, a class without a training example are data errors. Neither `classes` nor `limit` moves an example
/// from one split to another.
Dataset load_dataset(const DataOptions& options, Split split);

/// The same. Where size or channels are not set and the images differ, or their sides are not as `needs`
/// says, sets them to what fits the images of this split (data/sides.h). Images that are too small stay as
/// they are.
Dataset load_dataset(DataOptions& options, Split split, const ImageSides& needs);

/// Why no matches can be drawn from a set, as message and cure; empty: they can.
struct Lack {
  std::string what, cure;
  explicit operator bool() const { return !what.empty(); }
};
Lack lack_of_matches(const Dataset& set);

/// The names of classes that have none: "0", "1", ...
std::vector<std::string> numbered_classes(std::int64_t count);

/// The numbers of classes given by name, or by number where no class has that name. Data errors that list
/// what there is: an unknown class, a source without classes.
std::vector<std::int64_t> class_numbers(const std::vector<std::string>& classes,
                                        const std::vector<std::string>& names, const std::string& source);

/// What a source string means, without reading it.
struct Source {
  enum class Kind { idx, cifar, usps, folder, archive, npz, stylegan, synthetic, glyphs, glyph_pairs };
  Kind kind;
  std::string name;            ///< "mnist", or the path's stem
  std::filesystem::path path;  ///< file or folder; empty for synthetic sets and glyphs
  std::string description;     ///< one line
};

/// An embedded set (a folder of that name is "./NAME"), else a path that exists, else a known name in
/// $BELAMY_DATA, else in the cache folder. Throws a data error that lists where it looked, the nearest known
/// name, and `belamy data fetch NAME` where that would help.
Source find_source(const std::string& source);

/// The same source for a run that is used from another folder: a path from the root; a known name as it is.
std::string absolute_source(const std::string& source);

/// One line of the list of sets known by name.
struct KnownSet {
  std::string name;
  std::string description;  ///< "handwritten digits, 28x28 gray, 10 classes, 60,000 + 10,000"
  bool available;           ///< found in $BELAMY_DATA, the cache, or embedded
  std::string where;        ///< folder, "embedded", or "belamy data fetch mnist"
};
std::vector<KnownSet> known_sets();

/// $BELAMY_CACHE, else $XDG_CACHE_HOME/belamy, else ~/.cache/belamy.
std::filesystem::path cache_folder();

/// Reads every file of a source and returns all that is wrong, never stopping at the first.
struct Diagnosis {
  std::int64_t files = 0;
  std::int64_t good = 0;
  std::vector<Problem> problems;
  std::vector<std::string> facts;  ///< sizes, classes, counts: one line each
};
Diagnosis diagnose(const std::string& source);

/// Downloads a known set into the cache: resumes a partial file, verifies SHA-256, renames when whole.
/// `base_url` replaces the set's own address (tests use loopback). `progress(file, done, total)` may
/// be empty.
void fetch_dataset(const std::string& name, const std::string& base_url,
                   const std::function<void(const std::string&, std::uint64_t, std::uint64_t)>& progress);

/// Writes the training images (all images of a source without a test set) as a zip in StyleGAN's layout: PNG
/// files and dataset.json with labels and, beyond that layout, class_names, attribute_names, attributes and
/// captions.
/// Atomic; the same images give the same bytes.
void pack_dataset(const DataOptions& options, const std::filesystem::path& out);

}  // namespace belamy
