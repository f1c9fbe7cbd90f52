// Words of a command line that Belamy prints for copying.
#pragma once

#include <string>

namespace belamy {

/// `word` as a shell reads it back: in quotes if it needs them. A name that begins with '-' becomes
/// "./-name", so that it is not taken for an option.
std::string shell_word(const std::string& word);

}  // namespace belamy
