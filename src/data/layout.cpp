#include "data/layout.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>

#include "core/text.h"

namespace belamy {
namespace {

enum class Part { none, train, test, validation, evaluation, prediction };

Part part_of_word(const std::string& word) {
  static const std::map<std::string, Part> parts = {
      {"train", Part::train},           {"training", Part::train},
      {"trainset", Part::train},        {"test", Part::test},
      {"testing", Part::test},          {"testset", Part::test},
      {"val", Part::validation},        {"valid", Part::validation},
      {"validation", Part::validation}, {"dev", Part::validation},
      {"eval", Part::evaluation},       {"evaluation", Part::evaluation},
      {"pred", Part::prediction},       {"predict", Part::prediction},
      {"prediction", Part::prediction}, {"predictions", Part::prediction},
      {"unlabeled", Part::prediction},  {"unlabelled", Part::prediction}};
  const auto found = parts.find(in_lower_case(word));
  return found == parts.end() ? Part::none : found->second;
}

// "seg", "train" of "seg_train"; "train", "A" of "trainA"; "val", "2017" of "val2017".
std::vector<std::string> words_of(const std::string& name) {
  enum class Kind { none, small, capital, digit };
  const auto kind_of = [](unsigned char c) {
    if (std::isdigit(c)) return Kind::digit;
    if (std::isupper(c)) return Kind::capital;
    return std::isalpha(c) || c >= 0x80 ? Kind::small : Kind::none;
  };
  std::vector<std::string> words;
  Kind before = Kind::none;
  for (const char c : name) {
    const Kind kind = kind_of(static_cast<unsigned char>(c));
    const bool joined = kind == before || (before == Kind::capital && kind == Kind::small);
    if (kind != Kind::none && !joined) words.emplace_back();
    if (kind != Kind::none) words.back() += c;
    before = kind;
  }
  return words;
}

struct SplitName {
  Part part = Part::none;
  std::string rest;  // the other words of the name: folders with the same ones belong together
};

SplitName split_name(const std::string& folder) {
  SplitName name;
  std::string word;
  for (const auto& each : words_of(folder)) {
    if (name.part == Part::none && part_of_word(each) != Part::none) {
      name.part = part_of_word(each);
      word = each;
    } else {
      name.rest += (name.rest.empty() ? "" : "_") + each;
    }
  }
  // A domain of the CycleGAN layout.
  if (folder == word + "A" || folder == word + "B") return {};
  return name;
}

std::string join(const std::vector<std::string>& parts, std::size_t first, std::size_t last) {
  std::string text;
  for (std::size_t i = first; i < last; ++i) text += (i > first ? "/" : "") + parts[i];
  return text;
}

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

// The folders of some files by their paths; "" is the folder around everything.
class Tree {
 public:
  explicit Tree(const std::vector<std::vector<std::string>>& paths) {
    for (const auto& path : paths) {
      for (std::size_t d = 0; d + 1 < path.size(); ++d) folders_[join(path, 0, d)].insert(path[d]);
      with_files_.insert(join(path, 0, path.size() - 1));
    }
  }

  const std::map<std::string, std::set<std::string>>& all() const { return folders_; }
  const std::set<std::string>& folders_in(const std::string& path) const {
    static const std::set<std::string> none;
    const auto found = folders_.find(path);
    return found == folders_.end() ? none : found->second;
  }

  /// Whether everything in a folder lies in one folder of the same name, as in many downloads.
  bool is_doubled(const std::string& path, const std::string& name) const {
    return !with_files_.count(path) && folders_in(path) == std::set{name};
  }

 private:
  std::map<std::string, std::set<std::string>> folders_;
  std::set<std::string> with_files_;
};

struct SplitFolder {
  std::string split;
  std::string group;  // what tells several training folders apart ("train_images", "train_labels")
};
using SplitFolders = std::map<std::string, SplitFolder>;  // by their names

// Whether two names of folders, without their words for a split, may mean one set: one has no other words, or
// they share one. Numbers do not tell sets apart ("train2017", "val2014").
bool may_be_kin(const std::string& first, const std::string& second) {
  const auto words = [](const std::string& rest) {
    std::set<std::string> all;
    for (const auto& word : words_of(in_lower_case(rest))) {
      if (!std::isdigit(static_cast<unsigned char>(word[0]))) all.insert(word);
    }
    return all;
  };
  const auto a = words(first), b = words(second);
  return a.empty() || b.empty() ||
         std::any_of(a.begin(), a.end(), [&](const auto& word) { return b.count(word) > 0; });
}

// The splits among folders side by side; none without a training set and another part beside it.
SplitFolders splits_among(const std::set<std::string>& folders) {
  std::map<std::string, SplitName> named;
  std::set<std::string> kin;  // the other words of the training folders
  for (const auto& folder : folders) {
    const auto name = split_name(folder);
    if (name.part != Part::none) named[folder] = name;
    if (name.part == Part::train) kin.insert(name.rest);
  }
  // Classes such as "train-station" and "test-tube" are no splits.
  std::erase_if(named, [&](const auto& folder) {
    return std::none_of(kin.begin(), kin.end(),
                        [&](const auto& rest) { return may_be_kin(rest, folder.second.rest); });
  });
  const auto any = [&](const auto& is) { return std::any_of(named.begin(), named.end(), is); };
  if (kin.empty() || !any([](const auto& n) { return n.second.part != Part::train; })) return {};
  // Beside "train" a folder "train_masks" is something else.
  if (kin.count("")) kin = {""};
  const bool has_test = any([](const auto& n) { return n.second.part == Part::test; });
  const std::map<Part, std::string> texts = {{Part::train, "train"},
                                             {Part::test, "test"},
                                             {Part::validation, "val"},
                                             {Part::evaluation, has_test ? "val" : "test"}};
  SplitFolders splits;
  for (const auto& [folder, name] : named) {
    const auto is_kin = [&, part = name.part](const auto& n) {
      return n.second.part == part && kin.count(n.second.rest) > 0;
    };
    const bool stranger = !kin.count(name.rest) && any(is_kin);
    if (name.part == Part::prediction || stranger) continue;
    splits[folder] = {texts.at(name.part), kin.size() > 1 ? name.rest : ""};
  }
  return splits;
}

// Whether a folder "train" looks like a training set rather than like one class among others.
bool is_training_set(const Tree& tree, const std::string& around, const std::string& train) {
  const auto& folders = tree.folders_in(around);
  if (folders.size() <= 2) return true;
  const auto& classes = tree.folders_in(below(around, train));
  const auto is_like = [&](const std::string& other) {
    const auto& in_it = tree.folders_in(below(around, other));
    return in_it.empty() ||
           std::any_of(in_it.begin(), in_it.end(), [&](const auto& name) { return classes.count(name) > 0; });
  };
  return !classes.empty() && std::all_of(folders.begin(), folders.end(), is_like);
}

using Holders = std::map<std::string, SplitFolders>;  // by the path of the folder that holds the splits

// A folder "train" without test images beside it.
Holders lone_train(const Tree& tree, std::size_t common) {
  std::string around;
  std::size_t depth = 0;
  for (; tree.folders_in(around).size() == 1; ++depth) {
    const auto& only = *tree.folders_in(around).begin();
    if (split_name(only).part != Part::none) break;
    around = below(around, only);
  }
  if (common > depth) return {};  // nothing lies beside it
  for (const auto& folder : tree.folders_in(around)) {
    const auto name = split_name(folder);
    if (name.part == Part::train && name.rest.empty() && is_training_set(tree, around, folder))
      return {{around, {{folder, {"train", ""}}}}};
  }
  return {};
}

Holders find_holders(const Tree& tree, std::size_t common) {
  Holders holders;
  for (const auto& [path, folders] : tree.all()) {
    if (auto splits = splits_among(folders); !splits.empty()) holders[path] = std::move(splits);
  }
  return holders.empty() ? lone_train(tree, common) : holders;
}

// Sorts files of a set that has splits.
class Sorter {
 public:
  Sorter(const Tree& tree, const Holders& holders) : tree_(tree), holders_(holders) {
    std::vector<std::string> inside;
    for (const auto& [path, splits] : holders) {
      const auto parts = split_path(path);
      for (std::size_t d = 1; d <= parts.size(); ++d) around_.insert(join(parts, 0, d));
      inside.push_back(below(path, "file"));
    }
    common_ = common_depth(inside);
  }

  void add(const std::string& name, const std::vector<std::string>& path, Layout& layout) {
    for (std::size_t d = 0; d + 1 < path.size(); ++d) {
      const auto holder = holders_.find(join(path, 0, d));
      if (holder == holders_.end()) continue;
      const auto split = holder->second.find(path[d]);
      if (split == holder->second.end()) break;
      const bool doubled = tree_.is_doubled(join(path, 0, d + 1), path[d]);
      auto group = join(path, common_, d);
      for (const auto& part : {split->second.group, join(path, d + (doubled ? 2 : 1), path.size() - 1)}) {
        if (!part.empty()) group = below(group, part);
      }
      layout.entries.push_back({name, split->second.split, group});
      return;
    }
    add_stray(path, layout);
  }

 private:
  void add_stray(const std::vector<std::string>& path, Layout& layout) {
    std::size_t length = 1;
    while (length < path.size() && around_.count(join(path, 0, length))) ++length;
    const auto text = join(path, 0, length);
    const auto [known, is_new] = strays_.emplace(text, layout.strays.size());
    if (is_new) layout.strays.push_back({text, length < path.size()});
    ++layout.strays[known->second].files;
  }

  const Tree& tree_;
  const Holders& holders_;
  std::set<std::string> around_;  // the folders that hold splits, and those around them
  std::size_t common_ = 0;        // how many of them lie around all splits
  std::map<std::string, std::size_t> strays_;
};

std::vector<std::string> names_of(const Holders& holders) {
  std::set<std::pair<std::size_t, std::string>> names;
  const std::vector<std::string> order = {"train", "test", "val"};
  for (const auto& [path, splits] : holders) {
    for (const auto& [folder, split] : splits) {
      const auto rank = std::find(order.begin(), order.end(), split.split) - order.begin();
      names.emplace(static_cast<std::size_t>(rank), folder);
    }
  }
  std::vector<std::string> sorted;
  for (const auto& [rank, name] : names) sorted.push_back(name);
  return sorted;
}

}  // namespace

std::vector<std::string> split_path(const std::string& name) {
  std::vector<std::string> parts;
  for (const auto& part : std::filesystem::path(name).relative_path().lexically_normal()) {
    if (part != "." && part != "..") parts.push_back(part.string());
  }
  return parts;
}

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

Layout lay_out(const std::vector<std::string>& names, std::size_t skip) {
  std::vector<std::vector<std::string>> paths;
  for (const auto& name : names) paths.push_back(split_path(name));
  const Tree tree(paths);
  const auto holders = find_holders(tree, common_depth(names));
  Layout layout;
  if (holders.empty()) {
    for (std::size_t i = 0; i < names.size(); ++i)
      layout.entries.push_back({names[i], "", join(paths[i], skip, paths[i].size() - 1)});
    if (skip > 0 && skip == common_depth(names) && split_name(paths[0][skip - 1]).part == Part::none)
      layout.only_folder = paths[0][skip - 1];
    return layout;
  }
  layout.splits = names_of(holders);
  Sorter sorter(tree, holders);
  for (std::size_t i = 0; i < names.size(); ++i) sorter.add(names[i], paths[i], layout);
  return layout;
}

std::string split_folder(const std::set<std::string>& splits, Split split) {
  const bool test = splits.count("test"), val = splits.count("val");
  if (split == Split::test && (test || val)) return test ? "test" : "val";
  if (split == Split::validation && test && val) return "val";
  return "train";
}

}  // namespace belamy
