#include "data/one_shot_trials.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sstream>

#include "belamy/error.h"

#include "core/random.h"
#include "core/text.h"
#include "data/fit_image.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestMember = std::uint64_t{1} << 24;
constexpr const char* kLayout = "put runNN/class_labels.txt beside runNN/training/ and runNN/test/";

// The files of an archive for which `wanted` is true, by name.
std::map<std::string, std::string> members_of(const fs::path& archive, const auto& wanted) {
  std::map<std::string, std::string> members;
  read_archive(archive, kLargestMember, wanted,
               [&](const std::string& name, std::string bytes, const std::string& reason) {
                 if (!reason.empty())
                   throw data_error(archive.string() + ":" + name + ": " + reason, "get the file again");
                 members[name] = std::move(bytes);
               });
  return members;
}

// A query and the known example of its class, as names in the archive.
using Pair = std::pair<std::string, std::string>;

std::vector<Pair> pairs_of(const std::string& name, const std::string& text, const std::string& archive) {
  const auto root = fs::path(name).parent_path().parent_path();
  std::vector<Pair> pairs;
  std::istringstream lines(text);
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string query, known, more;
    if (!(words >> query)) continue;
    if (!(words >> known) || words >> more) {
      throw data_error(fmt::format("{}:{}, line {}: not two files", archive, name, number),
                       "write lines such as run01/test/item01.png run01/training/class01.png");
    }
    pairs.emplace_back((root / query).string(), (root / known).string());
  }
  if (pairs.empty()) throw data_error(fmt::format("{}:{}: no trials in it", archive, name), kLayout);
  return pairs;
}

void add_image(const Image& image, const std::string& name, Dataset& data) {
  if (data.count == 0) {
    data.channels = image.channels;
    data.height = image.height;
    data.width = image.width;
  }
  if (image.channels != data.channels || image.height != data.height || image.width != data.width) {
    throw data_error(
        fmt::format("{} is {}x{} with {}, {} is {}x{} with {}", data.names[0], data.width, data.height,
                    counted(data.channels, "channel"), name, image.width, image.height, image.channels),
        "set data.size and data.channels");
  }
  const auto depth = static_cast<std::size_t>(image.channels), plane = image.pixels.size() / depth;
  for (std::size_t c = 0; c < depth; ++c) {
    for (std::size_t p = 0; p < plane; ++p) data.pixels.push_back(image.pixels[p * depth + c]);
  }
  data.names.push_back(name);
  ++data.count;
}

// "5" of "5-way-1-shot"; nothing if there is no whole number before `unit`.
std::optional<std::int64_t> take_number(std::string_view& text, std::string_view unit) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (failure != std::errc() || number < 1 || number > 1000 || !text.starts_with(unit)) return {};
  text.remove_prefix(unit.size());
  return number;
}

// Moves `count` drawn items to the front.
template <class T>
void draw_first(std::vector<T>& items, std::int64_t count, Random& random) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    std::swap(items[i], items[i + random.below(items.size() - i)]);
}

}  // namespace

std::string folder_of(const std::string& class_name) {
  const auto slash = class_name.rfind('/');
  return slash == std::string::npos ? "" : class_name.substr(0, slash);
}

std::int64_t Trials::count() const {
  std::int64_t sum = 0;
  for (const auto& episode : episodes) sum += static_cast<std::int64_t>(episode.queries.size());
  return sum;
}

Trials read_trials(const fs::path& archive, const DataOptions& options) {
  const auto where = archive.string();
  std::vector<std::vector<Pair>> runs;
  for (const auto& [name, text] : members_of(
           archive, [](const std::string& name) { return fs::path(name).filename() == "class_labels.txt"; }))
    runs.push_back(pairs_of(name, text, where));
  if (runs.empty()) throw data_error(where + ": no class_labels.txt in it", kLayout);

  std::map<std::string, std::int64_t> places;
  for (const auto& run : runs) {
    for (const auto& [query, known] : run) places[query] = places[known] = -1;
  }
  Trials trials;
  trials.data.name = archive.stem().string();
  for (const auto& [name, bytes] :
       members_of(archive, [&](const std::string& name) { return places.count(name) > 0; })) {
    const auto full = where + ":" + name;
    places[name] = trials.data.count;
    add_image(fitted(decode_image(bytes, full), options), full, trials.data);
  }
  for (const auto& [name, place] : places) {
    if (place < 0) {
      throw data_error(fmt::format("{}: a class_labels.txt names '{}', which is not there", where, name),
                       "get the archive again");
    }
  }
  for (const auto& run : runs) {
    Episode episode;
    for (const auto& [query, known] : run) episode.support.push_back(places[known]);
    auto& support = episode.support;
    std::sort(support.begin(), support.end());
    support.erase(std::unique(support.begin(), support.end()), support.end());
    for (std::size_t k = 0; k < support.size(); ++k)
      episode.support_classes.push_back(static_cast<std::int64_t>(k));
    for (const auto& [query, known] : run) {
      episode.queries.push_back(places[query]);
      episode.query_classes.push_back(std::lower_bound(support.begin(), support.end(), places[known]) -
                                      support.begin());
    }
    trials.episodes.push_back(std::move(episode));
  }
  return trials;
}

fs::path find_official_trials(const std::string& source) {
  const auto found = find_source(source);
  const auto archive =
      (fs::is_directory(found.path) ? found.path : found.path.parent_path()) / "all_runs.zip";
  if (found.path.empty() || !fs::exists(archive)) {
    throw data_error(fmt::format("'{}' has no official trials{}", found.name,
                                 found.path.empty() ? "" : ": there is no " + archive.string()),
                     "put all_runs.zip of Omniglot there, or draw trials such as 20-way-1-shot");
  }
  return archive;
}

TrialPlan TrialPlan::parse(const std::string& text) {
  std::string_view rest = text;
  const auto ways = take_number(rest, "-way-"), shots = ways ? take_number(rest, "-shot") : std::nullopt;
  if (!shots || *ways < 2 || !(rest.empty() || rest == "-in-folder")) {
    throw usage_error("there are no trials '" + text + "'",
                      "use official, or a name such as 5-way-1-shot or 20-way-1-shot-in-folder");
  }
  return {*ways, *shots, !rest.empty()};
}

std::vector<Episode> draw_trials(const Dataset& data, const TrialPlan& plan, std::int64_t count,
                                 std::int64_t seed) {
  if (data.labels.empty()) throw data_error("'" + data.name + "' has no labels to make trials of");
  std::vector<std::vector<std::int64_t>> members(data.class_names.size());
  for (std::size_t i = 0; i < data.labels.size(); ++i)
    members[static_cast<std::size_t>(data.labels[i])].push_back(static_cast<std::int64_t>(i));
  std::map<std::string, std::vector<std::size_t>> folders;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (static_cast<std::int64_t>(members[k].size()) > plan.shots)
      folders[plan.in_folder ? folder_of(data.class_names[k]) : ""].push_back(k);
  }
  std::vector<std::vector<std::size_t>> groups;
  for (auto& [name, classes] : folders) {
    if (static_cast<std::int64_t>(classes.size()) >= plan.ways) groups.push_back(std::move(classes));
  }
  if (groups.empty()) {
    throw data_error(fmt::format("'{}' has no {} of {} or more{}", data.name, counted(plan.ways, "class"),
                                 counted(plan.shots + 1, "example"), plan.in_folder ? " in one folder" : ""),
                     "ask for fewer ways or shots");
  }
  Random random(static_cast<std::uint64_t>(seed));
  std::vector<Episode> episodes(static_cast<std::size_t>(count));
  for (auto& episode : episodes) {
    auto classes = groups[random.below(groups.size())];
    draw_first(classes, plan.ways, random);
    for (std::int64_t way = 0; way < plan.ways; ++way) {
      auto examples = members[classes[static_cast<std::size_t>(way)]];
      draw_first(examples, plan.shots + 1, random);
      for (std::size_t shot = 0; shot < static_cast<std::size_t>(plan.shots); ++shot) {
        episode.support.push_back(examples[shot]);
        episode.support_classes.push_back(way);
      }
      episode.queries.push_back(examples[static_cast<std::size_t>(plan.shots)]);
      episode.query_classes.push_back(way);
    }
  }
  return episodes;
}

}  // namespace belamy
