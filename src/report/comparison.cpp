#include "report/comparison.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "core/columns.h"

namespace belamy {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::vector<std::string> first_row(const std::string& what, const std::vector<ComparedRun>& runs) {
  std::vector<std::string> row = {what};
  for (const auto& run : runs) row.push_back(run.name);
  return row;
}

std::string setting_of(const ComparedRun& run, const std::string& key) {
  const auto found = std::find_if(run.settings.begin(), run.settings.end(),
                                  [&](const auto& setting) { return setting.first == key; });
  return found == run.settings.end() ? "-" : found->second;
}

Rows differing_settings(const std::vector<ComparedRun>& runs) {
  std::vector<std::string> keys;
  for (const auto& run : runs) {
    for (const auto& [key, value] : run.settings) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  Rows rows;
  for (const auto& key : keys) {
    std::vector<std::string> row = {key};
    for (const auto& run : runs) row.push_back(setting_of(run, key));
    if (std::any_of(row.begin() + 2, row.end(), [&](const auto& value) { return value != row[1]; }))
      rows.push_back(row);
  }
  return rows;
}

const RunScore* score_of(const ComparedRun& run, const std::string& key) {
  const auto found =
      std::find_if(run.scores.begin(), run.scores.end(), [&](const auto& score) { return score.key == key; });
  return found == run.scores.end() ? nullptr : &*found;
}

// Why the scores of these runs must not be compared; empty where they may.
std::string obstacle(const std::vector<const RunScore*>& scores) {
  const RunScore* first = nullptr;
  for (const auto* score : scores) {
    if (!score) continue;
    if (score->passport.empty()) return "measured by an earlier version: evaluate the runs again";
    if (first) {
      if (auto difference = passport_difference(first->passport, score->passport); !difference.empty())
        return difference;
    } else {
      first = score;
    }
  }
  return "";
}

double best_of(const std::vector<const RunScore*>& scores, ScoreInfo::Better better) {
  double best = std::nan("");
  for (const auto* score : scores) {
    if (!score || !std::isfinite(score->value)) continue;
    const bool gains = better == ScoreInfo::Better::lower ? score->value < best : score->value > best;
    if (std::isnan(best) || gains) best = score->value;
  }
  return better == ScoreInfo::Better::neither ? std::nan("") : best;
}

}  // namespace

Comparison comparison_of(const std::vector<ComparedRun>& runs) {
  Comparison found;
  found.settings = differing_settings(runs);
  std::vector<std::string> keys;
  for (const auto& run : runs) {
    for (const auto& score : run.scores) {
      if (std::find(keys.begin(), keys.end(), score.key) == keys.end()) keys.push_back(score.key);
    }
  }
  for (const auto& key : keys) {
    std::vector<const RunScore*> scores;
    for (const auto& run : runs) scores.push_back(score_of(run, key));
    const auto& any =
        **std::find_if(scores.begin(), scores.end(), [](const auto* s) { return s != nullptr; });
    if (const auto why = obstacle(scores); !why.empty()) {
      found.refused.emplace_back(any.name, why);
      continue;
    }
    const auto* info = find_score(key);
    Comparison::Score row{any.name, {}, best_of(scores, info ? info->better : ScoreInfo::Better::neither)};
    for (const auto* score : scores) row.values.push_back(score ? score->value : std::nan(""));
    found.scores.push_back(std::move(row));
  }
  return found;
}

std::string compare_runs(const std::vector<ComparedRun>& runs) {
  const auto found = comparison_of(runs);
  std::string text;
  auto settings = found.settings;
  if (settings.empty()) {
    text += "all settings are equal\n";
  } else {
    settings.insert(settings.begin(), first_row("setting", runs));
    text += in_columns(settings);
  }
  Rows rows;
  for (const auto& score : found.scores) {
    std::vector<std::string> row = {score.name};
    for (const double value : score.values)
      row.push_back(std::isnan(value) ? "-" : score_text(value) + (value == score.best ? " *" : ""));
    rows.push_back(row);
  }
  if (!rows.empty()) {
    rows.insert(rows.begin(), first_row("score (* best)", runs));
    text += "\n" + in_columns(rows);
  }
  if (!found.refused.empty()) {
    text += "\nnot comparable, since these were measured in different ways:\n";
    for (const auto& [name, why] : found.refused) text += fmt::format("  {}: {}\n", name, why);
  }
  if (found.scores.empty() && found.refused.empty())
    text += "\nnone of the runs has scores: 'belamy evaluate RUN' measures them\n";
  return text;
}

}  // namespace belamy
