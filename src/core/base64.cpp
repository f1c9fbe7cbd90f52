#include "core/base64.h"

#include <algorithm>
#include <openssl/evp.h>

namespace belamy {

std::string encode_base64(std::string_view bytes) {
  constexpr std::size_t piece = 3 << 20;  // OpenSSL counts by int; a multiple of 3 needs no padding inside
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  auto* to = reinterpret_cast<unsigned char*>(text.data());
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), piece))) {
    const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
    // The zero that OpenSSL writes behind its last letter falls on the string's own.
    to += EVP_EncodeBlock(to, from, static_cast<int>(std::min(bytes.size(), piece)));
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

}  // namespace belamy
