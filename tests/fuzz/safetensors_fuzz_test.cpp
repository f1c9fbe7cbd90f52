#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include "store/safetensors.h"

namespace belamy {
namespace {

constexpr int cases = 4000;

/// Parses or throws a storage error; anything else, a crash included, fails the test. What parses is read to
/// the last byte, for the sanitizers.
bool survives(const std::string& bytes) {
  try {
    const Safetensors file = decode_safetensors(bytes, "fuzz", false);
    std::size_t total = 0;
    for (const auto& [name, array] : file.arrays) {
      total += array.bytes;
      const std::string copy(static_cast<const char*>(array.data), array.bytes);
      EXPECT_EQ(copy.size() % item_size(array.dtype), 0u);
    }
    EXPECT_LE(total, bytes.size());
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::storage);
    return false;
  }
}

std::string with_length(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

const std::string data(24, '\x11');
const std::string header =
    R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
    R"("b":{"dtype":"U8","shape":[8],"data_offsets":[16,24]}})";

// Bytes anywhere: mostly the length and the JSON syntax break.
TEST(SafetensorsFuzz, ChangedBytes) {
  std::mt19937 random(1);
  const std::string good = with_length(header, data);
  ASSERT_TRUE(survives(good));
  int parsed = 0;
  for (int i = 0; i < cases; ++i) {
    std::string bytes = good;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0: bytes[at] = static_cast<char>(random()); break;
        case 1: bytes.erase(at, random() % 9); break;
        case 2: bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 40)); break;
        default: bytes[at] ^= static_cast<char>(1 << (random() % 8));
      }
      if (bytes.empty()) bytes = good;
    }
    parsed += survives(bytes);
  }
  EXPECT_GT(parsed, 0);
  EXPECT_LT(parsed, cases);
}

// Valid JSON of correct length with exchanged tokens: gets past the parser to the checks behind it.
TEST(SafetensorsFuzz, ExchangedTokens) {
  std::mt19937 random(2);
  const std::vector<std::string> tokens = {"0",
                                           "8",
                                           "16",
                                           "24",
                                           "-1",
                                           "1e308",
                                           "18446744073709551615",
                                           "9223372036854775807",
                                           "4611686018427387904",
                                           "0.5",
                                           "null",
                                           "true",
                                           "\"F32\"",
                                           "\"F64\"",
                                           "\"\"",
                                           "{}",
                                           "[]",
                                           "[0,16]",
                                           "[[0]]",
                                           "[18446744073709551615,0]",
                                           "[4294967296,4294967296]",
                                           "\"\\u0000\"",
                                           "{\"dtype\":\"F32\"}"};
  const std::vector<std::string> places = {"\"v\"", "\"F32\"", "[2,2]",        "[0,16]", "\"U8\"",
                                           "[8]",   "[16,24]", "16",           "24",     "2",
                                           "0",     "8",       "{\"k\":\"v\"}"};
  int parsed = 0;
  for (int i = 0; i < cases; ++i) {
    std::string text = header;
    for (int edits = 1 + static_cast<int>(random() % 2); edits > 0; --edits) {
      const std::string& place = places[random() % places.size()];
      const std::size_t at = text.find(place);
      if (at != std::string::npos) text.replace(at, place.size(), tokens[random() % tokens.size()]);
    }
    parsed += survives(with_length(text, data.substr(0, random() % 4 == 0 ? random() % 25 : 24)));
  }
  EXPECT_GT(parsed, 0);
  EXPECT_LT(parsed, cases);
}

TEST(SafetensorsFuzz, Noise) {
  std::mt19937 random(3);
  for (int i = 0; i < cases; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    // Half of the cases claim a header that fits.
    if (bytes.size() >= 8 && random() % 2 == 0) {
      const std::uint64_t length = bytes.size() - 8;
      std::memcpy(bytes.data(), &length, 8);
    }
    survives(bytes);
  }
}

// A header may claim any size; none may be allocated for it.
TEST(SafetensorsFuzz, ClaimsOfHugeSizesFailAtOnce) {
  for (const std::uint64_t length : {std::uint64_t{1} << 32, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    EXPECT_FALSE(survives(std::string(reinterpret_cast<const char*>(&length), 8) + header));
  }
  EXPECT_FALSE(survives(with_length(
      R"({"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}})", data)));
  EXPECT_FALSE(survives(with_length(R"({"a":)" + std::string(100000, '['), data)));
  EXPECT_FALSE(survives(with_length(std::string(17 << 20, ' ') + "{}", "")));
}

}  // namespace
}  // namespace belamy
