#include "train/run_report.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "belamy/error.h"

#include "core/progress.h"
#include "train/machine.h"

namespace belamy {
namespace {

using Json = nlohmann::json;

// A file of the run folder as JSON; null when it is missing or damaged: none of these files is needed to go
// on.
Json read_json(const RunFolder& folder, const char* name) {
  const auto path = folder.path() / name;
  if (!folder.env().exists(path)) return nullptr;
  return Json::parse(folder.env().read(path), nullptr, /*allow_exceptions=*/false);
}

void write_json(RunFolder& folder, const char* name, const Json& json) {
  folder.write_file(name, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string text(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : "";
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Json list_of(const Pairs& pairs) {
  Json list = Json::array();
  for (const auto& [key, value] : pairs) list.push_back({key, value});
  return list;
}

Pairs pairs(const Json& object, const char* key) {
  Pairs found;
  if (!object.is_object() || !object.contains(key)) return found;
  for (const auto& pair : object[key])
    found.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  return found;
}

}  // namespace

std::string describe_data(const Dataset& d) {
  if (!d.is_images()) {
    return fmt::format("{}: {} points in {} dimension{}", d.name, format_count(d.count), d.dimension,
                       d.dimension == 1 ? "" : "s");
  }
  const auto classes =
      d.class_names.empty() ? std::string("no labels") : fmt::format("{} classes", d.class_names.size());
  auto text = fmt::format("{}: {} images of {}x{} {}, {}", d.name, format_count(d.count), d.width, d.height,
                          d.channels == 1 ? "gray" : "colour", classes);
  if (const auto count = d.attribute_names.size(); count > 0)
    text += fmt::format(", {} attribute{}", count, count == 1 ? "" : "s");
  if (!d.captions.empty()) text += ", captions";
  if (d.matches) text += "; pairs of one class or of two";
  for (const auto& other : d.others)
    text += (d.paired ? "; each with its partner of " : "; second domain ") + describe_data(other);
  return text;
}

std::string use_of(const ModelInfo& model, const std::filesystem::path& run) {
  const auto& folder = run.string();
  if (model.can(Capability::translator))
    return "belamy translate " + folder + " --data DIR --out translated/";
  if (model.can(Capability::sampler)) return "belamy sample " + folder + " -n 64 --out samples.png";
  if (model.can(Capability::matcher)) return "belamy match " + folder + " --query F --folder DIR";
  if (model.can(Capability::reconstructor)) return "belamy reconstruct " + folder + " --out copies.png";
  if (model.can(Capability::classifier)) return "belamy classify " + folder + " --data DIR";
  return "belamy evaluate " + folder;
}

void write_about(RunFolder& folder, const Dataset& dataset, const std::string& shown, const Pairs& legend) {
  write_json(folder, "about.json",
             {{"data", describe_data(dataset)},
              {"environment", list_of(machine_facts())},
              {"shown", shown},
              {"legend", list_of(legend)}});
}

std::vector<ReportMessage> read_messages(const RunFolder& folder, std::int64_t up_to_step) {
  std::vector<ReportMessage> messages;
  const auto json = read_json(folder, "messages.json");
  if (!json.is_array()) return messages;
  for (const auto& item : json) {
    const auto step = item.value("step", std::int64_t{0});
    if (step <= up_to_step) messages.push_back({step, text(item, "text")});
  }
  return messages;
}

void write_messages(RunFolder& folder, const std::vector<ReportMessage>& messages) {
  Json json = Json::array();
  for (const auto& message : messages) json.push_back({{"step", message.step}, {"text", message.text}});
  write_json(folder, "messages.json", json);
}

void write_evaluation(RunFolder& folder, std::int64_t step, const std::vector<ReportScore>& scores) {
  Json list = Json::array();
  for (const auto& s : scores) {
    list.push_back({{"key", s.key},
                    {"name", s.name},
                    {"value", std::isfinite(s.value) ? Json(s.value) : Json(nullptr)},
                    {"unit", s.unit},
                    {"note", s.note},
                    {"passport", list_of(s.passport)}});
  }
  write_json(folder, "evaluation.json", {{"step", step}, {"scores", list}});
}

std::vector<ReportScore> read_evaluation(const RunFolder& folder) {
  std::vector<ReportScore> scores;
  const auto evaluation = read_json(folder, "evaluation.json");
  if (!evaluation.is_object() || !evaluation.contains("scores")) return scores;
  for (const auto& s : evaluation["scores"]) {
    const bool number = s.contains("value") && s["value"].is_number();
    scores.push_back({text(s, "key"), text(s, "name"), number ? s["value"].get<double>() : std::nan(""),
                      text(s, "unit"), text(s, "note"), pairs(s, "passport")});
  }
  return scores;
}

void write_run_report(RunFolder& folder, const Recipe& recipe) {
  ReportFacts facts;
  facts.title = recipe.title.empty() ? recipe.name : recipe.title;
  facts.model = recipe.model->name;
  facts.summary = recipe.model->summary;
  facts.citation = recipe.model->paper;
  const auto about = read_json(folder, "about.json");
  facts.data = text(about, "data");
  if (const auto shown = text(about, "shown"); !shown.empty()) facts.shown = shown;
  facts.environment = pairs(about, "environment");
  facts.legend = pairs(about, "legend");
  facts.messages = read_messages(folder, std::numeric_limits<std::int64_t>::max());
  facts.scores = read_evaluation(folder);
  if (folder.env().exists(folder.path() / "pictures")) {
    for (const auto& path : folder.env().list(folder.path() / "pictures")) {
      if (path.extension() == ".png")
        facts.pictures.push_back({path.stem().string(), folder.env().read(path)});
    }
  }
  facts.commands = {"belamy train " + (folder.path() / "resolved.toml").string() + " --out " +
                        folder.path().string() + "-again",
                    use_of(*recipe.model, folder.path())};
  write_report(folder, facts);
}

}  // namespace belamy
