// Attributes of examples: each has a name and a number, usually 1 if the example has the property, else 0.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// Indices of the attributes `asked` among the `names` that `source` has. Data errors: an unknown name (the
/// error lists the known ones), a source without attributes. A usage error: a name given twice.
std::vector<std::size_t> attribute_places(const std::vector<std::string>& asked,
                                          const std::vector<std::string>& names, const std::string& source);

/// "bold=1,italic=0" as one value for each of `names`, NaN for those not given. Usage errors: a part that is
/// not NAME=NUMBER, a name given twice; data errors as above.
std::vector<float> asked_attributes(const std::string& text, const std::vector<std::string>& names,
                                    const std::string& source);

/// One line for each attribute about its values in `rows` [N, A]: "50.0 %" if all are 0 or 1, else
/// "mean 3.5, 1 to 6".
std::vector<std::string> shares_of(const std::vector<std::string>& names, const std::vector<float>& rows);

/// Whether a name can be written in a list such as "bold=1,italic=0".
bool is_attribute_name(std::string_view name);

}  // namespace belamy
