#include "train/alarms.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace belamy {

bool TrainingAlarms::lasts(const std::string& kind, bool present, int patience) {
  auto& trouble = troubles_[kind];
  if (!present) {
    trouble = {};
    return false;
  }
  if (++trouble.seen < patience || trouble.told) return false;
  trouble.told = true;
  return true;
}

std::vector<std::string> TrainingAlarms::observe(const std::vector<std::pair<std::string, double>>& values) {
  std::vector<std::string> said;
  std::optional<double> real, fake;
  for (const auto& [name, value] : values) {
    if (name == "belief/real") real = value;
    if (name == "belief/fake") fake = value;
    if (name.rfind("gradient/", 0) != 0) continue;
    const auto player = name.substr(std::string("gradient/").size());
    auto& greatest = greatest_gradient_[player];
    greatest = std::max(greatest, value);
    if (lasts(name, value < 1e-4 * greatest || value < 1e-8, kPatience)) {
      said.push_back(fmt::format(
          "the {} gets almost no gradient (norm {:.2g}; at most {:.2g} so far): it no longer learns", player,
          value, greatest));
    }
  }
  if (real && fake && lasts("discriminator wins", *real > 0.98 && *fake < 0.02, kPatience)) {
    said.push_back(fmt::format(
        "the discriminator always wins (its mean belief is {:.3f} in data and {:.3f} in samples): the "
        "generator learns little; try a lower optimizer.discriminator.lr, or more dropout or noise for it",
        *real, *fake));
  }
  return said;
}

std::vector<std::string> TrainingAlarms::observe_diversity(double ratio, double done) {
  // An untrained generator draws almost the same grey for all latents: that is not a collapse.
  if (!lasts("collapse", done > 0.1 && ratio < kCollapsed, kDiversityPatience)) return {};
  return {fmt::format(
      "the samples are much more alike than the data (mean distance {:.0f} % of the data's): the generator "
      "has collapsed or is about to",
      100 * ratio)};
}

std::vector<std::string> TrainingAlarms::observe_modes(const Modes& seen, double done) {
  std::vector<std::string> said;
  const auto near = fmt::format("{} of {} modes are covered, and {:.2g} % of the samples are near a mode",
                                seen.covered, seen.modes, 100 * seen.high_quality);
  const bool few = static_cast<double>(seen.covered) < kModesCovered * static_cast<double>(seen.modes) &&
                   seen.high_quality >= kEnoughNear;
  if (lasts("collapse", done > 0.25 && (few || seen.diversity < kCollapsed), kDiversityPatience)) {
    said.push_back(
        fmt::format("{} (mean distance between samples {:.0f} % of the data's): the generator has "
                    "collapsed or is about to",
                    near, 100 * seen.diversity));
  }
  if (lasts("lost", done > 0.5 && seen.high_quality < kLost, kDiversityPatience))
    said.push_back(near + ": the generator has not found the data, or has lost it");
  return said;
}

}  // namespace belamy
