// Image files in folders and archives.
#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/text.h"
#include "data/annotations.h"
#include "data/captions.h"
#include "data/csv.h"
#include "data/decode_ahead.h"
#include "data/layout.h"
#include "data/readers.h"
#include "data/slices.h"
#include "data/walk.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = std::uint64_t{1} << 28;
constexpr const char* kAttributesFile = "attributes.csv";
constexpr const char* kLabelsFile = "dataset.json";
constexpr const char* expected =
    "use PNG, JPEG, PGM or PPM files, in one folder or in one sub-folder per class";

// An image file and what is known about it.
struct Item {
  std::string name;  // relative to the store
  std::int64_t label = -1;
  std::string key = {};
  std::vector<float> attributes = {};
  std::string caption = {};
  std::string unit = {};  // what a split does not divide
};

// A listing in the making.
struct FileListing : Listing {
  std::vector<Item> items;
  bool captioned = false, grouped = false;
};

using TakeFile = std::function<void(const std::string& name, std::string bytes, const std::string& reason)>;

bool is_attributes_file(const std::string& name) {
  const auto file = fs::path(name).filename();
  return has_ending(file, kAttributesFile) && file.string().size() == std::strlen(kAttributesFile);
}

// A folder or an archive: the files in it and how to read some of them.
struct Store {
  fs::path path;
  std::string join;                // between path and name in messages
  std::vector<std::string> names;  // relative, '/' between folders, sorted, hidden files left out
  std::vector<std::string> empty;  // folders without a file, if others have some
  std::vector<Problem> problems;
  std::function<void(const std::function<bool(const std::string&)>& wanted, const TakeFile& take)> read;

  std::string full(const std::string& name) const { return path.string() + join + name; }
};

// Reads one file of a folder; the reason is empty if that succeeds.
std::string read_file(const fs::path& path, std::string& reason) {
  std::error_code code;
  const auto size = fs::file_size(path, code);
  std::ifstream file(path, std::ios::binary);
  if (code || !file) {
    reason = fmt::format("cannot be read: {}", code ? code.message() : std::strerror(errno));
    return "";
  }
  if (size > largest_file) {
    reason = fmt::format("larger than {} bytes", largest_file);
    return "";
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size)) reason = "cannot be read to its end";
  return bytes;
}

Store open_folder(const fs::path& path) {
  auto found = walk_folder(path);
  Store store{path, "/", std::move(found.names), std::move(found.empty), std::move(found.problems), {}};
  store.read = [path, names = store.names](const auto& wanted, const TakeFile& take) {
    for (const auto& name : names) {
      if (!wanted(name)) continue;
      std::string reason;
      std::string bytes = read_file(path / name, reason);
      take(name, std::move(bytes), reason);
    }
  };
  return store;
}

Store open_archive(const fs::path& path) {
  Store store{path, ":", {}, {}, {}, {}};
  const auto is_shown = [](const std::string& name) {
    const auto parts = split_path(name);
    return !parts.empty() && std::none_of(parts.begin(), parts.end(), is_hidden);
  };
  const auto collect = [&](const std::string& name) {
    if (is_shown(name)) store.names.push_back(name);
    return false;
  };
  const auto report_link = [&](const std::string& name) {
    if (is_shown(name)) {
      store.problems.push_back(
          {store.full(name), "a link in the archive, which is not read",
           "unpack the archive and give the folder, or pack it with files in place of links"});
    }
  };
  read_archive(path, largest_file, collect, {}, report_link);
  std::sort(store.names.begin(), store.names.end());
  // Archives that were added to may hold a name several times; unpacking them leaves the last file.
  std::map<std::string, std::int64_t> repeated;
  for (std::size_t i = 1; i < store.names.size(); ++i) {
    if (store.names[i] == store.names[i - 1]) ++repeated[store.names[i]];
  }
  store.names.erase(std::unique(store.names.begin(), store.names.end()), store.names.end());
  for (const auto& [name, times] : repeated) {
    store.problems.push_back({store.full(name),
                              fmt::format("{} times in the archive; only the last is read", times + 1),
                              "pack the archive again with different names", 0});
  }
  store.read = [path, repeated](const auto& wanted, const TakeFile& take) {
    auto earlier = repeated;
    const auto wanted_last = [&](const std::string& name) {
      const auto more = earlier.find(name);
      const bool last = more == earlier.end() || more->second-- == 0;
      return last && wanted(name);
    };
    read_archive(path, largest_file, wanted_last, take);
  };
  return store;
}

// An archive's test set beside it: train.zip and test.zip, images_background.zip and images_evaluation.zip.
std::optional<fs::path> test_archive_of(const fs::path& train) {
  const std::array<std::pair<std::string, std::string>, 2> words = {
      {{"train", "test"}, {"background", "evaluation"}}};
  for (const auto& [from, to] : words) {
    std::string name = train.filename().string();
    const auto at = name.find(from);
    if (at == std::string::npos) continue;
    const fs::path test = train.parent_path() / name.replace(at, from.size(), to);
    if (fs::is_regular_file(test)) return test;
  }
  return {};
}

// What to open for a path: one store, or one per split.
struct Place {
  fs::path train;
  std::optional<fs::path> test;
  std::vector<fs::path> others = {};  // archives of the folder that are not read
  std::vector<Stray> strays = {};     // its other files that are not read
};

// A folder from which only archives are read.
Place in_folder(const Store& folder, const std::vector<fs::path>& archives, const fs::path& train) {
  Place place{train, archives.size() > 1 ? test_archive_of(train) : std::nullopt};
  const auto is_read = [&](const fs::path& file) { return file == place.train || file == place.test; };
  std::copy_if(archives.begin(), archives.end(), std::back_inserter(place.others), std::not_fn(is_read));
  for (const auto& name : folder.names) {
    const bool known = std::count(archives.begin(), archives.end(), folder.path / name) > 0;
    if (!known && !is_company(name)) place.strays.push_back({name, false, 1});
  }
  return place;
}

Place find_place(const fs::path& path, const Store* folder) {
  if (!folder) return {path, test_archive_of(path)};
  std::vector<fs::path> archives;
  for (const auto& name : folder->names) {
    if (is_image_name(name)) return {path, {}};
    if (is_archive(name) && name.find('/') == std::string::npos) archives.push_back(path / name);
  }
  std::vector<fs::path> pairs;
  std::copy_if(archives.begin(), archives.end(), std::back_inserter(pairs), test_archive_of);
  if (pairs.size() == 1) return in_folder(*folder, archives, pairs[0]);
  if (archives.size() == 1) return in_folder(*folder, archives, archives[0]);
  if (archives.empty()) return {path, {}};
  throw data_error(fmt::format("{}: several archives, and it is not clear which to use: {}", path.string(),
                               describe(archives)),
                   "give the path of one of them");
}

// Reads one file of a store, which describes the others.
std::string text_in(const Store& store, const std::string& file) {
  std::string text;
  store.read([&](const std::string& name) { return name == file; },
             [&](const std::string& name, std::string bytes, const std::string& reason) {
               if (!reason.empty()) throw data_error(store.full(name) + ": " + reason, "get the file again");
               text = std::move(bytes);
             });
  if (is_utf16(text)) throw data_error(store.full(file) + ": text in UTF-16", "save it as UTF-8");
  return text;
}

// The folder of a file with its "/"; "" for the folder of all.
std::string folder_prefix(const std::string& file) {
  return file.substr(0, file.rfind('/') + 1);
}

// The labels in the dataset.json of a store; nothing if it has no such file.
std::optional<Labels> find_labels(const Store& store) {
  std::vector<std::string> found;
  std::copy_if(store.names.begin(), store.names.end(), std::back_inserter(found),
               [](const std::string& name) { return fs::path(name).filename() == kLabelsFile; });
  if (found.empty()) return {};
  if (found.size() > 1) {
    throw data_error(
        fmt::format("{}: two files with labels: {} and {}", store.path.string(), found[0], found[1]),
        "join them into one in the folder around all images, with file names relative to it");
  }
  return parse_labels(text_in(store, found[0]), store.full(found[0]), folder_prefix(found[0]));
}

Problem bad_file(const std::string& file, const std::string& reason) {
  return {file, reason, "remove it, or replace it with an intact file"};
}

// A file that is not an image: an archive among images is named as what it is.
Problem bad_image(const Error& error, const std::string& file, const std::string& bytes) {
  if (begins_like_archive(bytes)) {
    return {file, "an archive among the images, which is not read",
            "unpack it, or give it by itself as the data set"};
  }
  const auto* format = foreign_format(file, bytes);
  if (!format || format->picture) return problem_of(error, file);
  return {file, format->what + ", which is not read", format->cure};
}

[[noreturn]] void no_images(const Store& store) {
  if (store.names.empty()) {
    if (store.problems.empty()) throw data_error(store.path.string() + ": no files in it", expected);
    const auto& first = store.problems[0];
    throw data_error(
        fmt::format("{}: no files in it; first: {}: {}", store.path.string(), first.file, first.reason),
        first.cure);
  }
  std::string why;
  store.read([&](const std::string& name) { return name == store.names[0]; },
             [&](const std::string& name, const std::string& bytes, const std::string& reason) {
               try {
                 if (reason.empty()) decode_image(bytes, name);
                 why = reason.empty() ? "an image with the name of a text file" : reason;
               } catch (const Error& error) {
                 why = bad_image(error, name, bytes).reason;
               }
             });
  throw data_error(fmt::format("{}: no readable image among {}; first: {}: {}", store.path.string(),
                               counted(store.names.size(), "file"), store.names[0], why),
                   expected);
}

std::vector<std::string> image_names(const Store& store) {
  std::vector<std::string> names;
  std::copy_if(store.names.begin(), store.names.end(), std::back_inserter(names),
               [](const std::string& name) { return !is_company(name); });
  if (names.empty()) no_images(store);
  return names;
}

std::vector<std::string> groups_of(const std::vector<Entry>& entries) {
  std::set<std::string> groups;
  for (const auto& entry : entries) {
    if (!entry.group.empty()) groups.insert(entry.group);
  }
  return {groups.begin(), groups.end()};
}

// The classes of a test archive, numbered as those of its training archive, which come first. Sets without a
// common class, such as those of one-shot learning, have numbers of their own.
std::vector<std::string> numbered_as(std::vector<std::string> training,
                                     const std::vector<std::string>& test) {
  std::vector<std::string> more;
  std::set_difference(test.begin(), test.end(), training.begin(), training.end(), std::back_inserter(more));
  if (!test.empty() && more.size() == test.size()) return test;
  training.insert(training.end(), more.begin(), more.end());
  return training;
}

// Keys of files whose labels do not come from folders: the paths below the folder that holds all files of
// a label.
void set_keys(std::vector<Item>& items) {
  std::unordered_map<std::int64_t, std::vector<std::string>> names;
  for (const auto& item : items) names[item.label].push_back(item.name);
  std::unordered_map<std::int64_t, std::size_t> depths;
  for (const auto& [label, files] : names) depths[label] = common_depth(files);
  for (auto& item : items) {
    const auto parts = split_path(item.name);
    const auto first = parts.begin() + static_cast<std::ptrdiff_t>(depths[item.label]);
    item.key = without_ending(fmt::format("{}", fmt::join(first, parts.end(), "/")));
  }
}

// Moves what `facts` knows about a file to `to`; false if it does not know the file. Without `any` there
// are no such facts, and every file passes.
template <class T>
bool take_fact(std::unordered_map<std::string, T>& facts, const std::string& name, bool any, T& to) {
  if (!any) return true;
  const auto found = facts.find(name);
  if (found == facts.end()) return false;
  to = std::move(found->second);
  facts.erase(found);
  return true;
}

// Adds items with what dataset.json says about them; folders mean nothing then.
void add_labelled(const std::vector<std::string>& names, Labels labels, const Store& store,
                  FileListing& listing) {
  const bool attributes = !labels.attributes.empty(), captions = !labels.captions.empty(),
             groups = !labels.groups.empty();
  for (const auto& name : names) {
    Item item{name};
    std::string lacking;
    if (!take_fact(labels.of, name, labels.any, item.label)) lacking = "label";
    if (!take_fact(labels.attributes, name, attributes, item.attributes)) lacking = "attributes";
    if (!take_fact(labels.captions, name, captions, item.caption)) lacking = "caption";
    if (!take_fact(labels.groups, name, groups, item.unit)) lacking = "group";
    if (lacking.empty()) {
      listing.items.push_back(std::move(item));
    } else {
      listing.problems.push_back({store.full(name), fmt::format("no {} in dataset.json", lacking),
                                  "add it there, or remove the file"});
    }
  }
  std::set<std::string> missing;
  for (const auto& [name, label] : labels.of) missing.insert(name);
  for (const auto& [name, row] : labels.attributes) missing.insert(name);
  for (const auto& [name, text] : labels.captions) missing.insert(name);
  for (const auto& [name, group] : labels.groups) missing.insert(name);
  for (const auto& name : missing) {
    listing.problems.push_back(
        {store.full(name), "named in dataset.json, but missing", "remove its entry from dataset.json"});
  }
  set_keys(listing.items);
  listing.class_names = labels.class_names;
  listing.attribute_names = labels.attribute_names;
  listing.captioned = captions;
  listing.grouped = groups;
  listing.pixel_size = labels.pixel_size;
  if (labels.pixel_size) listing.notes.push_back(text_of(*labels.pixel_size));
}

// Reports many files of one folder in one line.
std::vector<Stray> gathered(const std::vector<Stray>& strays) {
  constexpr std::size_t many = 4;
  std::map<fs::path, std::vector<Stray>> files;
  std::vector<Stray> result;
  for (const auto& stray : strays) {
    if (stray.folder) {
      result.push_back(stray);
    } else {
      files[fs::path(stray.path).parent_path()].push_back(stray);
    }
  }
  for (const auto& [folder, in_it] : files) {
    if (in_it.size() < many) {
      result.insert(result.end(), in_it.begin(), in_it.end());
    } else {
      result.push_back({folder.string(), true, static_cast<std::int64_t>(in_it.size())});
    }
  }
  return result;
}

void leave_out(const std::vector<Stray>& strays, const std::string& reason, const std::string& cure,
               const Store& store, Listing& listing) {
  for (const auto& stray : gathered(strays)) {
    const auto count = counted(stray.files, "file") + " ";
    listing.problems.push_back({stray.path.empty() ? store.path.string() : store.full(stray.path),
                                (stray.folder ? count : "") + reason, cure, stray.files});
  }
}

// Files beside the folders of the splits belong to none of them: they must not be trained on by mistake.
void leave_out_strays(const Layout& layout, const Store& store, Listing& listing) {
  if (layout.strays.empty()) return;
  const bool several = layout.splits.size() > 1;
  const auto folders = fmt::format("the folder{} {}", several ? "s" : "", fmt::join(layout.splits, ", "));
  const auto cure =
      several ? "move what belongs to the data set into one of these folders"
              : fmt::format("move what belongs to the data set into {0}; if {0} is a class, rename it",
                            layout.splits.at(0));
  leave_out(layout.strays, "outside " + folders, cure, store, listing);
}

// What lies beside the archives of a folder, and is not read.
void report_beside(const Place& place, const Store& folder, Listing& listing) {
  const auto train = place.train.filename().string();
  const auto reason = place.test ? fmt::format("not read: {} holds the training images, {} the test images",
                                               train, place.test->filename().string())
                                 : fmt::format("not read: {} holds the images", train);
  leave_out(place.strays, reason,
            fmt::format("give the archive itself, or move {} out of the folder to use the files", train),
            folder, listing);
  for (const auto& other : place.others)
    listing.notes.push_back(fmt::format("{} is {}", other.string(), reason));
  const auto table = std::find_if(folder.names.begin(), folder.names.end(), is_attributes_file);
  if (table != folder.names.end() && table->find('/') == std::string::npos) {
    listing.problems.push_back({folder.full(*table), "beside an archive, so it is not read",
                                "put it into the archive, with file names relative to its root", 0});
  }
}

void report_empty(const Store& store, Listing& listing) {
  for (const auto& folder : store.empty) {
    listing.problems.push_back(
        {store.full(folder), "an empty folder", "put the images of the class into it, or remove it", 0});
  }
}

// The splits that have an image to use. If there are classes, test images without a class cannot be measured
// on, so they count as images for prediction.
std::set<std::string> usable_splits(const Layout& layout, const Listing& listing) {
  std::set<std::string> splits;
  for (const auto& entry : layout.entries) {
    if (listing.class_names.empty() || !entry.group.empty()) splits.insert(entry.split);
  }
  return splits;
}

// Adds items with their folder as label.
void add_grouped(const Layout& layout, Split split, const Store& store, FileListing& listing) {
  const auto splits = usable_splits(layout, listing);
  const bool test = splits.count("test"), val = splits.count("val");
  listing.split = listing.split || test || val;
  listing.validation = test && val;
  const auto wanted = split_folder(splits, split);
  std::vector<Stray> without_class;
  std::unordered_map<std::string, std::int64_t> numbers;
  for (const auto& name : listing.class_names)
    numbers.emplace(name, static_cast<std::int64_t>(numbers.size()));
  for (const auto& entry : layout.entries) {
    if (!entry.split.empty() && entry.split != wanted && splits.count(entry.split)) continue;
    std::int64_t label = -1;
    if (!listing.class_names.empty()) {
      if (entry.group.empty()) {
        without_class.push_back({entry.name, false, 1});
        continue;
      }
      label = numbers.at(entry.group);
    }
    const auto key = without_ending(fs::path(entry.name).filename().string());
    listing.items.push_back({entry.name, label, key});
  }
  leave_out(without_class, "beside the folders of the classes",
            "move it into the folder of its class, or out of the data set", store, listing);
  leave_out_strays(layout, store, listing);
  report_empty(store, listing);
}

// A table beside the pictures. Its file names are relative to its folder.
struct FoundTable {
  std::string file;
  PictureTable table;
};

// attributes.csv in a folder around all pictures, or the only other table there that names pictures.
std::optional<FoundTable> find_table(const Store& store, const std::vector<std::string>& pictures,
                                     Listing& listing) {
  std::vector<std::string> certain, others;
  const auto depth = common_depth(pictures);
  for (const auto& name : store.names) {
    const bool is_named = is_attributes_file(name);
    if (!is_named && !has_ending(name, ".csv")) continue;
    if (split_path(name).size() <= depth + 1 && pictures[0].starts_with(folder_prefix(name))) {
      (is_named ? certain : others).push_back(name);
    } else if (is_named) {
      listing.problems.push_back({store.full(name), "not in a folder around all images, so it is not read",
                                  "move it into such a folder, with file names relative to it", 0});
    }
  }
  if (certain.size() > 1) {
    throw data_error(
        fmt::format("{}: two tables of attributes: {} and {}", store.path.string(), certain[0], certain[1]),
        "keep one of them");
  }
  if (certain.size() == 1)
    return FoundTable{certain[0], parse_table(text_in(store, certain[0]), store.full(certain[0]))};
  if (others.size() > 1) {
    listing.notes.push_back(fmt::format("tables that are not read: {}; to use one of them, call it {}",
                                        fmt::join(others, ", "), kAttributesFile));
  }
  if (others.size() != 1) return {};
  try {
    return FoundTable{others[0], parse_table(text_in(store, others[0]), store.full(others[0]))};
  } catch (const Error& error) {
    // The table may be meant for something else.
    const auto problem = problem_of(error, store.full(others[0]));
    listing.notes.push_back(
        fmt::format("{} is not read: {}; to use it, {}", problem.file, problem.reason, problem.cure));
    return {};
  }
}

// The picture that each row of a table names: by its path from the table's folder, else by its file name if
// only one picture has it. Rows without a picture become a problem.
std::unordered_map<std::string, const PictureTable::Row*> rows_by_picture(
    const FoundTable& found, const std::vector<std::string>& pictures, const Store& store, Listing& listing) {
  std::unordered_map<std::string, std::string> by_path, by_name;
  const auto prefix = folder_prefix(found.file);
  for (const auto& picture : pictures) {
    by_path[picture.substr(prefix.size())] = picture;
    const auto [known, is_new] = by_name.emplace(picture.substr(picture.rfind('/') + 1), picture);
    if (!is_new) known->second.clear();
  }
  std::unordered_map<std::string, const PictureTable::Row*> rows;
  std::vector<std::string> unknown;
  for (const auto& row : found.table.rows) {
    const auto file = row.file.starts_with("./") ? row.file.substr(2) : row.file;
    const auto path = by_path.find(file), name = by_name.find(file);
    if (path != by_path.end()) {
      rows[path->second] = &row;
    } else if (name != by_name.end() && !name->second.empty()) {
      rows[name->second] = &row;
    } else {
      unknown.push_back(row.file);
    }
  }
  if (rows.empty()) {
    throw data_error(fmt::format("{}: it names no image that is here; it names {}", store.full(found.file),
                                 first_names(unknown, 5)),
                     fmt::format("write paths relative to {}, such as {}",
                                 prefix.empty() ? store.path.string() : store.full(prefix),
                                 pictures[0].substr(prefix.size())));
  }
  if (!unknown.empty()) {
    listing.problems.push_back({store.full(found.file),
                                fmt::format("names {} that {} not there: {}", counted(unknown.size(), "file"),
                                            unknown.size() == 1 ? "is" : "are", first_names(unknown, 5)),
                                "correct these rows, or remove them", 0});
  }
  return rows;
}

// Removes the items for which `take` finds nothing.
void keep_told(const std::function<bool(Item&)>& take, const std::string& reason, const std::string& cure,
               const Store& store, FileListing& listing) {
  std::vector<Item> items;
  std::vector<Stray> without;
  for (auto& item : listing.items) {
    if (take(item)) {
      items.push_back(std::move(item));
    } else {
      without.push_back({item.name, false, 1});
    }
  }
  listing.items = std::move(items);
  leave_out(without, reason, cure, store, listing);
}

// Adds what a table beside the pictures says about the items. An item without a row is left out.
void add_table(const std::vector<std::string>& pictures, const Store& store, FileListing& listing) {
  const auto found = find_table(store, pictures, listing);
  if (!found) return;
  const auto& table = found->table;
  if (!listing.attribute_names.empty() || listing.captioned) {
    throw data_error(fmt::format("{}: dataset.json beside it holds attributes or captions as well",
                                 store.full(found->file)),
                     "keep one of the two");
  }
  const auto rows = rows_by_picture(*found, pictures, store, listing);
  listing.attribute_names = table.attribute_names;
  listing.captioned = table.captions;
  listing.notes.insert(listing.notes.end(), table.notes.begin(), table.notes.end());
  const auto take = [&](Item& item) {
    const auto row = rows.find(item.name);
    if (row == rows.end()) return false;
    item.attributes = row->second->attributes;
    item.caption = row->second->caption;
    return true;
  };
  keep_told(take, "without a row in " + fs::path(found->file).filename().string(),
            "add a row for it, or remove the image", store, listing);
}

// Whether a text has words: the numbers of an annotation are none.
bool has_letters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalpha(byte) || byte >= 0x80;
  });
}

// Adds the text files beside pictures with the same name as captions, if most pictures have one.
void add_texts(const std::vector<std::string>& pictures, const Store& store, FileListing& listing) {
  if (listing.captioned) return;
  const std::set<std::string> files(store.names.begin(), store.names.end());
  const auto text_beside = [](const std::string& picture) { return without_ending(picture) + ".txt"; };
  std::set<std::string> wanted;
  for (const auto& picture : pictures) {
    if (files.count(text_beside(picture))) wanted.insert(text_beside(picture));
  }
  const auto note = [&](std::size_t count, const std::string& what) {
    if (count == 0) return;
    listing.notes.push_back(
        fmt::format("{} beside images {} {}", counted(count, "text"), count == 1 ? "is" : "are", what));
  };
  const auto too_few = [&](std::size_t count) {
    if (count * 2 > pictures.size()) return false;
    note(count, fmt::format("not read as captions; more than half of the {} need one",
                            counted(pictures.size(), "image")));
    return true;
  };
  if (too_few(wanted.size())) return;
  std::unordered_map<std::string, std::string> texts;
  std::size_t utf16 = 0, wordless = 0;
  store.read([&](const std::string& name) { return wanted.count(name) > 0; },
             [&](const std::string& name, std::string bytes, const std::string& reason) {
               if (!reason.empty()) throw data_error(store.full(name) + ": " + reason, "get the file again");
               if (is_utf16(bytes)) {
                 ++utf16;
               } else if (!has_letters(bytes)) {
                 ++wordless;
               } else {
                 texts[name] = std::move(bytes);
               }
             });
  note(utf16, "in UTF-16 and not read; save as UTF-8");
  note(wordless, "without a word and not read as captions");
  if (too_few(texts.size())) return;
  listing.captioned = true;
  std::size_t without = 0;
  for (auto& item : listing.items) {
    const auto text = texts.find(text_beside(item.name));
    if (text == texts.end()) {
      ++without;
    } else {
      item.caption = text->second;
    }
  }
  if (without > 0)
    listing.notes.push_back(fmt::format("{} of {} {} no caption beside them", without,
                                        counted(listing.items.size(), "image"),
                                        without == 1 ? "has" : "have"));
}

bool has_dataset_json(const fs::path& zip) {
  bool found = false;
  const auto look = [&](const std::string& name) {
    found |= fs::path(name).filename() == kLabelsFile;
    return false;
  };
  try {
    read_archive(zip, 0, look, [](const auto&, auto, const auto&) {});
  } catch (const Error&) {
    // The file is damaged; list_files reports how.
  }
  return found;
}

// Whether a file is an archive that read_archive reads, by its name or its bytes.
bool is_packed(const SeenFile& file) {
  // An empty file may be unreadable; opening it reports that.
  const bool maybe = file.first_bytes.empty() || begins_like_archive(file.first_bytes);
  return !file.foreign && (is_archive(file.path) || maybe);
}

// Files of a set that lies in a folder, such as CIFAR-10, are not read from an archive.
void refuse_packed_sets(const Store& store) {
  for (const auto& name : store.names) {
    for (const auto& [kind, format] : data_formats()) {
      if (format.of_files || !format.recognises_folder_by) continue;
      if (!format.recognises_folder_by(fs::path(name).filename().string())) continue;
      throw data_error(fmt::format("{}: not read from an archive: {}", store.full(name), format.description),
                       "unpack the archive and give the folder that holds this file");
    }
  }
}

// A folder of images, a folder of archives of images, or one such archive. Uses StyleGAN's dataset.json and a
// table of attributes if there is one.
Listing list_files(const fs::path& path, Split split, const DataOptions& options) {
  std::error_code code;
  std::optional<Store> folder;
  if (!fs::is_regular_file(path, code)) folder = open_folder(path);
  const Place place = find_place(path, folder ? &*folder : nullptr);
  const bool test = place.test && split == Split::test;
  const fs::path& chosen = test ? *place.test : place.train;
  FileListing listing;
  if (folder && chosen != path) report_beside(place, *folder, listing);
  const auto store =
      std::make_shared<const Store>(folder && chosen == path ? std::move(*folder) : open_archive(chosen));

  listing.source = chosen.string();
  listing.split = place.test.has_value();
  listing.problems.insert(listing.problems.end(), store->problems.begin(), store->problems.end());
  if (fs::is_regular_file(chosen, code)) refuse_packed_sets(*store);
  const auto names = image_names(*store);
  if (auto labels = find_labels(*store)) {
    add_labelled(names, std::move(*labels), *store, listing);
  } else {
    const auto train = test ? image_names(open_archive(place.train)) : names;
    const std::size_t skip = std::min(common_depth(train), common_depth(names));
    const auto layout = lay_out(names, skip);
    listing.class_names = groups_of(layout.entries);
    if (listing.class_names.empty()) listing.only_class = layout.only_folder;
    if (test) listing.class_names = numbered_as(groups_of(lay_out(train, skip).entries), listing.class_names);
    add_grouped(layout, split, *store, listing);
  }
  add_table(names, *store, listing);
  add_texts(names, *store, listing);
  if (test && !listing.attribute_names.empty()) {
    const auto known = list_files(place.train, Split::train, options).attribute_names;
    if (known != listing.attribute_names) {
      throw data_error(
          fmt::format("{}: its attributes are {}, but those of {} are {}", listing.source,
                      fmt::join(listing.attribute_names, ", "), place.train.string(), fmt::join(known, ", ")),
          "give both the same attributes, in the same order");
    }
  }

  std::unordered_map<std::string, std::size_t> index_of;
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    auto& item = listing.items[i];
    index_of[item.name] = i;
    listing.names.push_back(store->full(item.name));
    listing.keys.push_back(std::move(item.key));
    listing.attributes.insert(listing.attributes.end(), item.attributes.begin(), item.attributes.end());
    if (!listing.class_names.empty()) listing.labels.push_back(item.label);
    if (listing.captioned) listing.captions.push_back(std::move(item.caption));
    if (listing.grouped) listing.groups.push_back(std::move(item.unit));
  }
  listing.count = listing.items.size();
  listing.read = [store, index_of = std::move(index_of)](const std::vector<bool>& wanted,
                                                         const Visitor& visitor) {
    const auto is_wanted = [&](const std::string& name) {
      const auto found = index_of.find(name);
      return found != index_of.end() && wanted[found->second];
    };
    DecodeAhead decoder(visitor, [](const Error& error, const ImageFile& file) {
      return bad_image(error, file.name, file.bytes);
    });
    store->read(is_wanted, [&](const std::string& name, std::string bytes, const std::string& reason) {
      ImageFile file{index_of.at(name), store->full(name), std::move(bytes)};
      if (!reason.empty()) file.problem = bad_file(file.name, reason);
      decoder.add(std::move(file));
    });
    decoder.finish();
  };
  return listing;
}

}  // namespace

DataFormat formats::stylegan() {
  return {.description = "images with dataset.json",
          .recognises =
              [](const SeenFile& file) {
                return is_packed(file) && has_ending(file.path, ".zip") && has_dataset_json(file.path);
              },
          .recognises_folder_by = [](const std::string& name) { return name == kLabelsFile; },
          .list = list_files,
          .of_files = true};
}

DataFormat formats::archive() {
  return {.description = "an archive of images",
          .recognises = is_packed,
          .is_whole_set = is_archive,
          .list = list_files,
          .of_files = true};
}

// Every folder that no other format recognises is one of images.
DataFormat formats::folder() {
  return {.description = "a folder of images", .list = list_files, .of_files = true};
}

}  // namespace belamy
