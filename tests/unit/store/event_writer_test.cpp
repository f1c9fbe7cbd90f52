#include "store/event_writer.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>

#include "faulty_env.h"

namespace belamy {
namespace {

using testing::SizeIs;
using testing::StartsWith;

TEST(Crc32cTest, KnownValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720, B.4
}

template <typename T>
T take(std::string& bytes) {
  T value{};
  if (bytes.size() < sizeof value) throw std::runtime_error("the record ends too early");
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.erase(0, sizeof value);
  return value;
}

std::uint32_t masked(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

/// The data of every record; both checksums of each are checked.
std::vector<std::string> records_of(std::string bytes) {
  std::vector<std::string> records;
  while (!bytes.empty()) {
    const std::string head = bytes.substr(0, 8);
    const auto length = take<std::uint64_t>(bytes);
    EXPECT_EQ(take<std::uint32_t>(bytes), masked(head));
    records.push_back(bytes.substr(0, length));
    bytes.erase(0, length);
    EXPECT_EQ(take<std::uint32_t>(bytes), masked(records.back()));
  }
  return records;
}

/// An event without its first field, the time, which is checked for sense.
std::string without_time(std::string event) {
  EXPECT_EQ(take<char>(event), 9);
  EXPECT_GT(take<double>(event), 1.7e9);
  return event;
}

class EventWriterTest : public testing::Test {
 protected:
  std::vector<std::string> events() {
    std::vector<std::string> events;
    for (const fs::path& path : env_.list(folder_.path())) {
      for (const std::string& record : records_of(env_.read(path))) events.push_back(without_time(record));
    }
    return events;
  }

  TestFolder folder_;
  Env& env_ = Env::real();
};

// The expected bytes are written out by hand from the protocol buffers' definition.
TEST_F(EventWriterTest, ScalarsAreEncodedAsTensorBoardExpects) {
  EventWriter writer(env_, folder_.path());
  writer.write_scalars(300, {{"loss", 0.5}, {"b", -2}});
  ASSERT_THAT(events(), SizeIs(2));
  EXPECT_EQ(events()[0],
            "\x1a\x0d"
            "brain.Event:2");
  EXPECT_EQ(events()[1], std::string("\x10\xac\x02"                        // step = 300
                                     "\x2a\x17"                            // summary, 23 bytes
                                     "\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f"  // value: tag, 0.5f
                                     "\x0a\x08\x0a\x01"
                                     "b\x15\0\0\0\xc0",
                                     28));  // value: tag, -2f
}

TEST_F(EventWriterTest, ARestartIsMarked) {
  EventWriter writer(env_, folder_.path(), 7);
  ASSERT_THAT(events(), SizeIs(2));
  EXPECT_EQ(events()[1], "\x10\x07\x3a\x02\x08\x01");
}

TEST_F(EventWriterTest, PicturesCarryTheirSize) {
  const std::string png = std::string("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x04\0\0\0\x05\x08\x02", 26);
  EventWriter writer(env_, folder_.path());
  writer.write_image(1, "s", png);
  const std::string image =
      std::string("\x08\x05\x10\x84\x02\x18\x03\x22\x1a", 9) + png;  // 5 high, 260 wide, RGB
  ASSERT_THAT(events(), SizeIs(2));
  EXPECT_EQ(events()[1], "\x10\x01\x2a\x2a\x0a\x28\x0a\x01s\x22\x23" + image);
}

TEST_F(EventWriterTest, WhatIsNoPngIsRefused) {
  EventWriter writer(env_, folder_.path());
  EXPECT_THROW(writer.write_image(1, "s", "GIF89a"), Error);
  EXPECT_THROW(writer.write_image(1, "s", "\x89PNG\r\n\x1a\n"), Error);
  EXPECT_THAT(events(), SizeIs(1));
}

TEST_F(EventWriterTest, LaterFilesSortBehindEarlierOnes) {
  env_.open(folder_ / "events.out.tfevents.4000000000.host.9", Env::Mode::truncate);
  const EventWriter first(env_, folder_.path());
  const EventWriter second(env_, folder_.path());
  const auto files = env_.list(folder_.path());
  ASSERT_THAT(files, SizeIs(3));
  EXPECT_THAT(files[1].filename().string(), StartsWith("events.out.tfevents.4000000001."));
  EXPECT_THAT(files[2].filename().string(), StartsWith("events.out.tfevents.4000000002."));
}

TEST_F(EventWriterTest, EveryEventIsInTheFileAtOnce) {
  FaultyEnv env;
  EventWriter writer(env, folder_.path());
  const std::size_t before = env.log().size();
  writer.write_scalars(1, {{"a", 1}, {"b", NAN}});
  EXPECT_EQ(env.log().size(), before + 1);
  EXPECT_THAT(events(), SizeIs(2));
}

}  // namespace
}  // namespace belamy
