#include "data/annotations.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "belamy/error.h"

#include "core/text.h"
#include "data/attributes.h"
#include "data/csv.h"
#include "data/readers.h"

namespace belamy {
namespace {

using Json = nlohmann::json;

// Reads the lists of a dataset.json.
class LabelReader {
 public:
  LabelReader(const std::string& title, const std::string& prefix) : title_(title), prefix_(prefix) {}

  Labels read(const Json& json) {
    if (!json["labels"].is_null()) read_labels(pairs_in(json, "labels"));
    if (const auto rows = json.find("attributes"); rows != json.end() && !rows->is_null()) {
      if (!labels_.attributes.empty()) throw fail("\"labels\" and \"attributes\" both list attributes");
      for (const auto& pair : pairs_in(json, "attributes")) add_attributes(pair);
    }
    if (const auto texts = json.find("captions"); texts != json.end() && !texts->is_null())
      read_captions(pairs_in(json, "captions"));
    if (const auto groups = json.find("groups"); groups != json.end() && !groups->is_null())
      read_groups(pairs_in(json, "groups"));
    if (const auto size = json.find("pixel_size"); size != json.end() && !size->is_null())
      read_pixel_size(*size);
    const auto classes = names_in(json, "class_names");
    const bool enough = static_cast<std::int64_t>(classes.size()) > highest_;
    if (labels_.any) labels_.class_names = enough ? classes : numbered_classes(highest_ + 1);
    const auto names = names_in(json, "attribute_names");
    const bool good = names.size() == width_ && std::all_of(names.begin(), names.end(), is_attribute_name);
    labels_.attribute_names = good ? names : numbered_classes(static_cast<std::int64_t>(width_));
    return std::move(labels_);
  }

  Error fail(const std::string& reason) const {
    return data_error(title_ + ": " + reason,
                      R"(write {"labels": [["folder/image.png", 3], ...]} or "labels": null)");
  }

 private:
  const Json& pairs_in(const Json& json, const char* key) const {
    if (!json[key].is_array()) throw fail(fmt::format("\"{}\" is not a list", key));
    return json[key];
  }

  // The name in the store of a file that dataset.json names.
  std::string full(const std::string& file) const {
    return prefix_ + file.substr(file.starts_with("./") ? 2 : 0);
  }

  void read_labels(const Json& pairs) {
    if (pairs.empty()) throw fail("\"labels\" is an empty list");
    std::size_t entry = 0;
    for (const auto& pair : pairs) {
      const bool is_pair = pair.is_array() && pair.size() == 2 && pair[0].is_string();
      if (!is_pair || !(pair[1].is_number_integer() || pair[1].is_array() || pair[1].is_null())) {
        throw fail(fmt::format(
            "entry {} is not a pair of file name and whole number, or list of numbers, or null", entry));
      }
      if (pair[1].is_array()) add_attributes(pair);
      if (pair[1].is_number_integer()) add_label(pair);
      if (labels_.any && !labels_.attributes.empty())
        throw fail(fmt::format("entry {} is of another kind than those before: whole number or list", entry));
      ++entry;
    }
  }

  void add_label(const Json& pair) {
    const auto label = pair[1].get<std::int64_t>();
    const auto file = pair[0].get<std::string>();
    if (label < 0 || label >= kMostClasses)
      throw fail(fmt::format("label {} of {}; allowed 0 .. {}", label, file, kMostClasses - 1));
    labels_.any = true;
    const auto [known, is_new] = labels_.of.emplace(full(file), label);
    if (!is_new && known->second != label)
      throw fail(fmt::format("{} has the labels {} and {}", file, known->second, label));
    highest_ = std::max(highest_, label);
  }

  void add_attributes(const Json& pair) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_array())
      throw fail("an entry of attributes is not a pair of file name and list of numbers");
    const auto file = pair[0].get<std::string>();
    std::vector<float> row;
    for (const auto& value : pair[1]) {
      row.push_back(value.is_number() ? value.get<float>() : NAN);
      if (!std::isfinite(row.back())) throw fail(fmt::format("an attribute of {} is not a number", file));
    }
    if (row.empty()) throw fail(fmt::format("{} has an empty list of attributes", file));
    if (width_ > 0 && row.size() != width_)
      throw fail(fmt::format("{} has {}, but files before it have {}", file, counted(row.size(), "attribute"),
                             width_));
    width_ = row.size();
    const auto [known, is_new] = labels_.attributes.emplace(full(file), row);
    if (!is_new && known->second != row) throw fail(fmt::format("{} has two lists of attributes", file));
  }

  void read_captions(const Json& pairs) {
    for (const auto& pair : pairs) {
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
        throw fail("an entry of captions is not a pair of file name and text");
      const auto file = pair[0].get<std::string>(), text = pair[1].get<std::string>();
      const auto [known, is_new] = labels_.captions.emplace(full(file), text);
      if (!is_new && known->second != text) throw fail(fmt::format("{} has two captions", file));
    }
  }

  void read_groups(const Json& pairs) {
    for (const auto& pair : pairs) {
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_number_unsigned())
        throw fail("an entry of groups is not a pair of file name and whole number");
      const auto file = pair[0].get<std::string>(), group = pair[1].dump();
      const auto [known, is_new] = labels_.groups.emplace(full(file), group);
      if (!is_new && known->second != group) throw fail(fmt::format("{} is in two groups", file));
    }
  }

  void read_pixel_size(const Json& size) {
    const auto is_extent = [](const Json& value) { return value.is_number() && value.get<double>() > 0; };
    if (!size.is_array() || size.size() != 2 || !is_extent(size[0]) || !is_extent(size[1]))
      throw fail("pixel_size is not a pair of positive numbers, the height and width of a pixel in mm");
    labels_.pixel_size = PixelSize{size[0].get<double>(), size[1].get<double>()};
  }

  // A list of names; empty if there is none, or if it holds something else.
  static std::vector<std::string> names_in(const Json& json, const char* key) {
    const auto names = json.find(key);
    const auto is_text = [](const Json& name) { return name.is_string(); };
    const bool good =
        names != json.end() && names->is_array() && std::all_of(names->begin(), names->end(), is_text);
    return good ? names->get<std::vector<std::string>>() : std::vector<std::string>();
  }

  const std::string &title_, &prefix_;
  Labels labels_;
  std::int64_t highest_ = -1;
  std::size_t width_ = 0;
};

bool is_caption_column(const std::string& name) {
  return in_lower_case(name) == "caption";
}

// A number, or 1 and 0 for true and false.
std::optional<float> value_in(const std::string& cell) {
  const auto word = in_lower_case(cell);
  if (word == "true" || word == "false") return word == "true" ? 1.0f : 0.0f;
  return number_in<float>(std::string_view(cell).substr(cell.starts_with('+') ? 1 : 0));
}

// Whether this is a name for the first column of a table of pictures.
bool is_file_column(const std::string& name) {
  static const std::set<std::string> known = {"file",  "filename", "file_name", "path",
                                              "image", "image_id", "image_name"};
  return known.count(in_lower_case(name)) > 0;
}

// The columns of a table, checked and turned into numbers.
class TableReader {
 public:
  TableReader(std::string_view text, const std::string& title)
      : title_(title), rows_(parse_csv(text, title)) {
    const auto is_empty = [](const std::string& cell) { return cell.empty(); };
    std::erase_if(
        rows_, [&](const CsvRow& row) { return std::all_of(row.cells.begin(), row.cells.end(), is_empty); });
  }

  PictureTable read() {
    check_header();
    check_rows();
    std::vector<std::string> texts;
    for (std::size_t column = 1; column < header().size(); ++column) {
      if (is_caption_column(header()[column])) {
        add_captions(column);
      } else if (is_text(column)) {
        texts.push_back(header()[column]);
      } else {
        add_attribute(column);
      }
    }
    if (table_.attribute_names.empty() && !table_.captions)
      throw data_error(title_ + ": no column of numbers, and none called caption",
                       "write a value for each attribute: 0, 1 or another number, decimals with a point");
    if (!texts.empty())
      table_.notes.push_back(
          fmt::format("{}: columns of text are left out: {}", title_, fmt::join(texts, ", ")));
    return std::move(table_);
  }

 private:
  const std::vector<std::string>& header() const { return rows_[0].cells; }

  Error fail(std::size_t line, const std::string& reason, const std::string& cure) const {
    return data_error(fmt::format("{}: line {}: {}", title_, line, reason), cure);
  }

  void check_header() const {
    constexpr const char* expected = "write a header such as file,smiling,old and one row per picture";
    if (rows_.empty()) throw data_error(title_ + ": the table is empty", expected);
    if (!is_file_column(header()[0])) {
      const bool other = header()[0].find_first_of(";\t") != std::string::npos;
      throw fail(rows_[0].line, fmt::format("the first column is '{}', which names no files", header()[0]),
                 other ? "separate the cells by commas, and write decimals with a point" : expected);
    }
    std::set<std::string> known;
    for (const auto& name : header()) {
      if (!known.insert(name).second)
        throw fail(rows_[0].line, fmt::format("two columns are called '{}'", name), "rename one of them");
    }
    if (rows_.size() == 1) throw data_error(title_ + ": a header without rows", expected);
  }

  void check_rows() {
    std::map<std::string, std::size_t> lines;
    for (std::size_t r = 1; r < rows_.size(); ++r) {
      const auto& [line, cells] = rows_[r];
      if (cells.size() != header().size()) {
        throw fail(
            line, fmt::format("{}, but the header has {}", counted(cells.size(), "cell"), header().size()),
            "write a value for each column, decimals with a point, and texts with commas in double quotes");
      }
      const auto [known, is_new] = lines.emplace(cells[0], line);
      if (!is_new)
        throw fail(line, fmt::format("{} is in line {} as well", cells[0], known->second),
                   "keep one of the two lines");
      table_.rows.push_back({cells[0], {}, {}});
    }
  }

  void add_captions(std::size_t column) {
    table_.captions = true;
    for (std::size_t r = 1; r < rows_.size(); ++r) {
      const auto& text = rows_[r].cells[column];
      if (text.empty()) throw fail(rows_[r].line, "an empty caption", "write one, or remove the row");
      table_.rows[r - 1].caption = text;
    }
  }

  bool is_text(std::size_t column) const {
    return std::none_of(rows_.begin() + 1, rows_.end(),
                        [&](const CsvRow& row) { return value_in(row.cells[column]).has_value(); });
  }

  void add_attribute(std::size_t column) {
    if (!is_attribute_name(header()[column]))
      throw fail(rows_[0].line, fmt::format("'{}' is not a valid name of an attribute", header()[column]),
                 "give each column a name without commas and '='");
    std::vector<float> values;
    for (std::size_t r = 1; r < rows_.size(); ++r) {
      const auto& cell = rows_[r].cells[column];
      const auto value = value_in(cell);
      if (!value) {
        throw fail(rows_[r].line,
                   cell.empty() ? fmt::format("no value for '{}'", header()[column])
                                : fmt::format("'{}' is '{}', not a number", header()[column], cell),
                   "write 0, 1 or another number, decimals with a point");
      }
      values.push_back(*value);
    }
    // As in CelebA's table. A column that has 0 as well means three different things.
    const bool signs =
        std::all_of(values.begin(), values.end(), [](float value) { return value == -1 || value == 1; });
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool absent = signs && values[i] == -1;
      if (absent && !std::exchange(told_, true)) table_.notes.push_back(title_ + ": values -1 taken as 0");
      table_.rows[i].attributes.push_back(absent ? 0 : values[i]);
    }
    table_.attribute_names.push_back(header()[column]);
  }

  const std::string& title_;
  std::vector<CsvRow> rows_;
  PictureTable table_;
  bool told_ = false;
};

}  // namespace

Labels parse_labels(const std::string& text, const std::string& title, const std::string& prefix) {
  LabelReader reader(title, prefix);
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw reader.fail("not valid JSON");
  if (!json.is_object() || !json.contains("labels")) return {};
  return reader.read(json);
}

PictureTable parse_table(std::string_view text, const std::string& title) {
  return TableReader(text, title).read();
}

}  // namespace belamy
