// Names trouble in words while a run goes on: collapse, a discriminator that always wins, a player without
// gradient.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace belamy {

/// Each kind of trouble is told once when it has lasted, and again only after it had gone away.
class TrainingAlarms {
 public:
  /// The means of a tick. Returns what is new to say.
  std::vector<std::string> observe(const std::vector<std::pair<std::string, double>>& values);
  /// Diversity of samples over that of the data (1: alike), and the share of the run that is done.
  std::vector<std::string> observe_diversity(double ratio, double done);
  /// Samples of a mixture whose modes are known (metrics/modes.h), in place of `observe_diversity`.
  struct Modes {
    std::int64_t covered, modes;
    double high_quality;  ///< share of the samples
    double diversity;     ///< as above: a collapse that moves between the modes shows here alone
  };
  std::vector<std::string> observe_modes(const Modes& seen, double done);

  /// Ticks, or sample grids for diversity and modes, that trouble must last.
  static constexpr int kPatience = 5;
  static constexpr int kDiversityPatience = 2;
  static constexpr double kCollapsed = 0.4;
  static constexpr double kModesCovered = 0.75;  ///< a smaller share of the modes is a collapse,
  static constexpr double kEnoughNear = 0.05;  ///< where so many samples are near a mode that none is missed,
  static constexpr double kLost = 0.01;        ///< and so few are told by themselves

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
