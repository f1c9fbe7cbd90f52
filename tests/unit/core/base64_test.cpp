#include "core/base64.h"

#include <gtest/gtest.h>

namespace belamy {
namespace {

// RFC 4648, section 10, and bytes that a signed char would spoil.
TEST(Base64, KnownValues) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(encode_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64(std::string("\xff\x00\xfe\x80", 4)), "/wD+gA==");
}

// More than is given to OpenSSL at once.
TEST(Base64, LongTexts) {
  const std::size_t groups = 3 << 20;
  std::string bytes, text;
  for (std::size_t i = 0; i < groups; ++i) bytes += "foo";
  for (std::size_t i = 0; i < groups; ++i) text += "Zm9v";
  EXPECT_TRUE(encode_base64(bytes + "f") == text + "Zg==");
}

}  // namespace
}  // namespace belamy
