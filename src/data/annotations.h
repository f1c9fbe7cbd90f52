// Files that describe the pictures beside them: dataset.json and tables. Internal to src/data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// The content of dataset.json in StyleGAN's layout. A file may have a label (a whole number), attributes (a
/// list of numbers), or neither (null).
struct Labels {
  bool any = false;                                  ///< the files have classes
  std::unordered_map<std::string, std::int64_t> of;  ///< by full name in the store
  std::vector<std::string> class_names;
  std::unordered_map<std::string, std::vector<float>> attributes;  ///< by full name in the store
  std::vector<std::string> attribute_names;
  std::unordered_map<std::string, std::string> captions;  ///< by full name in the store
  std::unordered_map<std::string, std::string> groups;    ///< the same: what a split does not divide
  std::optional<PixelSize> pixel_size;
};

/// `prefix` is the folder of dataset.json with its "/". Data errors name `title`.
Labels parse_labels(const std::string& text, const std::string& title, const std::string& prefix);

/// A table with a header such as "file,smiling,old" and one row per picture. A column in which every value is
/// -1 or 1 is read with 0 for -1, as CelebA means it. True and False are 1 and 0. The only column of text that
/// is read is "caption". Rows without any value do not count.
struct PictureTable {
  struct Row {
    std::string file;  ///< as it is written
    std::vector<float> attributes;
    std::string caption;
  };
  std::vector<std::string> attribute_names;
  bool captions = false;  ///< the rows have captions
  std::vector<Row> rows;
  std::vector<std::string> notes;  ///< what was left out or read in another way
};

/// Data errors name `title` and the line: no column of file names, no column of numbers or captions, a row
/// that is longer or shorter than the header, a cell without a number in a column of numbers, a repeated file
/// or column.
PictureTable parse_table(std::string_view text, const std::string& title);

}  // namespace belamy
