// Base64 (RFC 4648), by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belamy {

/// In one line, with padding.
std::string encode_base64(std::string_view bytes);

/// The bytes; nothing for a text that is not base64 in one line.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace belamy
