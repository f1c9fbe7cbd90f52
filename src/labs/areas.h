// Areas under ROC curves of several runs.
#pragma once

#include <cmath>
#include <vector>

#include "metrics/roc.h"

namespace belamy::labs {

struct Spread {
  double mean = 0, deviation = 0;  ///< over the runs; the deviation is 0 for one run
  double error = 0;                ///< DeLong's standard error of one area, the mean over the runs
};

inline Spread spread_of(const std::vector<RocArea>& areas) {
  Spread spread;
  const auto n = static_cast<double>(areas.size());
  for (const auto& area : areas) {
    spread.mean += area.area / n;
    spread.error += area.standard_error / n;
  }
  for (const auto& area : areas) spread.deviation += (area.area - spread.mean) * (area.area - spread.mean);
  spread.deviation = n > 1 ? std::sqrt(spread.deviation / (n - 1)) : 0;
  return spread;
}

}  // namespace belamy::labs
