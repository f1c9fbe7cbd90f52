// Base64 (RFC 4648), by OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace belamy {

/// In one line, with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace belamy
