#include "store/run_records.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace belamy {
namespace {

using Json = nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr const char* about_name = "about.json";
constexpr const char* messages_name = "messages.json";
constexpr const char* evaluation_name = "evaluation.json";

Json read_json(const RunFolder& folder, const char* name) {
  const auto path = folder.path() / name;
  if (!folder.env().exists(path)) return nullptr;
  return Json::parse(folder.env().read(path), nullptr, /*allow_exceptions=*/false);
}

void write_json(RunFolder& folder, const char* name, const Json& json) {
  folder.write_file(name, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// The member `key`; null where there is none.
Json member(const Json& object, const char* key) {
  return object.is_object() ? object.value(key, Json()) : Json();
}

std::string text(const Json& object, const char* key) {
  const auto value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

/// A list of lists of two: an object would lose the order.
Json list_of(const Pairs& pairs) {
  auto list = Json::array();
  for (const auto& [key, value] : pairs) list.push_back({key, value});
  return list;
}

Pairs pairs(const Json& object, const char* key) {
  Pairs found;
  for (const auto& pair : member(object, key)) {
    if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
      found.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return found;
}

}  // namespace

void write_about(RunFolder& folder, const RunAbout& about) {
  write_json(folder, about_name,
             {{"data", about.data},
              {"environment", list_of(about.environment)},
              {"shown", about.shown},
              {"legend", list_of(about.legend)},
              {"steps", about.steps}});
}

RunAbout read_about(const RunFolder& folder) {
  const auto json = read_json(folder, about_name);
  const auto steps = member(json, "steps");
  return {text(json, "data"), pairs(json, "environment"), text(json, "shown"), pairs(json, "legend"),
          steps.is_number_integer() ? steps.get<std::int64_t>() : 0};
}

void write_messages(RunFolder& folder, const std::vector<RunMessage>& messages) {
  auto list = Json::array();
  for (const auto& message : messages) list.push_back({{"step", message.step}, {"text", message.text}});
  write_json(folder, messages_name, list);
}

std::vector<RunMessage> read_messages(const RunFolder& folder, std::int64_t up_to_step) {
  std::vector<RunMessage> messages;
  for (const auto& item : read_json(folder, messages_name)) {
    if (!item.is_object()) continue;
    const auto step = member(item, "step");
    RunMessage message{step.is_number() ? step.get<std::int64_t>() : 0, text(item, "text")};
    if (message.step <= up_to_step) messages.push_back(std::move(message));
  }
  return messages;
}

void write_evaluation(RunFolder& folder, std::int64_t step, const std::vector<RunScore>& scores) {
  auto list = Json::array();
  for (const auto& score : scores) {
    list.push_back({{"key", score.key},
                    {"name", score.name},
                    {"value", std::isfinite(score.value) ? Json(score.value) : Json(nullptr)},
                    {"unit", score.unit},
                    {"note", score.note},
                    {"passport", list_of(score.passport)}});
  }
  write_json(folder, evaluation_name, {{"step", step}, {"scores", list}});
}

std::vector<RunScore> read_evaluation(const RunFolder& folder) {
  std::vector<RunScore> scores;
  for (const auto& item : member(read_json(folder, evaluation_name), "scores")) {
    if (!item.is_object()) continue;
    const auto value = member(item, "value");
    scores.push_back({text(item, "key"), text(item, "name"),
                      value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN(),
                      text(item, "unit"), text(item, "note"), pairs(item, "passport")});
  }
  return scores;
}

}  // namespace belamy
