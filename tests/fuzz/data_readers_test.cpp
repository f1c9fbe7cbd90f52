// Seeded damage to every format that Belamy reads: a file either loads or gives a belamy::Error with a
// message, without a crash and without allocating what only a header claims.
#include <gtest/gtest.h>
#include <random>
#include <sys/resource.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "unit/data/medical_samples.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;
using samples::flat;
using samples::gzip;
using samples::write;

class Damage {
 public:
  explicit Damage(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }

  /// One to four of: other bytes, flipped bits, a cut, a repeated part, a number at its limits.
  std::string apply(std::string bytes) {
    for (std::size_t n = 1 + below(4); n > 0; --n) {
      const std::size_t at = below(bytes.size());
      switch (below(6)) {
        case 0:
          if (!bytes.empty()) bytes[at] = static_cast<char>(random_());
          break;
        case 1:
          if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 2: bytes.resize(at); break;
        case 3: bytes.insert(below(bytes.size()), bytes.substr(at, 1 + below(40))); break;
        case 4:
          for (std::size_t i = at; i < std::min(at + 4, bytes.size()); ++i) bytes[i] = '\xff';
          break;
        default:
          // Most headers lie at the start.
          if (!bytes.empty())
            bytes[below(std::min<std::size_t>(bytes.size(), 40))] = static_cast<char>(random_());
      }
    }
    return bytes;
  }

 private:
  std::mt19937_64 random_;
};

// Runs `read`; returns whether it loaded. Anything but a belamy::Error with a message fails the test.
template <class Read>
bool survives(const Read& read, const std::string& what) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data) << what << ": " << error.what();
    EXPECT_FALSE(std::string(error.what()).empty()) << what;
  } catch (const std::exception& other) {
    ADD_FAILURE() << what << ": " << other.what();
  }
  return false;
}

void expect_little_memory() {
#ifndef __SANITIZE_ADDRESS__  // keeps freed memory on purpose
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 512 * 1024) << "KiB at the most";
#endif
}

Image pattern(int width, int height, int channels) {
  Image image = flat(width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(channels)));
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>(i * i * 31 + i * 7);
  return image;
}

// Repairs the checksums of a PNG, so that the damage gets past them.
std::string with_checksums(std::string png) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<std::uint8_t>(png[i]);
    return value;
  };
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t length = number(at);
    if (length > png.size() - at - 12) break;
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(&png[at + 4]), static_cast<uInt>(length + 4));
    png.replace(at + 8 + length, 4, samples::big_endian(static_cast<std::uint32_t>(sum)));
    at += 12 + length;
  }
  return png;
}

TEST(FuzzImages, EveryCodec) {
  samples::PngOptions palette{
      .width = 8, .height = 2, .depth = 4, .type = PNG_COLOR_TYPE_PALETTE, .interlaced = true};
  for (int i = 0; i < 16; ++i) palette.palette.push_back({1, 2, static_cast<png_byte>(i)});
  palette.transparency = {1, 2, 3};
  const std::vector<std::string> originals = {
      encode_png(pattern(9, 7, 1)),
      encode_png(pattern(9, 7, 3)),
      samples::png(palette, {{1, 2, 3, 4}, {5, 6, 7, 8}}),
      samples::png({.width = 2, .height = 1, .depth = 16, .type = PNG_COLOR_TYPE_RGB_ALPHA},
                   {std::vector<std::uint8_t>(16, 77)}),
      samples::with_chunk(samples::png({.width = 4, .height = 1, .depth = 16}, {{0, 1, 2, 3, 4, 5, 6, 7}}),
                          samples::png_chunk("sBIT", "\x0b")),
      samples::jpeg(pattern(17, 9, 1)),
      samples::jpeg(pattern(17, 9, 3)),
      samples::jpeg(pattern(9, 9, 4)),
      "P5 # gray\n3 2 255\nabcdef",
      "P6\n2 1\n65535\nabcdefabcdef",
      "P2 3 1 9 1 2 3",
      "P3 1 2 255 1 2 3 4 5 6"};
  for (std::size_t f = 0; f < originals.size(); ++f) {
    Damage damage(100 + f);
    int loaded = 0;
    for (int i = 0; i < 500; ++i) {
      std::string bytes = damage.apply(originals[f]);
      if (i % 2 == 0) bytes = with_checksums(bytes);
      loaded += survives([&] { decode_image(bytes, "x"); }, fmt::format("format {}, case {}", f, i));
    }
    EXPECT_LT(loaded, 500) << "format " << f << ": no damage was ever noticed";
    ASSERT_TRUE(survives([&] { decode_image(originals[f], "x"); }, "the original"));
  }
  expect_little_memory();
}

constexpr int kMedical = 60;  // damaged files of each kind

class FuzzReaders : public testing::Test {
 protected:
  // Damages `file` below the folder in `count` ways; `pack` is applied after the damage.
  void run(
      const std::string& file, const std::string& original, int count, std::uint64_t seed,
      const std::function<std::string(std::string)>& pack = [](std::string bytes) { return bytes; }) {
    Damage damage(seed);
    DataOptions options;
    options.source = folder_.path().string();
    const auto load = [&] {
      load_dataset(options, Split::train);
      load_dataset(options, Split::test);
    };
    write(folder_ / file, pack(original));
    ASSERT_TRUE(survives(load, file + ", the original"));
    int loaded = 0;
    for (int i = 0; i < count; ++i) {
      write(folder_ / file, pack(damage.apply(original)));
      loaded += survives(load, fmt::format("{}, case {}", file, i));
    }
    EXPECT_LT(loaded, count) << "no damage was ever noticed";
    write(folder_ / file, pack(original));
    expect_little_memory();
  }

  TestFolder folder_;
};

TEST_F(FuzzReaders, Idx) {
  const std::string images = samples::idx_images(4, 3, 3, std::string(36, 'x'));
  const std::string labels = samples::idx_labels(4, std::string("\0\1\2\1", 4));
  write(folder_ / "t10k-images-idx3-ubyte", images);
  write(folder_ / "train-labels-idx1-ubyte.gz", gzip(labels));
  run("train-images-idx3-ubyte.gz", gzip(images), 120, 1);
  run("train-images-idx3-ubyte.gz", images, 120, 2, gzip);
  run("train-labels-idx1-ubyte.gz", labels, 120, 3, gzip);
}

TEST_F(FuzzReaders, Usps) {
  std::string text;
  for (int row = 0; row < 4; ++row) {
    text += std::to_string(row);
    for (int i = 0; i < 256; ++i) text += fmt::format(" {:.3f}", (i % 21 - 10) / 10.0);
    text += "\n";
  }
  write(folder_ / "zip.test.gz", gzip(text));
  run("zip.train.gz", text, 120, 4, gzip);
}

TEST_F(FuzzReaders, Cifar) {
  std::string batch;
  for (char i = 0; i < 3; ++i) batch += i + std::string(3072, 'p');
  write(folder_ / "test_batch.bin", batch);
  run("data_batch_1.bin", batch, 120, 5);
}

TEST_F(FuzzReaders, Npz) {
  const auto npy = [](const std::string& shape, const std::string& bytes) {
    std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (" + shape + "), }";
    header.resize(118, ' ');
    return std::string("\x93NUMPY\1\0\x76\0", 10) + header + bytes;
  };
  const std::string images = npy("4, 3, 3", std::string(36, 'x')),
                    labels = npy("4,", std::string("\0\1\2\1", 4));
  const auto zip = [&](const std::string& first, const std::string& second) {
    samples::write_archive(folder_ / ".scratch.npz", {{"images.npy", first}, {"labels.npy", second}});
    return samples::read(folder_ / ".scratch.npz");
  };
  run("set.npz", zip(images, labels), 120, 6);
  run("set.npz", images, 120, 7, [&](const std::string& bytes) { return zip(bytes, labels); });
  auto fortran = images;
  fortran.replace(fortran.find("False,"), 6, "True, ");
  run("set.npz", fortran, 120, 13, [&](const std::string& bytes) { return zip(bytes, labels); });
  run("set.npz", labels, 120, 8, [&](const std::string& bytes) { return zip(images, bytes); });
  // Attributes, and their names as text.
  const auto text_of = [](const std::string& type, const std::string& shape, const std::string& bytes) {
    std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    header.resize(118, ' ');
    return std::string("\x93NUMPY\1\0\x76\0", 10) + header + bytes;
  };
  std::string letters;
  for (const char32_t c : {U'g', U'\u00f6', U'\u732b', U'o', U'\U0001f600', U'\0'})
    letters += samples::little_endian(c, 4);
  samples::Members members = {{"images.npy", images},
                              {"attributes.npy", npy("4, 2", std::string("\0\1\1\0\1\1\0\0", 8))},
                              {"attribute_names.npy", text_of("<U3", "2,", letters)}};
  for (const std::size_t damaged : {1, 2}) {
    const auto original = members[damaged].second;
    run("set.npz", original, 240, 14 + damaged, [&](const std::string& bytes) {
      auto changed = members;
      changed[damaged].second = bytes;
      samples::write_archive(folder_ / ".scratch.npz", changed);
      return samples::read(folder_ / ".scratch.npz");
    });
  }
}

TEST_F(FuzzReaders, ArchivesAndFolders) {
  const std::string json =
      R"({"labels": [["a/1.png", 0], ["a/2.png", 1], ["b/3.png", 1]], "class_names": ["x", "y"]})";
  samples::Members members = {{"a/1.png", encode_png(pattern(4, 4, 1))},
                              {"a/2.png", encode_png(pattern(4, 4, 1))},
                              {"b/3.png", encode_png(pattern(4, 4, 1))}};
  const auto pack = [&](const std::string& name) {
    samples::write_archive(folder_ / ("." + name), members);
    const std::string bytes = samples::read(folder_ / ("." + name));
    fs::remove(folder_ / ("." + name));
    return bytes;
  };
  run("set.zip", pack("set.zip"), 120, 9);
  fs::remove(folder_ / "set.zip");
  run("set.tar", pack("set.tar"), 120, 10);
  fs::remove(folder_ / "set.tar");
  run("set.tar.gz", pack("set.tar.gz"), 120, 11);
  fs::remove(folder_ / "set.tar.gz");
  const auto picture = encode_png(pattern(4, 4, 1));
  run("set.zip",
      samples::zip({{"é/1.png", picture},
                    {"猫/2.png", picture},
                    {"\x82/3.png", picture, false, samples::unicode_name("\x82/3.png", "ü/3.png")},
                    {"\xff/4.png", picture}}),
      240, 14);
  fs::remove(folder_ / "set.zip");
  members.emplace_back("dataset.json", json);
  const auto pack_last = [&](const std::string& bytes) {
    members.back().second = bytes;
    return pack("set.zip");
  };
  run("set.zip", json, 120, 12, pack_last);
  const std::string facts =
      R"({"labels": [["a/1.png", [0, 1.5]], ["a/2.png", [1, 0]], ["b/3.png", null]],
          "attribute_names": ["x", "y"], "captions": [["a/1.png", "one"], ["a/2.png", "two"]]})";
  run("set.zip", facts, 240, 17, pack_last);
  members.back() = {"attributes.csv", ""};
  run("set.zip", "file,old,caption\na/1.png,-1,\"a \"\"b\"\"\"\na/2.png,1,c\nb/3.png,0,d\n", 480, 18,
      pack_last);
}

TEST_F(FuzzReaders, Dicom) {
  std::vector<int> values;
  std::vector<std::uint16_t> words;
  for (int i = 0; i < 9 * 8; ++i) {
    values.push_back(i * i * 31 % 4096);
    words.push_back(static_cast<std::uint16_t>(values.back()));
  }
  const auto file = [&](const std::string& syntax, const std::string& part) {
    auto made = samples::gray_dicom(9, 8, part.empty() ? values : std::vector<int>(), syntax);
    made.set(0x00100020, "LO", "a").set(0x0020000e, "UI", "1.2").set(0x00280103, "US", "0");
    made.set(0x00200032, "DS", "1\\2\\3")
        .set(0x00200037, "DS", "1\\0\\0\\0\\1\\0")
        .set(0x00280030, "DS", "1\\1");
    if (syntax != "1.2.840.10008.1.2.2")
      made.set(0x00081140, "SQ", samples::number(0xe000fffe, 4) + samples::number(0, 4));
    if (!part.empty()) made.parts = {part};
    return made;
  };
  write(folder_ / "intact", file("1.2.840.10008.1.2.1", "").set(0x00100020, "LO", "b").bytes());
  std::string rle = samples::number(2, 4) + samples::number(64, 4) + samples::number(137, 4);
  rle.resize(64, '\0');
  rle += '\x47' + std::string(72, 'h') + '\x47' + std::string(72, 'l');
  std::vector<samples::Dicom> originals = {
      file("1.2.840.10008.1.2", ""),
      file("1.2.840.10008.1.2.1", "").set(0x00281050, "DS", "40").set(0x00281051, "DS", "400"),
      file("1.2.840.10008.1.2.2", "").set(0x00280008, "IS", "1"),
      file("1.2.840.10008.1.2.1.99", ""),
      file("1.2.840.10008.1.2.5", rle),
      file("1.2.840.10008.1.2.4.70", samples::lossless_jpeg(9, 8, values, 4)),
      file("1.2.840.10008.1.2.4.80", samples::jpeg_ls_of_squares()),
      file("1.2.840.10008.1.2.4.90", samples::jpeg_2000(9, 8, words))};
  // Damage to the frame alone gets past the header.
  for (std::size_t f = 0; f < originals.size(); ++f) {
    run("damaged", originals[f].bytes(), kMedical, 20 + f);
    if (originals[f].parts.empty()) continue;
    run("damaged", originals[f].parts[0], 4 * kMedical, 40 + f, [&](const std::string& part) {
      auto changed = originals[f];
      changed.parts = {part.empty() ? std::string(2, '\0') : part};
      return changed.bytes();
    });
  }
}

TEST_F(FuzzReaders, Nifti) {
  samples::Nifti file{.size = {6, 5, 4, 2}, .type = 4};
  file.data.assign(6 * 5 * 4 * 2 * 2, 'x');
  for (std::size_t i = 0; i < file.data.size(); ++i) file.data[i] = static_cast<char>(i * i * 31);
  file.affine = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  auto second = file;
  second.first = false;
  second.big = true;
  write(folder_ / "intact.nii", file.bytes());
  run("damaged.nii", file.bytes(), kMedical, 60);
  run("damaged.nii", second.bytes(), kMedical, 61);
  fs::remove(folder_ / "damaged.nii");
  run("damaged.nii.gz", file.bytes(), kMedical, 62, gzip);
  run("damaged.nii.gz", gzip(file.bytes()), kMedical, 63);
}

}  // namespace
}  // namespace belamy
