#include "report/scores.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace belamy {
namespace {

const std::string* entry(const Passport& passport, const std::string& name) {
  const auto found =
      std::find_if(passport.begin(), passport.end(), [&](const auto& each) { return each.first == name; });
  return found == passport.end() ? nullptr : &found->second;
}

}  // namespace

const std::vector<ScoreInfo>& all_scores() {
  using enum ScoreInfo::Better;
  static const std::vector<ScoreInfo> all = {
#define BELAMY_SCORE(key, label, unit, better, protocol) {key, label, unit, better, protocol},
#include "report/scores.def"
#undef BELAMY_SCORE
  };
  return all;
}

const ScoreInfo* find_score(const std::string& key) {
  const bool directed = key.ends_with("-a2b") || key.ends_with("-b2a");
  const auto base = directed ? key.substr(0, key.size() - 4) : key.substr(0, key.find(':'));
  for (const auto& score : all_scores()) {
    if (score.key == base) return &score;
  }
  return nullptr;
}

std::vector<std::string> score_keys() {
  std::vector<std::string> keys;
  for (const auto& score : all_scores()) keys.push_back(score.key);
  return keys;
}

std::string score_text(double value) {
  return value != 0 && std::abs(value) < 0.01 ? fmt::format("{:.4g}", value) : fmt::format("{:.4f}", value);
}

std::string passport_difference(const Passport& a, const Passport& b) {
  constexpr const char* free[] = {"seed", "step", "program"};
  auto names = a;
  for (const auto& each : b) {
    if (!entry(a, each.first)) names.push_back(each);
  }
  for (const auto& [name, value] : names) {
    if (std::find(std::begin(free), std::end(free), name) != std::end(free)) continue;
    const auto *in_a = entry(a, name), *in_b = entry(b, name);
    if (in_a && in_b && *in_a == *in_b) continue;
    return fmt::format("{}: {} and {}", name, in_a ? *in_a : "none", in_b ? *in_b : "none");
  }
  return "";
}

}  // namespace belamy
