// Pixels in memory and in files.
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>

#include "data/dataset.h"
#include "errors.h"
#include "unit/data/samples.h"
#include "variable.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class PixelsTest : public testing::Test {
 protected:
  void use_cache(const fs::path& folder) const { cache_.set(folder); }

  TestFolder folder_;
  const Variable cache_{"BELAMY_CACHE", folder_ / "cache"};
};

Pixels counted_up(Pixels to, int count) {
  for (int i = 0; i < count; ++i) to.push_back(static_cast<std::uint8_t>(i * 7));
  return to;
}

TEST_F(PixelsTest, ManyLieInAFileWithoutAName) {
  const auto few = counted_up(Pixels(1000), 500), many = counted_up(Pixels(1000), 1001);
  EXPECT_FALSE(few.on_disk());
  ASSERT_TRUE(many.on_disk());
  EXPECT_EQ(many, counted_up(Pixels(), 1001));
  EXPECT_TRUE(fs::exists(folder_ / "cache"));
  EXPECT_TRUE(fs::is_empty(folder_ / "cache"));
}

TEST_F(PixelsTest, NothingDependsOnWhereTheyLie) {
  for (const std::uint64_t limit : {std::uint64_t{0}, Pixels::no_limit}) {
    SCOPED_TRACE(limit);
    auto pixels = counted_up(Pixels(limit), 5000);
    EXPECT_EQ(pixels.on_disk(), limit == 0);
    pixels.let_go();
    auto copy = pixels;
    EXPECT_EQ(copy.on_disk(), limit == 0);
    copy[3] = 1;
    EXPECT_EQ(pixels[3], 21);
    EXPECT_EQ(copy.back(), pixels.back());

    std::vector<std::uint8_t> part(2000);
    pixels.read(3000, 2000, part.data());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), pixels.begin() + 3000));

    copy.resize(2);
    copy.resize(4);
    copy.append(pixels.data() + 1, 2);
    EXPECT_THAT(std::vector(copy.begin(), copy.end()), ElementsAre(0, 7, 0, 0, 7, 14));
    copy.clear();
    copy.resize(3);
    EXPECT_THAT(std::vector(copy.begin(), copy.end()), ElementsAre(0, 0, 0));
    copy.assign(2, 9);
    const std::vector<int> values = {1, 2, 3};
    copy.assign(values.begin(), values.end());
    EXPECT_THAT(std::vector(copy.begin(), copy.end()), ElementsAre(1, 2, 3));

    const auto moved = std::move(pixels);
    std::size_t seen = 0;
    moved.in_parts(
        10, [&](const auto* begin, const auto* end) { seen += static_cast<std::size_t>(end - begin); });
    EXPECT_EQ(seen, 4990U);
  }
}

TEST_F(PixelsTest, WithoutADiskTheyLieInMemory) {
  samples::write(folder_ / "file", "no folder");
  use_cache(folder_ / "file");
  EXPECT_FALSE(counted_up(Pixels(0), 10).on_disk());
  if (fs::exists("/dev/shm")) {
    use_cache("/dev/shm/belamy-test-of-pixels");
    EXPECT_FALSE(counted_up(Pixels(0), 10).on_disk()) << "a file in memory is no help";
    fs::remove("/dev/shm/belamy-test-of-pixels");
  }
  // More than fits anywhere.
  use_cache(folder_ / "file");
  const auto message = message_of(ExitCode::data, [] { Pixels(0).reserve(std::size_t{1} << 46); });
  EXPECT_THAT(message, HasSubstr("65536.0 GiB of pixels fit neither into memory nor into a file in"));
  EXPECT_THAT(message, HasSubstr("BELAMY_CACHE"));
}

TEST_F(PixelsTest, ASetIsTheSameInMemoryAndOnDisk) {
  // Folders with a bad file, arrays, and a side that is computed.
  for (const char* name : {"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/3.png"})
    samples::write(folder_ / "set" / name,
                   encode_png(samples::flat(4, 4, {std::uint8_t(name[0]), std::uint8_t(3 * name[2]), 9})));
  samples::write(folder_ / "set/b/2.png", "no image");
  for (const std::string settings : {"plain", "derived", "pairs", "limit"}) {
    SCOPED_TRACE(settings);
    DataOptions options;
    options.source = (folder_ / "set").string();
    options.holdout = 0.2;
    if (settings == "derived") options.pairs = "edges";
    if (settings == "limit") options.limit = 2;
    if (settings == "pairs") {
      options.pairs = "classes";
      options.sides = {"a", "b"};
    }
    const auto set = load_dataset(options, Split::train);
    options.memory = 0;
    const auto on_disk = load_dataset(options, Split::train);
    EXPECT_FALSE(set.pixels.on_disk());
    EXPECT_TRUE(on_disk.pixels.on_disk());
    EXPECT_EQ(digest_of(set), digest_of(on_disk));
    EXPECT_EQ(set.names, on_disk.names);
    EXPECT_THAT(on_disk.notes, testing::Contains(HasSubstr("of pixels lie in a file in")));
  }
}

}  // namespace
}  // namespace belamy
