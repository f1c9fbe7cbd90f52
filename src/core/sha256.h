// SHA-256, by OpenSSL.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace belamy {

/// Takes the bytes in pieces: update, update, ..., then hex once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(std::string_view bytes);
  std::string hex();  ///< 64 small hexadecimal digits; ends the computation

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::string_view bytes);
/// Of a file that need not fit into memory. A storage error when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace belamy
