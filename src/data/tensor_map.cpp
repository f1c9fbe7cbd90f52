#include "data/tensor_map.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "belamy/config.h"
#include "belamy/error.h"

#include "core/foreign_text.h"
#include "core/text.h"
#include "data/csv.h"
#include "store/known_networks.h"

namespace belamy {
namespace {

constexpr std::size_t kMostTensorNames = 5;
constexpr std::size_t kLongestTensorName = 100;
constexpr const char* kMapForm =
    "write THEIR.NAME = OUR.NAME, or THEIR.* = OUR.* for all names with a beginning";

std::string shown_name(const std::string& name) {
  return harmless(name, kLongestTensorName);
}

// "'conv1_1.weight' [64, 3, 3, 3], 'conv1_1.bias' [64], ..."
std::string first_tensors(const std::vector<ExpectedTensor>& tensors) {
  std::vector<std::string> words;
  for (const auto& tensor : tensors) {
    if (words.size() == kMostTensorNames) {
      words.push_back("...");
      break;
    }
    words.push_back(fmt::format("'{}' {}", tensor.name, shape_text(tensor.shape)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string lists_tensors(const std::string& file) {
  return fmt::format("'belamy weights info {}' lists its tensors", file);
}

// The network of which most names are there; null if none is.
const KnownNetwork* meant_network(const ArrayMap& arrays) {
  const KnownNetwork* meant = nullptr;
  std::size_t most = 0;
  for (const auto& network : known_networks()) {
    const auto there = network.tensors.size() - missing_tensors(arrays, network).size();
    if (there <= most) continue;
    most = there;
    meant = &network;
  }
  return meant;
}

}  // namespace

TensorMap::TensorMap(std::string_view text, const std::string& title) : title_(title) {
  if (is_utf16(text))
    throw usage_error(fmt::format("{}: this map is not UTF-8 text", title), "save it as UTF-8");
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto words = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (words.empty() || words[0] == '#') continue;
    Line line;
    line.number = number;
    const auto middle = words.find('=');
    if (middle == std::string::npos || words.find('=', middle + 1) != std::string::npos)
      throw usage_error(fmt::format("{}: there must be one '=' between two names", place(line)), kMapForm);
    line.from = trimmed(std::string_view(words).substr(0, middle));
    line.to = trimmed(std::string_view(words).substr(middle + 1));
    if (line.from.empty() || line.to.empty())
      throw usage_error(fmt::format("{}: a name is missing", place(line)),
                        line.from.empty() ? kMapForm : "write '= -' to leave the tensor out");
    add(std::move(line));
  }
  if (lines_.empty()) throw usage_error(fmt::format("{}: this map has no line", title), kMapForm);
}

void TensorMap::add(Line line) {
  const auto cut_star = [&](std::string& name) {
    const bool star = name.ends_with('*');
    if (star) name.pop_back();
    if (name.find('*') != std::string::npos)
      throw usage_error(fmt::format("{}: '*' stands only once, at the end of a name", place(line)), kMapForm);
    return star;
  };
  line.left_out = line.to == "-";
  line.beginning = cut_star(line.from);
  if (cut_star(line.to) != line.beginning && !line.left_out)
    throw usage_error(fmt::format("{}: '*' stands at the end of one name only", place(line)),
                      "write it at the end of both names, or of none");
  for (const auto& other : lines_) {
    if (other.from == line.from && other.beginning == line.beginning)
      throw usage_error(fmt::format("{}: line {} is for '{}{}' as well", place(line), other.number,
                                    shown_name(line.from), line.beginning ? "*" : ""),
                        "remove one of the two lines");
  }
  lines_.push_back(std::move(line));
}

bool TensorMap::covers(const Line& line, const std::string& name) const {
  return line.beginning ? name.starts_with(line.from) : name == line.from;
}

std::string TensorMap::place(const Line& line) const {
  return fmt::format("{}, line {}", title_, line.number);
}

std::string TensorMap::source(const Named& named) const {
  return named.line ? fmt::format("'{}' by {}", shown_name(named.from), place(*named.line))
                    : fmt::format("'{}' in the file", shown_name(named.from));
}

const TensorMap::Line* TensorMap::line_for(const std::string& name) const {
  const Line* best = nullptr;
  for (const auto& line : lines_) {
    if (!covers(line, name)) continue;
    if (!line.beginning) return &line;
    if (!best || line.from.size() > best->from.size()) best = &line;
  }
  return best;
}

void TensorMap::check_use(const std::vector<const Line*>& used, const ArrayMap& arrays,
                          const std::string& file) const {
  for (const auto& line : lines_) {
    if (std::find(used.begin(), used.end(), &line) != used.end()) continue;
    std::vector<std::string> names;
    bool covered = false;
    for (const auto& [name, array] : arrays) {
      names.push_back(shown_name(name));
      covered = covered || covers(line, name);
    }
    const auto what = fmt::format("'{}{}'", shown_name(line.from), line.beginning ? "*" : "");
    if (covered)
      throw usage_error(
          fmt::format("{}: other lines are more exact for every tensor of {}", place(line), what),
          "remove this line");
    throw usage_error(fmt::format("{}: '{}' has no tensor {}", place(line), file, what),
                      suggestion(line.from, names) + lists_tensors(file));
  }
}

ArrayMap TensorMap::network_in(const ArrayMap& arrays, const std::string& file) const {
  ArrayMap renamed;
  std::map<std::string, Named> sources;
  std::vector<const Line*> used;
  for (const auto& [name, array] : arrays) {
    const auto* line = line_for(name);
    if (line) used.push_back(line);
    if (line && line->left_out) continue;
    const auto now = !line ? name : line->beginning ? line->to + name.substr(line->from.size()) : line->to;
    const Named named{name, line};
    const auto [other, is_new] = sources.emplace(now, named);
    if (!is_new) {
      // Two names of the file differ, so one has a line; one for a whole name is the likelier mistake.
      const auto* by = line && !(other->second.line && line->beginning) ? line : other->second.line;
      throw usage_error(fmt::format("{}: two tensors of '{}' become '{}': {} and {}", place(*by), file,
                                    shown_name(now), source(other->second), source(named)),
                        "give one of them another name, or leave it out with '= -'");
    }
    renamed[now] = array;
  }
  check_use(used, arrays, file);

  const auto* network = meant_network(renamed);
  if (!network)
    throw data_error(
        fmt::format("'{}': after {}, no tensor has a name of a network that Belamy knows", file, title_),
        "'belamy weights networks' lists the names; without --map, a file comes in as it is");
  if (const auto missing = missing_tensors(renamed, *network); !missing.empty())
    throw data_error(
        fmt::format("'{}': after {}, it has {} of the {} of {}; missing: {}", file, title_,
                    network->tensors.size() - missing.size(), counted(network->tensors.size(), "tensor"),
                    network->title, first_tensors(missing)),
        fmt::format("add lines to the map; {}", lists_tensors(file)));
  ArrayMap found;
  for (const auto& [name, shape] : network->tensors) {
    const auto& array = renamed.at(name);
    const auto from = fmt::format("'{}': '{}' ({})", file, name, source(sources.at(name)));
    if (array.shape != shape) {
      auto theirs = array.shape, ours = shape;
      std::sort(theirs.begin(), theirs.end());
      std::sort(ours.begin(), ours.end());
      throw data_error(
          fmt::format("{} has the shape {} instead of {}", from, shape_text(array.shape), shape_text(shape)),
          theirs == ours
              ? "the file keeps the dimensions in another order: permute them where the file is written"
              : "name another tensor in the map; " + lists_tensors(file));
    }
    if (!is_floating(array.dtype))
      throw data_error(
          fmt::format("{} has the type {} instead of F32, F16, BF16 or F64", from, dtype_name(array.dtype)),
          "name another tensor in the map; " + lists_tensors(file));
    found[name] = array;
    renamed.erase(name);
  }
  for (const auto& [name, array] : renamed) {
    if (network->is_surplus(name)) continue;
    const auto& named = sources.at(name);
    throw data_error(
        fmt::format("'{}': tensor '{}' {} is left over: {} has no '{}'", file, shown_name(named.from),
                    shape_text(array.shape), network->title, shown_name(name)),
        named.line
            ? fmt::format("name it otherwise in {}, or leave it out with '= -'", place(*named.line))
            : fmt::format("add the line '{} = -' to {} to leave it out", shown_name(named.from), title_));
  }
  return found;
}

}  // namespace belamy
