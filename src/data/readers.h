// The readers of data sets, one .cpp a format. Internal to src/data: the rest of Belamy calls load_dataset.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belamy/error.h"

#include "data/dataset.h"

namespace belamy {

/// Takes images as a reader comes to them, in any order; `index` counts in Listing::items.
struct Visitor {
  std::function<void(std::size_t index, Image image)> image;
  std::function<void(std::size_t index, Problem problem)> bad;
};

/// What a source has for one split, before any image is decoded.
struct Listing {
  struct Item {
    std::string name;         ///< as the user would name it; empty for images in one array
    std::int64_t label = -1;  ///< -1: none
    std::int64_t style = -1;
    /// What the two files of a pair share: the path below the folder of the class, without ending; empty for
    /// images in one array.
    std::string key = {};
    std::vector<float> attributes = {};  ///< one for each of Listing::attribute_names
    std::string caption = {};            ///< where Listing::captions
  };
  std::string source;                    ///< the file or folder, for messages
  std::vector<Item> items;               ///< in an order that does not depend on the file system
  std::vector<std::string> class_names;  ///< empty without labels
  std::vector<std::string> style_names;
  std::string only_class = {};               ///< as in Dataset
  std::vector<std::string> attribute_names;  ///< empty without attributes
  bool captions = false;                     ///< the items have captions
  std::vector<Problem> problems;
  std::vector<std::string> notes;  ///< what its values were taken for, where that had to be found out
  bool split = false;  ///< the items are the asked split; otherwise everything, and a hold-out is to be taken
  /// The source has validation images of its own; where it has none, those asked for validation are the ones
  /// for training.
  bool validation = false;
  /// Decodes the items with wanted[index].
  std::function<void(const std::vector<bool>& wanted, const Visitor& visitor)> read;
};

/// All images of one split as an array, the form in which IDX, CIFAR, USPS and npz come.
Listing listing_of(Dataset set, const std::string& source, bool split);

Listing list_idx(const std::filesystem::path& path, Split split);
Listing list_cifar(const std::filesystem::path& path, Split split);
Listing list_usps(const std::filesystem::path& path, Split split);
Listing list_npz(const std::filesystem::path& path, Split split);
/// A folder of images, of archives of images, or one such archive; StyleGAN's dataset.json and a table of
/// attributes are used where there is one.
Listing list_files(const std::filesystem::path& path, Split split);
/// Any source but points, with the attributes that are asked for; of pairs made here the side A.
Listing list_source(const Source& source, const DataOptions& options, Split split);

/// The sides of a source of pairs.
struct Sides {
  Listing a, b;
  bool paired;  ///< item i of either belongs to item i of the other
};
/// What data.pairs finds in a source, or a set of pairs is; nothing where the source is one domain, or its
/// side A is made of its pictures (`derive`). Data errors: no such folders or classes.
std::optional<Sides> list_sides(const Source& source, const DataOptions& options, Split split);

/// What the folders of a listing are as domains, in facts, and what is wrong with them, in problems: none of
/// either where no folder is named like a side.
void explain_domains(const Listing& listing, std::vector<std::string>& facts, std::vector<Problem>& problems);

/// Whether side A of data.pairs is made of the pictures, which are B.
bool is_derived(const std::string& pairs);
/// Side A of a picture: "edges" (Sobel), "low-resolution" (a quarter of the pixels along each axis), "gray"
/// or "masked" (the middle quarter of its area at medium gray).
Image derive(const Image& image, const std::string& pairs);

/// The images of a source differ in size or channels, and no setting says what to make of them.
class ImagesDiffer : public Error {
 public:
  using Error::Error;
};

/// A problem made of an error about `file`.
Problem problem_of(const Error& error, const std::string& file);

/// The files in a folder (not below it), sorted by name, hidden ones left out. Data errors: no such folder,
/// not readable, empty.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

/// "3 files: a.txt, b.txt, c.txt" for messages; at most five names.
std::string describe(const std::vector<std::filesystem::path>& files);

/// Labels above this are taken for a mistake in the file.
constexpr std::int64_t kMostClasses = 100000;

/// The largest value; 0 where there is none.
std::uint8_t brightest_of(const std::vector<std::uint8_t>& pixels);

/// What `belamy data doctor` and a training say of images none of whose values exceeds `brightest`: nothing
/// where some are bright enough.
std::optional<Problem> dark_images(const std::string& source, std::uint8_t brightest);

/// What both say of classes without an image; `counts` has the images of each class. Nothing where all
/// have one.
std::optional<Problem> empty_classes(const std::string& source, const std::vector<std::string>& names,
                                     const std::vector<std::int64_t>& counts);

/// The note of values 0 and 1 alone.
inline constexpr const char* taken_as_black_and_white = "values 0 and 1 taken as black and white";

/// A file, gzipped or not, read from its start. Data errors name the file: not readable, cut short, damaged.
class GzFile {
 public:
  explicit GzFile(const std::filesystem::path& path);
  ~GzFile();
  GzFile(const GzFile&) = delete;
  GzFile& operator=(const GzFile&) = delete;

  /// Appends up to `count` bytes; fewer only at the end. Memory grows with what is really there.
  void read(std::string& to, std::uint64_t count);

 private:
  std::filesystem::path path_;
  void* file_;
};

/// Goes through an archive (zip, tar, tar.gz, ...). For each regular file for which `wanted` is true `member`
/// gets name, bytes and a reason when the bytes are damaged, empty otherwise. `limit` bytes a member at most.
/// Names are UTF-8 in any locale, and never those of another member unless the archive itself repeats one.
/// A data error when the archive itself is damaged, cut short or encrypted.
void read_archive(
    const std::filesystem::path& path, std::uint64_t limit,
    const std::function<bool(const std::string& name)>& wanted,
    const std::function<void(const std::string& name, std::string bytes, const std::string& reason)>& member);

}  // namespace belamy
