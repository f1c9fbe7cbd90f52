// SHA-256, by OpenSSL.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace belamy {

/// Hashes bytes in pieces: call update for each, then hex once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(std::string_view bytes);
  std::string hex();  ///< 64 lower-case hexadecimal digits; ends the computation

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::string_view bytes);
/// Reads the file in pieces, so it need not fit into memory. A storage error if it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace belamy
