// Warnings during a training: collapse, a discriminator that always wins, a player without gradient.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace belamy {

/// Reports each kind of trouble once, when it has lasted for some time, and again only after it went away.
class TrainingAlarms {
 public:
  /// Takes the mean values of a tick. Returns the new warnings.
  std::vector<std::string> observe(const std::vector<std::pair<std::string, double>>& values);
  /// `ratio`: diversity of the samples divided by that of the data. `done`: share of the run that is done.
  std::vector<std::string> observe_diversity(double ratio, double done);
  /// How samples cover the modes of a mixture (metrics/modes.h).
  struct Modes {
    std::int64_t covered, modes;
    double high_quality;  ///< share of the samples that are near a mode
    double diversity;     ///< the `ratio` above; only this shows a collapse that moves between the modes
  };
  /// Replaces `observe_diversity` for mixtures.
  std::vector<std::string> observe_modes(const Modes& seen, double done);

  /// How long trouble must last before it is reported: in ticks; for diversity and modes in sample grids.
  static constexpr int kPatience = 5;
  static constexpr int kDiversityPatience = 2;
  static constexpr double kCollapsed = 0.4;  ///< a smaller diversity is a collapse
  /// A smaller share of covered modes is a collapse, if at least the share kEnoughNear of the samples is near
  /// a mode: fewer would miss modes by chance.
  static constexpr double kModesCovered = 0.75;
  static constexpr double kEnoughNear = 0.05;
  static constexpr double kLost = 0.01;  ///< if fewer samples are near a mode, the data are lost

 private:
  struct Trouble {
    int seen = 0;
    bool told = false;
  };
  bool lasts(const std::string& kind, bool present, int patience);

  std::map<std::string, Trouble> troubles_;
  std::map<std::string, double> greatest_gradient_;
};

}  // namespace belamy
