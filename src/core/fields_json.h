// Settings as JSON, for programs and for forms.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "belamy/config.h"

namespace belamy {

/// A list with an object for each field: key, type, range, choices, low, high, unit, default, value, help.
nlohmann::json fields_json(const Fields& fields);

}  // namespace belamy
