// Settings of one command line that contradict each other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "belamy/config.h"

namespace belamy {

/// A usage error if two of the settings, "KEY=VALUE" each, give one field different values. Unknown keys are
/// ignored: the fields refuse them. `typed` tells how the user wrote those settings that were not given with
/// --set.
void refuse_contradictions(const Fields& fields, const std::vector<std::string>& settings,
                           const std::map<std::string, std::string>& typed = {});

}  // namespace belamy
