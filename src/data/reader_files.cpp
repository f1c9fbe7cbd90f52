// Image files in folders and archives.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "data/readers.h"
#include "data/walk.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = std::uint64_t{1} << 28;
constexpr std::int64_t most_classes = 100000;
constexpr const char* expected =
    "Expected PNG, JPEG, PGM or PPM files, all in one folder or in one sub-folder a class.";

using TakeFile = std::function<void(const std::string& name, std::string bytes, const std::string& reason)>;

// A folder or an archive: the files in it and how to read some of them.
struct Store {
  fs::path path;
  std::string join;                // between path and name in messages
  std::vector<std::string> names;  // relative, '/' between folders, sorted, hidden files left out
  std::vector<Problem> problems;
  std::function<void(const std::function<bool(const std::string&)>& wanted, const TakeFile& take)> read;

  std::string full(const std::string& name) const { return path.string() + join + name; }
};

bool is_archive(const std::string& name) {
  return ends_with_any(name, {".zip", ".tar", ".tar.gz", ".tgz"});
}

// Reads one file of a folder; the reason is empty when that went well.
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
  Store store{path, "/", std::move(found.names), std::move(found.problems), {}};
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
  Store store{path, ":", {}, {}, {}};
  const auto collect = [&](const std::string& name) {
    if (!is_hidden(name)) store.names.push_back(name);
    return false;
  };
  read_archive(path, largest_file, collect, {});
  std::sort(store.names.begin(), store.names.end());
  store.names.erase(std::unique(store.names.begin(), store.names.end()), store.names.end());
  store.read = [path](const auto& wanted, const TakeFile& take) {
    read_archive(path, largest_file, wanted, take);
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

// What to open for a path: one store, or one a split.
struct Place {
  fs::path train;
  std::optional<fs::path> test;
};

Place find_place(const fs::path& path, const Store* folder) {
  if (!folder) return {path, test_archive_of(path)};
  std::vector<fs::path> archives;
  for (const auto& name : folder->names) {
    if (is_image_name(name)) return {path, {}};
    if (is_archive(name) && name.find('/') == std::string::npos) archives.push_back(path / name);
  }
  std::vector<fs::path> pairs;
  std::copy_if(archives.begin(), archives.end(), std::back_inserter(pairs), test_archive_of);
  if (pairs.size() == 1) return {pairs[0], test_archive_of(pairs[0])};
  if (archives.size() == 1) return {archives[0], {}};
  if (archives.empty()) return {path, {}};
  throw data_error(fmt::format("{}: several archives, and it is not clear which to use: {}", path.string(),
                               describe(archives)),
                   "Give the path of one of them.");
}

// A file of a store, sorted into split and class.
struct Entry {
  std::string name;
  std::string split;  // "train", "test", "val", or empty
  std::string group;  // the class's name; empty: none
};

std::string split_of(const std::string& folder) {
  const std::string name = lower(folder);
  if (name == "train" || name == "training") return "train";
  if (name == "test" || name == "testing") return "test";
  if (name == "val" || name == "valid" || name == "validation") return "val";
  return "";
}

std::string join(const std::vector<std::string>& parts, std::size_t first, std::size_t last) {
  std::string text;
  for (std::size_t i = first; i < last; ++i) text += (i > first ? "/" : "") + parts[i];
  return text;
}

// How many folders lie around everything ("images_background/..."): they say nothing.
std::size_t common_depth(const std::vector<std::string>& names) {
  std::vector<std::string> common = split_path(names.at(0));
  common.pop_back();
  for (const auto& name : names) {
    const auto path = split_path(name);
    const auto last = std::min(common.size(), path.size() - 1);
    const auto end = common.begin() + static_cast<std::ptrdiff_t>(last);
    common.erase(std::mismatch(common.begin(), end, path.begin()).first, common.end());
  }
  return common.size();
}

std::vector<Entry> sort_into_classes(const std::vector<std::string>& names, std::size_t skip) {
  std::vector<std::vector<std::string>> paths;
  for (const auto& name : names) paths.push_back(split_path(name));
  std::set<std::string> splits;
  for (const auto& path : paths) splits.insert(path.size() > skip + 1 ? split_of(path[skip]) : "");
  const bool has_splits = !splits.count("") && splits.count("train") && splits.size() > 1;
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::size_t first = skip + (has_splits ? 1 : 0);
    entries.push_back(
        {names[i], has_splits ? split_of(paths[i][skip]) : "", join(paths[i], first, paths[i].size() - 1)});
  }
  return entries;
}

// dataset.json of StyleGAN's layout.
struct Labels {
  bool any = false;
  std::unordered_map<std::string, std::int64_t> of;  // by full name in the store
  std::vector<std::string> class_names;
};

Labels parse_labels(const std::string& text, const std::string& title, const std::string& prefix) {
  const auto fail = [&](const std::string& reason) {
    return data_error(title + ": " + reason,
                      R"(Expected {"labels": [["folder/image.png", 3], ...]} or "labels": null.)");
  };
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) throw fail("not valid JSON");
  Labels labels;
  if (!json.is_object() || !json.contains("labels") || json["labels"].is_null()) return labels;
  if (!json["labels"].is_array()) throw fail("\"labels\" is not a list");
  labels.any = true;
  std::int64_t highest = -1;
  for (const auto& pair : json["labels"]) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_number_integer()) {
      throw fail(fmt::format("entry {} is not a pair of file name and whole number", labels.of.size()));
    }
    const auto label = pair[1].get<std::int64_t>();
    const auto file = pair[0].get<std::string>();
    if (label < 0 || label >= most_classes) {
      throw fail(fmt::format("label {} of {}; allowed 0 .. {}", label, file, most_classes - 1));
    }
    labels.of[prefix + file] = label;
    highest = std::max(highest, label);
  }
  const auto names = json.find("class_names");
  if (names != json.end() && names->is_array() && static_cast<std::int64_t>(names->size()) > highest &&
      std::all_of(names->begin(), names->end(), [](const auto& name) { return name.is_string(); })) {
    labels.class_names = names->get<std::vector<std::string>>();
  } else {
    labels.class_names = numbered_classes(highest + 1);
  }
  return labels;
}

// The labels that a store carries in a file, or none where it has no such file.
std::optional<Labels> find_labels(const Store& store) {
  const auto is_json = [](const std::string& name) { return fs::path(name).filename() == "dataset.json"; };
  const auto found = std::find_if(store.names.begin(), store.names.end(), is_json);
  if (found == store.names.end()) return {};
  std::optional<Labels> labels;
  store.read([&](const std::string& name) { return name == *found; },
             [&](const std::string& name, const std::string& bytes, const std::string& reason) {
               if (!reason.empty()) throw data_error(store.full(name) + ": " + reason, "Get the file again.");
               labels = parse_labels(bytes, store.full(name), name.substr(0, name.size() - 12));
             });
  return labels;
}

Problem bad_file(const std::string& file, const std::string& reason) {
  return {file, reason, "Remove it, or replace it by a whole file."};
}

[[noreturn]] void no_images(const Store& store) {
  if (store.names.empty()) {
    throw data_error(store.path.string() + ": no files in it", expected);
  }
  std::string why;
  store.read([&](const std::string& name) { return name == store.names[0]; },
             [&](const std::string& name, const std::string& bytes, const std::string& reason) {
               try {
                 if (reason.empty()) decode_image(bytes, name);
                 why = reason.empty() ? "an image under the name of a text" : reason;
               } catch (const Error& error) {
                 why = problem_of(error, name).reason;
               }
             });
  throw data_error(fmt::format("{}: {} files, none of them a readable image; first: {}: {}",
                               store.path.string(), store.names.size(), store.names[0], why),
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

// Items with labels from dataset.json; folders mean nothing then.
void add_labelled(const std::vector<std::string>& names, Labels labels, const Store& store,
                  Listing& listing) {
  for (const auto& name : names) {
    const auto found = labels.of.find(name);
    if (labels.any && found == labels.of.end()) {
      listing.problems.push_back(
          {store.full(name), "no label in dataset.json", "Add it there, or remove the file."});
      continue;
    }
    listing.items.push_back({name, labels.any ? found->second : -1});
    if (labels.any) labels.of.erase(found);
  }
  for (const auto& [name, label] : labels.of) {
    listing.problems.push_back(
        {store.full(name), "named in dataset.json, but not there", "Remove its entry there."});
  }
  listing.class_names = labels.class_names;
}

// Items with their folder as label.
void add_grouped(const std::vector<Entry>& entries, Split split, const Store& store, Listing& listing) {
  const auto has = [&](const char* part) {
    return std::any_of(entries.begin(), entries.end(), [part](const auto& e) { return e.split == part; });
  };
  listing.validation = has("test") && has("val");
  // A set with train and val but no test is tested on val.
  const std::string wanted = split == Split::test ? (has("test") ? "test" : "val")
                             : split == Split::validation && listing.validation ? "val"
                                                                                : "train";
  for (const auto& entry : entries) {
    if (!entry.split.empty()) listing.split = true;
    if (!entry.split.empty() && entry.split != wanted) continue;
    std::int64_t label = -1;
    if (!listing.class_names.empty()) {
      const auto at = std::lower_bound(listing.class_names.begin(), listing.class_names.end(), entry.group);
      if (entry.group.empty()) {
        listing.problems.push_back({store.full(entry.name), "lies beside the folders of the classes",
                                    "Move it into the folder of its class."});
        continue;
      }
      label = at - listing.class_names.begin();
    }
    listing.items.push_back({entry.name, label});
  }
}

}  // namespace

Listing list_files(const fs::path& path, Split split) {
  std::error_code code;
  std::optional<Store> folder;
  if (!fs::is_regular_file(path, code)) folder = open_folder(path);
  const Place place = find_place(path, folder ? &*folder : nullptr);
  const bool test = place.test && split == Split::test;
  const fs::path& chosen = test ? *place.test : place.train;
  const auto store =
      std::make_shared<const Store>(folder && chosen == path ? std::move(*folder) : open_archive(chosen));

  Listing listing;
  listing.source = chosen.string();
  listing.split = place.test.has_value();
  listing.problems = store->problems;
  const auto names = image_names(*store);
  if (auto labels = find_labels(*store)) {
    add_labelled(names, std::move(*labels), *store, listing);
  } else {
    const auto train = test ? image_names(open_archive(place.train)) : names;
    const std::size_t skip = std::min(common_depth(train), common_depth(names));
    const auto entries = sort_into_classes(names, skip);
    listing.class_names = groups_of(entries);
    // The numbers of the classes are those of the training set, where it knows all of them.
    const auto known = groups_of(sort_into_classes(train, skip));
    if (std::includes(known.begin(), known.end(), listing.class_names.begin(), listing.class_names.end())) {
      listing.class_names = known;
    }
    add_grouped(entries, split, *store, listing);
  }

  std::unordered_map<std::string, std::size_t> index_of;
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    index_of[listing.items[i].name] = i;
    listing.items[i].name = store->full(listing.items[i].name);
  }
  listing.read = [store, index_of = std::move(index_of)](const std::vector<bool>& wanted,
                                                         const Visitor& visitor) {
    const auto is_wanted = [&](const std::string& name) {
      const auto found = index_of.find(name);
      return found != index_of.end() && wanted[found->second];
    };
    store->read(is_wanted, [&](const std::string& name, const std::string& bytes, const std::string& reason) {
      const std::size_t index = index_of.at(name);
      const std::string full = store->full(name);
      if (!reason.empty()) return visitor.bad(index, bad_file(full, reason));
      Image image;
      try {
        image = decode_image(bytes, full);
      } catch (const Error& error) {
        return visitor.bad(index, problem_of(error, full));
      }
      visitor.image(index, std::move(image));
    });
  };
  return listing;
}

}  // namespace belamy
