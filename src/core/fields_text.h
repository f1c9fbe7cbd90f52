// Settings as text: the values that a setting allows, and a table in Markdown.
#pragma once

#include <string>
#include <vector>

#include "belamy/config.h"

namespace belamy {

/// "1 .. 4096 pixels", "true or false": what the field takes.
std::string allowed_values(const Fields::Field& field);
/// A table with key, value, allowed values and help of each field.
std::string fields_markdown(const std::vector<Fields::Field>& fields);

}  // namespace belamy
