#include "report/reproduction.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "belamy/error.h"

#include "core/toml_table.h"
#include "embedded.h"
#include "report/page.h"
#include "report/scores.h"

namespace belamy {
namespace {

using Row = ReproductionRow;
using OrderedJson = nlohmann::ordered_json;

// How sure a published figure is.
const std::vector<std::pair<std::string, std::string>> kConfidence = {
    {"R", "computed again from the same data, to the digit"},
    {"V1", "read in the paper, its authors' code or their tables"},
    {"V2", "read in a source that quotes the paper, or in an independent implementation"},
    {"Mh", "from memory, confidence high"},
    {"Mm", "from memory, confidence medium"},
    {"Ml", "from memory, confidence low"},
};

Row::Group group_of(const TomlDocument& document) {
  Row::Group group;
  TomlTable table(document, "a [[group]]");
  table.text("name", group.name);
  table.text("recipe", group.recipe);
  table.text("lab", group.lab);
  table.text("run", group.run);
  table.texts("settings", group.settings);
  table.texts("use", group.use);
  table.texts("evaluate", group.evaluate);
  table.finish();
  return group;
}

Row::Value value_of(const TomlDocument& document) {
  Row::Value value;
  std::vector<std::string> codes;
  for (const auto& [code, meaning] : kConfidence) codes.push_back(code);
  std::string direction = "lower";
  TomlTable table(document, "a [[value]]");
  table.text("key", value.key);
  table.text("text", value.text);
  table.text("group", value.group);
  table.text("score", value.score);
  table.texts("mean", value.mean_of);
  table.text("unit", value.unit);
  table.number("factor", value.factor);
  table.text("better", direction, {"lower", "higher"});
  table.text("published", value.published);
  table.text("confidence", value.confidence, codes);
  table.finish();
  value.higher = direction == "higher";
  return value;
}

Row::Condition condition_of(const TomlDocument& document) {
  Row::Condition condition;
  TomlTable table(document, "a [[pass]]");
  table.text("text", condition.text);
  table.text("value", condition.value);
  condition.bounds.read(table);
  table.text("above", condition.above);
  table.text("below", condition.below);
  table.number("margin", condition.margin);
  table.text("of", condition.of, {"mean", "median", "seeds"});
  table.number("share", condition.share);
  table.finish();
  return condition;
}

template <class List, class Key>
auto find_in(List& list, const std::string& name, Key key) {
  return std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.*key == name; });
}

// What the parts say about one another.
std::string inconsistency(const Row& row) {
  if (row.title.empty() || row.paper.empty() || row.protocol.empty())
    return "a row has title, paper and protocol";
  if (row.groups.empty() || row.values.empty() || row.conditions.empty())
    return "a row has at least one [[group]], [[value]] and [[pass]]";
  for (const auto& group : row.groups) {
    const auto kinds = !group.recipe.empty() + !group.lab.empty() + !group.run.empty();
    if (group.name.empty() || kinds != 1)
      return fmt::format(
          "group '{}' must have a name, and either a recipe, a lab or the run of another group", group.name);
    if (!group.lab.empty() && !(group.evaluate.empty() && group.use.empty()))
      return fmt::format("group '{}' is a lab: there is nothing to evaluate", group.name);
    if (!group.run.empty()) {
      const auto other = find_in(row.groups, group.run, &Row::Group::name);
      if (other == row.groups.end() || &*other >= &group || other->recipe.empty())
        return fmt::format("group '{}' uses the run of '{}', which is no earlier group with a recipe",
                           group.name, group.run);
      if (!group.settings.empty())
        return fmt::format("group '{}' uses a trained run: 'use' changes how, 'settings' have no effect",
                           group.name);
    }
    if (&*find_in(row.groups, group.name, &Row::Group::name) != &group)
      return fmt::format("group '{}' is there twice", group.name);
  }
  for (const auto& value : row.values) {
    if (value.key.empty() || value.text.empty() || value.score.empty() == value.mean_of.empty())
      return fmt::format("value '{}' must have key, text, and either score or mean", value.key);
    if (value.published.empty() != value.confidence.empty())
      return fmt::format("value '{}' has one of published and confidence alone", value.key);
    if (&*find_in(row.values, value.key, &Row::Value::key) != &value)
      return fmt::format("value '{}' is there twice", value.key);
    if (!value.mean_of.empty()) {
      for (const auto& part : value.mean_of) {
        const auto other = find_in(row.values, part, &Row::Value::key);
        if (other == row.values.end() || &*other >= &value)
          return fmt::format("value '{}' is a mean with '{}', which is no earlier value", value.key, part);
      }
      if (value.group.empty()) continue;
      return fmt::format("value '{}' is a mean of other values and has a group", value.key);
    }
    const auto group = find_in(row.groups, value.group, &Row::Group::name);
    if (group == row.groups.end())
      return fmt::format("value '{}' is of group '{}', which is not there", value.key, value.group);
    if (group->lab.empty() && !find_score(value.score)) {
      const auto near = nearest(value.score, score_keys());
      return fmt::format("'belamy evaluate' has no score '{}'{}", value.score,
                         near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
    }
  }
  for (const auto& pass : row.conditions) {
    for (const auto& key : {pass.value, pass.above, pass.below}) {
      if ((!key.empty() || &key == &pass.value) &&
          find_in(row.values, key, &Row::Value::key) == row.values.end())
        return fmt::format("a [[pass]] speaks of value '{}', which is not there", key);
    }
    const int forms = !pass.bounds.empty() + !pass.above.empty() + !pass.below.empty();
    if (forms != 1 || (!pass.bounds.empty() && !pass.bounds.complete()))
      return fmt::format("the [[pass]] of '{}' must have one of these: {}; above; below", pass.value,
                         Bounds::kForm);
    if (!(pass.share > 0 && pass.share <= 1))
      return fmt::format("the [[pass]] of '{}': share must be above 0 and at most 1", pass.value);
  }
  return "";
}

bool holds(const Row::Condition& pass, double value, double other) {
  if (!std::isfinite(value)) return false;
  if (!pass.bounds.empty()) return pass.bounds.hold(value);
  if (!std::isfinite(other)) return false;
  return pass.above.empty() ? value < other - pass.margin : value > other + pass.margin;
}

std::string words_of(const Row::Condition& pass) {
  if (!pass.text.empty()) return pass.text;
  std::string words = pass.value;
  if (pass.of == "median") words = "median of " + words;
  const auto& bounds = pass.bounds;
  if (bounds.min) words += fmt::format(" >= {}", *bounds.min);
  if (bounds.max) words += fmt::format(" <= {}", *bounds.max);
  if (bounds.near && bounds.tolerance) words += fmt::format(" = {} ± {}", *bounds.near, *bounds.tolerance);
  if (bounds.near && bounds.relative)
    words += fmt::format(" = {} ± {} %", *bounds.near, 100 * *bounds.relative);
  if (!pass.above.empty()) words += " > " + pass.above;
  if (!pass.below.empty()) words += " < " + pass.below;
  if (pass.margin != 0) {
    const bool more = (pass.margin > 0) == !pass.above.empty();
    words += fmt::format(" {} {}", more ? "+" : "-", std::abs(pass.margin));
  }
  if (pass.of == "seeds")
    words += pass.share < 1 ? fmt::format(" in {:.0f} % of seeds", 100 * pass.share) : " for every seed";
  return words;
}

std::string show(double value) {
  return std::isfinite(value) ? fmt::format("{:.5g}", value) : "–";
}

// "13.87 ± 0.02 (worst 13.9; 3 seeds)"
std::string show(const Row::Value& value, const ReproducedValue& measured) {
  auto text = show(measured.mean());
  const auto error = measured.standard_error();
  if (error) text += fmt::format(" ± {:.2g}", *error);
  if (!value.unit.empty()) text += " " + value.unit;
  if (measured.seeds.size() > 1)
    text += fmt::format(" (worst {}; {} seeds)", show(measured.worst(value.higher)), measured.seeds.size());
  return text;
}

// Makes a text a cell of a Markdown table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

ReproductionRow ReproductionRow::parse(const std::string& name, const std::string& toml,
                                       const std::string& origin) {
  const auto document = parse_toml(toml, origin);
  ReproductionRow row;
  row.name = name;
  TomlTable table(document, "a row");
  table.integer("number", row.number, {0, 1'000});
  table.text("title", row.title);
  table.text("paper", row.paper);
  table.text("protocol", row.protocol);
  table.text("note", row.note);
  table.integer("seeds", row.seeds, {1, 1'000});
  table.number("minutes", row.minutes);
  for (const auto& each : table.list("group")) row.groups.push_back(group_of(each));
  for (const auto& each : table.list("value")) row.values.push_back(value_of(each));
  for (const auto& each : table.list("pass")) row.conditions.push_back(condition_of(each));
  table.finish();
  if (const auto wrong = inconsistency(row); !wrong.empty()) throw usage_error(origin + ": " + wrong);
  return row;
}

double ReproducedValue::mean() const {
  return std::accumulate(seeds.begin(), seeds.end(), 0.0) / static_cast<double>(seeds.size());
}

double ReproducedValue::median() const {
  auto sorted = seeds;
  std::sort(sorted.begin(), sorted.end());
  const auto n = sorted.size();
  return n == 0 ? std::nan("") : n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

std::optional<double> ReproducedValue::standard_error() const {
  if (seeds.size() < 2) return std::nullopt;
  double sum = 0;
  for (const auto value : seeds) sum += (value - mean()) * (value - mean());
  const auto n = static_cast<double>(seeds.size());
  return std::sqrt(sum / (n - 1) / n);
}

double ReproducedValue::worst(bool higher_is_better) const {
  if (seeds.empty()) return std::nan("");
  return higher_is_better ? *std::min_element(seeds.begin(), seeds.end())
                          : *std::max_element(seeds.begin(), seeds.end());
}

void judge_reproduction(const ReproductionRow& row, ReproductionResult& result) {
  static const ReproducedValue none;
  const auto measured = [&](const std::string& key) -> const ReproducedValue& {
    const auto found = find_in(result.values, key, &ReproducedValue::key);
    return found == result.values.end() ? none : *found;
  };
  bool all = true;
  result.conditions.clear();
  for (const auto& pass : row.conditions) {
    const auto& value = measured(pass.value);
    const auto& other = measured(pass.above.empty() ? pass.below : pass.above);
    bool good = false;
    if (pass.of == "seeds") {
      std::size_t passing = 0;
      for (std::size_t i = 0; i < value.seeds.size(); ++i)
        passing += holds(pass, value.seeds[i], i < other.seeds.size() ? other.seeds[i] : std::nan(""));
      // A share such as 0.8 of 10 must not fail for its last bit.
      good = passing > 0 &&
             static_cast<double>(passing) >= pass.share * static_cast<double>(value.seeds.size()) - 1e-9;
    } else {
      good = pass.of == "median" ? holds(pass, value.median(), other.median())
                                 : holds(pass, value.mean(), other.mean());
    }
    result.conditions.emplace_back(words_of(pass), good);
    all = all && good;
  }
  result.status = all && result.seeds >= row.seeds ? "reproduced" : "partial";
}

std::string ReproductionResult::to_json() const {
  OrderedJson json = {{"row", row},
                      {"status", status},
                      {"date", date},
                      {"commit", commit},
                      {"seeds", seeds},
                      {"minutes", std::round(minutes * 10) / 10},
                      {"machine", OrderedJson::object()}};
  for (const auto& [key, value] : machine) json["machine"][key] = value;
  json["values"] = OrderedJson::array();
  for (const auto& value : values) {
    OrderedJson each = {{"key", value.key}, {"seeds", OrderedJson::array()}};
    // Not a number has no word in JSON.
    const auto number = [](double x) { return std::isfinite(x) ? OrderedJson(x) : OrderedJson(nullptr); };
    for (const auto x : value.seeds) each["seeds"].push_back(number(x));
    each["mean"] = number(value.mean());
    if (const auto error = value.standard_error()) each["standard_error"] = number(*error);
    each["median"] = number(value.median());
    if (!value.note.empty()) each["note"] = value.note;
    json["values"].push_back(each);
  }
  json["conditions"] = OrderedJson::array();
  for (const auto& [text, holds] : conditions)
    json["conditions"].push_back({{"text", text}, {"holds", holds}});
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

ReproductionResult ReproductionResult::parse(const std::string& text, const std::string& origin) {
  ReproductionResult result;
  try {
    const auto json = OrderedJson::parse(text);
    result.row = json.at("row");
    result.status = json.at("status");
    result.date = json.at("date");
    result.commit = json.at("commit");
    result.seeds = json.at("seeds");
    result.minutes = json.at("minutes");
    for (const auto& [key, value] : json.at("machine").items()) result.machine.emplace_back(key, value);
    for (const auto& each : json.at("values")) {
      ReproducedValue value{each.at("key"), {}, each.value("note", "")};
      for (const auto& x : each.at("seeds"))
        value.seeds.push_back(x.is_null() ? std::nan("") : x.get<double>());
      result.values.push_back(std::move(value));
    }
    for (const auto& each : json.at("conditions"))
      result.conditions.emplace_back(each.at("text").get<std::string>(), each.at("holds").get<bool>());
  } catch (const OrderedJson::exception& error) {
    throw data_error(fmt::format("{}: not the result of a row: {}", origin, error.what()),
                     "measure the row again: belamy reproduce ROW");
  }
  return result;
}

std::string reproduction_table(const std::vector<ReproductionEntry>& entries) {
  using mustache::list;
  using mustache::object;
  list values, rows, confidence;
  for (const auto& [row, result] : entries) {
    object head{{"number", std::to_string(row.number)},
                {"name", row.name},
                {"title", row.title},
                {"paper", row.paper},
                {"protocol", row.protocol},
                {"status", result ? "**" + result->status + "**" : "not measured"}};
    if (!row.note.empty()) head["note"] = row.note;
    for (const auto& value : row.values) {
      const auto measured = [&] {
        if (!result) return std::string("–");
        const auto found = find_in(result->values, value.key, &ReproducedValue::key);
        return found == result->values.end() ? std::string("–") : show(value, *found);
      }();
      // The conditions stand beside the value they speak of.
      std::string conditions;
      for (std::size_t i = 0; i < row.conditions.size(); ++i) {
        if (row.conditions[i].value != value.key) continue;
        conditions += (conditions.empty() ? "" : "; ") + words_of(row.conditions[i]);
        if (result) conditions += result->conditions.at(i).second ? " ✓" : " ✗";
      }
      const auto published = value.published.empty()
                                 ? std::string("–")
                                 : fmt::format("{} ({})", value.published, value.confidence);
      object line{{"text", value.text},
                  {"published", published},
                  {"measured", measured},
                  {"conditions", conditions},
                  {"row", false}};
      if (&value == &row.values.front()) line["row"] = head;
      values.push_back(line);
    }
    if (result) {
      std::vector<std::string> machine;
      for (const auto& [key, value] : result->machine) {
        if (key == "processor" || key == "blas" || key == "libtorch" || key == "threads")
          machine.push_back(key + " " + value);
      }
      list notes;
      for (const auto& value : result->values) {
        if (!value.note.empty()) notes.push_back(object{{"key", value.key}, {"note", value.note}});
      }
      head["result"] = object{{"date", result->date},
                              {"commit", result->commit},
                              {"minutes", fmt::format("{:.1f}", result->minutes)},
                              {"machine", fmt::format("{}", fmt::join(machine, ", "))},
                              {"notes", notes}};
    }
    rows.push_back(head);
  }
  for (const auto& [code, meaning] : kConfidence)
    confidence.push_back(object{{"code", code}, {"meaning", meaning}});
  mustache::data page;
  page["values"] = values;
  page["rows"] = rows;
  page["confidence"] = confidence;
  return fill_template(embedded_reproduction_md, page, cell);
}

}  // namespace belamy
