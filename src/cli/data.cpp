// The verb `data`: lists, checks, downloads and packs data sets.
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/outputs.h"
#include "cli/verbs.h"
#include "core/base64.h"
#include "core/contradictions.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/attributes.h"
#include "data/captions.h"
#include "data/dataset.h"
#include "data/pack.h"
#include "train/run_report.h"

namespace belamy::cli {
namespace {

ExitCode list_sets() {
  for (const auto& set : known_sets()) {
    fmt::print("{:<18} {}\n{:<18} {}{}\n", set.name, set.description, "",
               set.available ? "" : "not here: ", set.where);
  }
  fmt::print("\n--data PATH also takes a folder, or a .zip, .tar.gz or .npz file\n");
  return ExitCode::ok;
}

ExitCode info(DataOptions options) {
  for (const auto split : {Split::train, Split::test}) {
    Dataset set;
    try {
      set = load_dataset(options, split, {});
    } catch (const NoTestImages& none) {
      fmt::print("test   none: {}\n", none.message());
      continue;
    }
    fmt::print("{:<6} {}\n", split == Split::train ? "train" : "test", describe_data(set));
    for (const auto& note : set.notes) fmt::print("       {}\n", note);
    const auto shares = shares_of(set.attribute_names, set.attributes);
    for (std::size_t a = 0; a < shares.size(); ++a)
      fmt::print("       {:<20} {}\n", set.attribute_names[a], shares[a]);
    if (!set.captions.empty()) fmt::print("       {}\n", describe_captions(set.captions));
    std::map<std::int64_t, std::int64_t> counts;
    for (const auto label : set.labels) ++counts[label];
    if (counts.empty() || counts.size() > 100) continue;
    for (const auto& [label, count] : counts) {
      fmt::print("       {:<20} {}\n", set.class_names[static_cast<std::size_t>(label)], format_count(count));
    }
  }
  return ExitCode::ok;
}

nlohmann::json to_json(const Diagnosis& found) {
  auto problems = nlohmann::json::array(), pictures = nlohmann::json::array();
  for (const auto& problem : found.problems)
    problems.push_back({{"file", problem.file}, {"reason", problem.reason}, {"cure", problem.cure}});
  for (const auto& each : found.pictures)
    pictures.push_back(
        {{"file", each.file}, {"reason", each.reason}, {"png", encode_base64(encode_png(each.image))}});
  return {{"files", found.files},
          {"good", found.good},
          {"facts", found.facts},
          {"problems", problems},
          {"pictures", pictures}};
}

ExitCode doctor(const std::string& source, bool as_json) {
  const auto found = diagnose(source);
  if (as_json) {
    fmt::print("{}\n", to_json(found).dump());
    return found.problems.empty() ? ExitCode::ok : ExitCode::data;
  }
  for (const auto& fact : found.facts) fmt::print("{}\n", fact);
  if (found.problems.empty()) {
    fmt::print("no problems in {}\n", counted(found.files, "file"));
    return ExitCode::ok;
  }
  std::size_t wide = 4, reason = 3;
  for (const auto& problem : found.problems) {
    wide = std::max(wide, problem.file.size());
    reason = std::max(reason, problem.reason.size());
  }
  fmt::print("\n{:<{}}  {:<{}}  {}\n", "file", wide, "why", reason, "what to do");
  for (const auto& problem : found.problems) {
    fmt::print("{:<{}}  {:<{}}  {}\n", problem.file, wide, problem.reason, reason, problem.cure);
  }
  fmt::print("\ngood: {} of {}; problems: {}\n", format_count(found.good), counted(found.files, "file"),
             format_count(static_cast<std::int64_t>(found.problems.size())));
  return ExitCode::data;
}

ExitCode fetch(const std::string& name, const std::string& base_url) {
  Progress progress;
  fetch_dataset(name, base_url, [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
    if (progress.terminal() || done == total) {
      progress.update(fmt::format("{}  {} of {}", file, format_bytes(done), format_bytes(total)));
    }
  });
  progress.finish();
  fmt::print("{} is in {}\n", name, (cache_folder() / "data" / name).string());
  return ExitCode::ok;
}

Split split_of(const std::string& word) {
  return word == "test" ? Split::test : word == "validation" ? Split::validation : Split::train;
}

// Writes a split, and says what is not in the file.
ExitCode pack(const DataOptions& options, const std::string& word, const OutputPath& out) {
  const auto packed = pack_split(options, split_of(word), out.path());
  const auto count = counted(packed.images, "image");
  fmt::print("{}\n", out.path().string());
  fmt::print("       {} of {}\n", count,
             packed.split ? fmt::format("the {} split", word) : "a set without test images of its own");
  for (const auto& note : packed.notes) fmt::print("       {}\n", note);
  for (const char* other : {"train", "validation", "test"}) {
    const bool is_there = std::string(other) == "validation" ? packed.validation : packed.split;
    if (is_there && word != other) fmt::print("       not in it: the {0} split (--split {0})\n", other);
  }
  return ExitCode::ok;
}

}  // namespace

void add_data(Verb program) {
  struct Request {
    DataOptions options;
    std::vector<std::string> settings;
    std::string out, base_url, split = "train";
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  const auto choose = [request] {
    Fields fields;
    fields.group("data", [&](Fields& f) { request->options.fields(f); });
    for (const auto& setting : request->settings) fields.set_text(setting);
    refuse_contradictions(fields, request->settings);
  };
  auto verb = program.verb("data", "List, examine, download and pack data sets");
  verb.needs_verb();
  verb.verb("list", "List known data sets, and where they are").does(list_sets);

  auto info_verb = verb.verb("info", "Show sizes, classes and counts of a data set");
  auto doctor_verb = verb.verb("doctor", "Read every file and list all problems");
  auto fetch_verb = verb.verb("fetch", "Download a known data set into the cache");
  auto pack_verb = verb.verb("pack", "Write one split of a data set as a zip file of PNG files with labels");
  for (auto each : {info_verb, doctor_verb, fetch_verb, pack_verb}) {
    each.option("data", request->options.source,
                "Known data set, folder, archive, DICOM file or NIfTI volume")
        .required();
  }
  for (auto each : {info_verb, pack_verb}) {
    each.option("--set", request->settings,
                "KEY=VALUE: a setting such as data.size, data.channels or data.fit");
  }
  doctor_verb.flag("--json", request->json,
                   "Print JSON, for programs, with small pictures of what was found");
  fetch_verb.option("--base-url", request->base_url, "Address to download the same files from");
  pack_verb.option("--out", request->out, "F.zip: the packed data set").required();
  pack_verb
      .option(
          "--split", request->split,
          "Which images: train (all of them if the set has no test images of its own), test or validation")
      .one_of({"train", "test", "validation"});
  info_verb.does([=] {
    choose();
    return info(request->options);
  });
  doctor_verb.does([=] { return doctor(request->options.source, request->json); });
  fetch_verb.does([=] { return fetch(request->options.source, request->base_url); });
  pack_verb.does([=] {
    choose();
    const auto out = OutputPath::named("--out", request->out, {OutputKind::zip}, inputs_of(request->options));
    return pack(request->options, request->split, out);
  });
}

}  // namespace belamy::cli
