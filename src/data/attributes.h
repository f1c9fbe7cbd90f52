// Attributes of examples: names with a number each, usually 1 where an example has the property and 0
// where not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// Places of the asked attributes among those that `source` has. Data errors that list what there is: an
/// unknown name, a source without attributes. A usage error: a name given twice.
std::vector<std::size_t> attribute_places(const std::vector<std::string>& asked,
                                          const std::vector<std::string>& names, const std::string& source);

/// "bold=1,italic=0" as a value for each of `names`: NaN where nothing is asked. Usage errors: a part that is
/// no NAME=NUMBER, a name given twice; data errors as above.
std::vector<float> asked_attributes(const std::string& text, const std::vector<std::string>& names,
                                    const std::string& source);

/// A line for each attribute about its values in `rows` [N, A]: "50.0 %" of 0 and 1, else "mean 3.5, 1 to 6".
std::vector<std::string> shares_of(const std::vector<std::string>& names, const std::vector<float>& rows);

/// Whether a name can be written in a list such as "bold=1,italic=0".
bool is_attribute_name(std::string_view name);

}  // namespace belamy
