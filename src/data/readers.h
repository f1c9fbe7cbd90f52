// The readers of data sets, one .cpp each. Internal to src/data: the rest of Belamy calls load_dataset.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belamy/error.h"

#include "data/dataset.h"
#include "data/formats.h"

namespace belamy {

/// Receives images in the order in which a reader finds them; `index` is its place in the Listing.
struct Visitor {
  std::function<void(std::size_t index, Image image)> image;
  std::function<void(std::size_t index, Problem problem)> bad;
  /// A fact about the values that is known only after they were read. May be empty.
  std::function<void(std::string text)> note = {};
};

/// The content of a source for one split, before any image is decoded.
struct Listing {
  std::string source;     ///< the file or folder, for messages
  std::size_t count = 0;  ///< images, in an order that does not depend on the file system

  // One for each image, or empty.
  std::vector<std::string> names;  ///< as the user would write them; empty for images in one array
  std::vector<std::int64_t> labels, styles;
  std::vector<std::string> captions;
  std::vector<float> attributes;  ///< [count, A]
  std::vector<Box> boxes;         ///< in the images as `read` gives them
  /// Equal for the two files of a pair: the path below the folder of the class, without ending. Empty for images in one
  /// array.
  std::vector<std::string> keys;
  /// What a split must not divide, such as the patient of a slice; never shown. Empty: each image by itself.
  std::vector<std::string> groups;
  std::optional<PixelSize> pixel_size;  ///< of all images, if it is known and the same

  std::vector<std::string> class_names;  ///< empty without labels
  std::vector<std::string> style_names;
  std::string only_class = {};               ///< as in Dataset
  std::vector<std::string> attribute_names;  ///< [A]; empty without attributes
  std::vector<Problem> problems;
  std::vector<std::string> notes;  ///< how its values were read, if that was not given
  std::vector<Problem> warnings;   ///< for `belamy data doctor` alone: what not everybody should be given
  bool split =
      false;  ///< its images are the requested split; else they are everything, and a hold-out is taken
  /// The source has validation images of its own; if not, the images listed for validation are those
  /// for training.
  bool validation = false;
  /// Decodes the images with wanted[index].
  std::function<void(const std::vector<bool>& wanted, const Visitor& visitor)> read;

  std::string name(std::size_t i) const { return names.empty() ? name_in_array(i) : names[i]; }
  std::int64_t label(std::size_t i) const { return labels.empty() ? -1 : labels[i]; }  ///< -1: none
};

/// A listing of images in memory, as the readers of IDX, CIFAR, USPS and npz make them.
Listing listing_of(Dataset set, const std::string& source, bool split);

/// A format of data sets. Each is a function in a file of this folder and a line of formats.def.
struct DataFormat {
  std::string description;  ///< "IDX files"
  /// Whether a file is of this format. A format whose names are not unmistakable returns false for a file
  /// with `foreign`. May be empty.
  std::function<bool(const SeenFile& file)> recognises;
  /// Whether a folder that holds a file or folder of this name is of this format. May be empty.
  std::function<bool(const std::string& name)> recognises_folder_by;
  /// Whether a file with this name stands for the folder it lies in, if that holds no other data. May be
  /// empty: none does.
  std::function<bool(const std::filesystem::path& file)> is_whole_set;
  /// The content of a file or folder of this format.
  std::function<Listing(const std::filesystem::path& path, Split split, const DataOptions& options)> list;
  bool of_files = false;  ///< as holds_files says
  /// A folder whose first file `recognises` knows is of this format, whatever its files are called.
  bool by_first_file = false;
};

namespace formats {
#define BELAMY_FORMAT(name) DataFormat name();
#include "data/formats.def"
#undef BELAMY_FORMAT
}  // namespace formats

/// In the order of the table.
const std::vector<std::pair<Source::Kind, DataFormat>>& data_formats();
/// The format of a source; null if it needs no files.
const DataFormat* format_of(Source::Kind kind);

/// Any source except points, with the requested attributes; side A for pairs of glyphs.
Listing list_source(const Source& source, const DataOptions& options, Split split);

/// The sides of a source of pairs.
struct Sides {
  Listing a, b;
  bool paired;  ///< item i of either belongs to item i of the other
};
/// The sides that data.pairs finds in a source, or those of a set of pairs; nothing if the source is one
/// domain, or if side A is computed from its pictures (`derive`). Data errors: no such folders or classes.
std::optional<Sides> list_sides(const Source& source, const DataOptions& options, Split split);

/// Explains the folders of a listing as domains: adds facts about them, and problems. Adds nothing if no
/// folder has the name of a side.
void explain_domains(const Listing& listing, std::vector<std::string>& facts, std::vector<Problem>& problems);

/// Whether data.pairs computes side A from the pictures, which are B.
bool is_derived(const std::string& pairs);
/// Computes side A from a picture: "edges" (Sobel), "low-resolution" (data.factor times fewer pixels along each
/// axis, enlarged again), "reduced" (the same with a bicubic filter, not enlarged), "gray" or "masked" (the middle
/// quarter of its area at medium gray).
Image derive(const Image& image, const DataOptions& options);

/// The images of a source differ in size or channels, and no setting makes them equal.
class ImagesDiffer : public Error {
 public:
  using Error::Error;
};

/// Converts an error about `file` to a problem.
Problem problem_of(const Error& error, const std::string& file);

/// The files in a folder (not below it), sorted by name, hidden ones left out. Data errors: no such folder,
/// an unreadable or an empty one.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

/// "3 files: a.txt, b.txt, c.txt" for messages; at most five names.
std::string describe(const std::vector<std::filesystem::path>& files);

/// A label from this value on counts as a mistake in the file.
constexpr std::int64_t kMostClasses = 100000;

/// The largest value; 0 if there is none.
std::uint8_t brightest_of(const std::uint8_t* begin, const std::uint8_t* end);
template <class Bytes>
std::uint8_t brightest_of(const Bytes& pixels) {
  return brightest_of(pixels.data(), pixels.data() + pixels.size());
}

/// The problem of images that have no value above `brightest`; nothing if that is bright enough. `belamy data
/// doctor` and trainings report it.
std::optional<Problem> dark_images(const std::string& source, std::uint8_t brightest);

/// The problem of classes without an image; nothing if all have one. `counts` holds the images per class.
/// Both report it as well.
std::optional<Problem> empty_classes(const std::string& source, const std::vector<std::string>& names,
                                     const std::vector<std::int64_t>& counts);

/// The note about data whose only values are 0 and 1.
inline constexpr const char* taken_as_black_and_white = "values 0 and 1 taken as black and white";

/// Reads a file, gzipped or not, from its start. Data errors name the file: not readable, cut short, damaged.
class GzFile {
 public:
  explicit GzFile(const std::filesystem::path& path);
  ~GzFile();
  GzFile(const GzFile&) = delete;
  GzFile& operator=(const GzFile&) = delete;

  /// Appends up to `count` bytes, fewer only at the end. Memory grows with the bytes actually read.
  void read(std::string& to, std::uint64_t count);
  void read(Pixels& to, std::uint64_t count);

 private:
  template <class Bytes>
  void read_into(Bytes& to, std::uint64_t count);

  std::filesystem::path path_;
  void* file_;
};

/// Reads an archive (zip, tar, tar.gz, ...). Calls `member` for each regular file for which `wanted` is true,
/// with its name, its bytes and a reason, which is empty unless the bytes are damaged or more than `limit`.
/// Calls `link`, if given, for each symbolic or hard link. Names are UTF-8 in any locale, and differ unless the
/// archive itself repeats one. A data error if the archive itself is damaged, cut short or encrypted.
void read_archive(
    const std::filesystem::path& path, std::uint64_t limit,
    const std::function<bool(const std::string& name)>& wanted,
    const std::function<void(const std::string& name, std::string bytes, const std::string& reason)>& member,
    const std::function<void(const std::string& name)>& link = {});

/// The same for members that may be larger than memory.
void read_large_members(
    const std::filesystem::path& path, std::uint64_t limit,
    const std::function<bool(const std::string& name)>& wanted,
    const std::function<void(const std::string& name, Pixels bytes, const std::string& reason)>& member);

}  // namespace belamy
