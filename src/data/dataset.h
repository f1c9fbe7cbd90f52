// A data set in memory, and the functions that load any of them. No torch here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "belamy/error.h"
#include "belamy/options.h"

#include "data/image.h"
#include "data/pixels.h"

namespace belamy {

/// A part of a data set: for training, for measuring, or for choosing settings.
enum class Split { train, test, validation };

/// A file or a folder that could not be used.
struct Problem {
  std::string file;        ///< path as the user would write it, "archive.zip:folder/file.png"
  std::string reason;      ///< "not an image: first bytes 3c 68 74 6d"
  std::string cure;        ///< "remove it, or convert it to PNG"
  std::int64_t files = 1;  ///< number of files that are left out because of it
};

/// K equally likely round Gaussians of one standard deviation.
struct Mixture {
  std::int64_t dimension = 0;
  std::vector<double> centres;  ///< [K, D]
  double deviation = 0;         ///< along each axis
};

/// The extent of a pixel in mm.
struct PixelSize {
  double height = 0, width = 0;
};

/// N images of one shape, or N points. Exactly one of `pixels`, `points` is filled.
struct Dataset {
  std::string name;
  std::int64_t count = 0;
  std::int64_t channels = 0, height = 0, width = 0;  ///< images; 0 for points
  std::int64_t dimension = 0;                        ///< points; 0 for images
  Pixels pixels;                                     ///< [N, C, H, W], planar
  std::vector<float> points;                         ///< [N, D]
  std::vector<std::int64_t> labels;                  ///< [N], or empty
  std::vector<std::string> names;        ///< [N], images in files: the file as the user would write it
  std::vector<std::int64_t> places;      ///< [N], other images: the place in the array; empty: 0, 1, ...
  std::vector<std::int64_t> styles;      ///< [N], or empty; glyphs: the font
  std::vector<std::string> class_names;  ///< one for each label; empty without labels
  std::vector<std::string> style_names;
  std::vector<float> attributes;             ///< [N, A], or empty: usually 0 or 1
  std::vector<std::string> attribute_names;  ///< [A]
  std::vector<std::string> captions;         ///< [N], or empty: a text about each example
  std::vector<Box> boxes;                    ///< [N], or empty: where in its image the class is
  /// [N], or empty: what a split does not divide, such as a patient. Never shown.
  std::vector<std::string> groups;
  std::optional<PixelSize> pixel_size;  ///< of all images as they were read, if it is known and the same
  std::optional<Mixture> mixture;       ///< the mixture that the points were drawn from, if any
  std::vector<Dataset> others = {};     ///< further domains, at most one: B, if this set is A
  bool paired = false;                  ///< example i of one domain belongs to example i of the other
  bool matches = false;                 ///< batches are pairs of its examples, of one class or of two
  /// The folder that holds all images, if there is only one and therefore there are no classes.
  std::string only_class = {};
  /// How the images were read and fitted, and what is unusual about them: one line each, for the start of
  /// a run.
  std::vector<std::string> notes;
  std::vector<Problem> problems;  ///< files that were left out

  bool is_images() const { return dimension == 0; }
  /// A file as the user would write it, "image 7" of an array, or "point 7".
  std::string name_of(std::int64_t index) const;
  /// One image as interleaved pixels, for writing.
  Image image(std::int64_t index) const;
};

/// The name of an image that is one of an array.
std::string name_in_array(std::size_t place);

/// The examples at these indices, in this order; further domains are left out.
Dataset subset(const Dataset& set, const std::vector<std::size_t>& places);
/// Adds the examples of a set of the same shape, classes and attributes.
void append(Dataset& set, const Dataset& more);

/// SHA-256 of everything that a training sees: shape, examples, labels, class names, attributes, captions,
/// further domains. File names and problems do not count.
std::string digest_of(const Dataset& set);

/// The values of `data.pairs`, "none" first.
const std::vector<std::string>& pair_kinds();

/// A source has no test images of its own, and the settings keep none or cannot.
class NoTestImages : public Error {
 public:
  using Error::Error;
};

/// Finds, reads and fits a data set. `find_source` looks up known names. Bad files among good ones are left
/// out and listed in `problems`. Data errors: no good file, a wrong header, a truncated archive, an unknown
/// class, a class without a training example. Neither `classes` nor `limit` moves an example from one split
/// to another.
Dataset load_dataset(const DataOptions& options, Split split);

/// The same. If size or channels are not set and the images differ, or their sides do not meet `needs`,
/// sets them to values that fit the images of this split (data/sides.h). Images that are too small stay
/// as they are.
Dataset load_dataset(DataOptions& options, Split split, const ImageSides& needs);

/// Why data.pairs=random cannot draw pairs from a set, as message and cure; empty if it can.
struct Lack {
  std::string what, cure;
  explicit operator bool() const { return !what.empty(); }
};
Lack lack_of_matches(const Dataset& set);

/// Names for classes without names: "0", "1", ...
std::vector<std::string> numbered_classes(std::int64_t count);

/// The numbers of classes given by name, or by number if no class has that name. Data errors: an unknown
/// class (the error lists the known ones), a source without classes.
std::vector<std::int64_t> class_numbers(const std::vector<std::string>& classes,
                                        const std::vector<std::string>& names, const std::string& source);

/// The meaning of a source string; found without reading the data.
struct Source {
  /// The formats of formats.def, then what needs no files.
  enum class Kind {
#define BELAMY_FORMAT(name) name,
#include "data/formats.def"
#undef BELAMY_FORMAT
    synthetic,
    glyphs,
    glyph_pairs,
    sprites,
    stacked_digits
  };
  Kind kind;
  std::string name;            ///< "mnist", or the path's stem
  std::filesystem::path path;  ///< file or folder; empty for sets that are drawn or made of another set
  std::string description;     ///< one line
};

/// Finds an embedded set (write "./NAME" for a folder of that name), else a path that exists, else a name in
/// $BELAMY_DATA, else in the cache folder. A data error lists the places that were searched, the nearest
/// known name, and `belamy data fetch NAME` if that would help.
Source find_source(const std::string& source);

/// Whether the images of a source are files of any name, which may differ in size; those of an array do not.
bool holds_files(const Source& source);

/// The same source for a run that is used from another folder: paths become absolute, known names stay.
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

/// An image that `diagnose` has something to say of, made smaller.
struct Finding {
  std::string file, reason;
  Image image;
};

/// The result of `diagnose`.
struct Diagnosis {
  std::int64_t files = 0;
  std::int64_t good = 0;
  std::vector<Problem> problems;
  std::vector<std::string> facts;  ///< sizes, classes, counts: one line each
  std::vector<Finding>
      pictures;  ///< of images that are tiny, of one colour or repeated; not all if they are many
};
/// Reads every file of a source and returns all problems, not only the first.
Diagnosis diagnose(const std::string& source);

/// Downloads a known set into the cache: resumes a partial file, verifies SHA-256, renames complete
/// files. `base_url` replaces the address of the set (tests use loopback). `progress(file, done, total)`
/// may be empty.
void fetch_dataset(const std::string& name, const std::string& base_url,
                   const std::function<void(const std::string&, std::uint64_t, std::uint64_t)>& progress);

}  // namespace belamy
