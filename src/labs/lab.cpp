#include "labs/lab.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <stdexcept>

#include "belamy/error.h"

#include "core/shell.h"
#include "core/toml_table.h"
#include "labs.h"

namespace belamy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

LabClaim claim_of(const TomlDocument& document) {
  LabClaim claim;
  TomlTable table(document, "a [[claim]]");
  table.text("key", claim.key);
  table.text("text", claim.text);
  table.truth("tiny", claim.tiny);
  claim.bounds.read(table);
  table.finish();
  if (claim.key.empty() || claim.text.empty() || !claim.bounds.complete()) {
    throw usage_error(fmt::format("{}: claim '{}' is not complete", document.origin, claim.key),
                      fmt::format("a claim has key, text, and {}", Bounds::kForm));
  }
  return claim;
}

LabSheet::Setting setting_of(const std::string& key, const TomlDocument& document) {
  LabSheet::Setting setting{key, "", {}, {}, -kInfinity, kInfinity, {}};
  TomlTable table(document, fmt::format("the setting '{}'", key));
  std::optional<Value> value;
  table.value("value", value);
  table.value("tiny", setting.tiny);
  table.number("min", setting.low);
  table.number("max", setting.high);
  table.texts("choices", setting.choices);
  table.text("help", setting.help);
  table.finish();
  if (!value || std::holds_alternative<bool>(*value) || value->index() > 3)  // lists come after the texts
    throw table.refused("value", "a number or a text");
  setting.value = *value;
  return setting;
}

}  // namespace

LabSheet LabSheet::parse(const std::string& name, const std::string& toml, const std::string& text,
                         const std::string& origin) {
  LabSheet sheet;
  sheet.name = name;
  sheet.text = text;
  const auto document = parse_toml(toml, origin);
  TomlTable table(document, "a lab");
  table.text("title", sheet.title);
  table.text("source", sheet.source);
  for (const auto& [key, setting] : table.tables("settings"))
    sheet.settings.push_back(setting_of(key, setting));
  for (const auto& each : table.list("claim")) {
    auto claim = claim_of(each);
    for (const auto& other : sheet.claims) {
      if (other.key == claim.key)
        throw usage_error(fmt::format("{}: claim '{}' is defined twice", each.origin, claim.key));
    }
    sheet.claims.push_back(std::move(claim));
  }
  table.finish();
  if (sheet.title.empty()) throw usage_error(origin + ": a lab must have a title");
  return sheet;
}

Lab::Lab(LabSheet sheet, bool tiny, const std::vector<std::string>& overrides, Teller teller)
    : sheet_(std::move(sheet)), tiny_(tiny), overrides_(overrides), teller_(std::move(teller)) {
  for (const auto& [key, help, value, small, low, high, choices] : sheet_.settings) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      constexpr auto least = std::numeric_limits<std::int64_t>::min(),
                     most = std::numeric_limits<std::int64_t>::max();
      fields_.add(key, integers_[key] = *whole,
                  {std::isfinite(low) ? static_cast<std::int64_t>(low) : least,
                   std::isfinite(high) ? static_cast<std::int64_t>(high) : most},
                  help);
    } else if (const auto* number = std::get_if<double>(&value)) {
      fields_.add(key, numbers_[key] = *number, {low, high}, help);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      if (choices.empty()) {
        fields_.add(key, texts_[key] = *text, help);
      } else {
        fields_.add(key, texts_[key] = *text, choices, help);
      }
    }
    if (tiny && small) fields_.set(key, *small, {fmt::format("lab {}, tiny", sheet_.name)});
  }
  for (const auto& setting : overrides) fields_.set_text(setting);
}

std::int64_t Lab::integer(const std::string& key) const {
  const auto found = integers_.find(key);
  if (found == integers_.end())
    throw std::logic_error(fmt::format("lab {} has no integer setting '{}'", sheet_.name, key));
  return found->second;
}

double Lab::number(const std::string& key) const {
  const auto found = numbers_.find(key);
  if (found == numbers_.end())
    throw std::logic_error(fmt::format("lab {} has no number setting '{}'", sheet_.name, key));
  return found->second;
}

const std::string& Lab::text(const std::string& key) const {
  const auto found = texts_.find(key);
  if (found == texts_.end())
    throw std::logic_error(fmt::format("lab {} has no text setting '{}'", sheet_.name, key));
  return found->second;
}

void Lab::measure(const std::string& key, double value) {
  const auto known = std::any_of(sheet_.claims.begin(), sheet_.claims.end(),
                                 [&](const LabClaim& claim) { return claim.key == key; });
  if (!known || !measured_.emplace(key, value).second) {
    throw std::logic_error(
        fmt::format("lab {} measures '{}' {}", sheet_.name, key, known ? "twice" : "without a claim"));
  }
}

void Lab::skip(const std::string& key) {
  skipped_.insert(key);
}

void Lab::chart(const std::string& title, const std::string& caption, LabChart chart) {
  figures_.push_back({title, caption, std::move(chart)});
}

void Lab::table(const std::string& title, const std::string& caption, LabTable table) {
  figures_.push_back({title, caption, std::move(table)});
}

void Lab::picture(const std::string& title, const std::string& caption, const Image& image) {
  figures_.push_back({title, caption, LabPicture{encode_png(image)}});
}

void Lab::say(const std::string& progress) const {
  if (teller_) teller_(progress);
}

std::vector<LabVerdict> Lab::verdicts() const {
  std::vector<LabVerdict> all;
  for (const auto& claim : sheet_.claims) {
    const auto found = measured_.find(claim.key);
    if ((tiny_ && !claim.tiny) || skipped_.count(claim.key) > 0) {
      all.push_back({claim.text, claim.bounds.text(),
                     found == measured_.end() ? "–" : claim.bounds.show(found->second),
                     LabVerdict::Kind::skipped});
      continue;
    }
    if (found == measured_.end())
      throw std::logic_error(fmt::format("lab {} did not measure '{}'", sheet_.name, claim.key));
    all.push_back({claim.text, claim.bounds.text(), claim.bounds.show(found->second),
                   claim.bounds.hold(found->second) ? LabVerdict::Kind::holds : LabVerdict::Kind::fails});
  }
  return all;
}

LabPage Lab::page(double seconds) const {
  LabPage page{
      sheet_.title, sheet_.source, sheet_.text, verdicts(), figures_, {}, "belamy lab " + sheet_.name,
      seconds};
  for (const auto& field : fields_.all()) page.settings.push_back({field.key, field.get(), field.help});
  if (tiny_) page.command += " --tiny";
  for (const auto& setting : overrides_) page.command += " --set " + shell_word(setting);
  return page;
}

namespace labs {
#define BELAMY_LAB(name) void name(Lab& lab);
#include "labs/labs.def"
#undef BELAMY_LAB
}  // namespace labs

const std::vector<LabEntry>& all_labs() {
  static const std::vector<LabEntry> all = [] {
    std::vector<LabEntry> made = {
#define BELAMY_LAB(name) {#name, "", labs::name},
#include "labs/labs.def"
#undef BELAMY_LAB
    };
    for (auto& lab : made) {
      std::replace(lab.name.begin(), lab.name.end(), '_', '-');
      for (const auto& [path, text] : embedded_labs()) {
        const std::string file = path, end = "-" + lab.name + "/lab.toml";
        if (file.ends_with(end) && file.size() == std::string_view("labs/NN").size() + end.size())
          lab.folder = file.substr(0, file.rfind('/'));
      }
      if (lab.folder.empty()) throw std::logic_error("there is no labs/NN-" + lab.name + "/lab.toml");
    }
    std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.folder < b.folder; });
    return made;
  }();
  return all;
}

const LabEntry& find_lab(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& lab : all_labs()) {
    if (lab.name == name) return lab;
    names.push_back(lab.name);
  }
  throw usage_error("no lab is called '" + name + "'",
                    suggestion(name, names) + "'belamy lab list' lists all");
}

LabSheet load_lab(const LabEntry& entry) {
  std::string toml, text;
  for (const auto& [path, content] : embedded_labs()) {
    if (path == entry.folder + "/lab.toml") toml = content;
    if (path == entry.folder + "/lab.md") text = content;
  }
  return LabSheet::parse(entry.name, toml, text, entry.folder + "/lab.toml");
}

}  // namespace belamy
