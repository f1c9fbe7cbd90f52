// Image files in folders and archives.
#include <clocale>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <locale.h>

#include "data/dataset.h"
#include "errors.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using samples::flat;
using samples::Members;
using samples::write;
using samples::write_archive;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Dataset load(const fs::path& path, Split split = Split::train, double holdout = 0) {
  DataOptions options;
  options.source = path.string();
  options.holdout = holdout;
  return load_dataset(options, split);
}

std::string error_of(const fs::path& path) {
  return message_of(ExitCode::data, [&] { load(path); });
}

// A 1x1 image: the pixels of a data set then tell which files are in it.
std::string dot(int value) {
  return encode_png(flat(1, 1, {static_cast<std::uint8_t>(value)}));
}

void write_folder(const fs::path& folder, const Members& members) {
  for (const auto& [name, bytes] : members) write(folder / name, bytes);
}

// The same members as a folder and as each kind of archive.
std::vector<fs::path> write_all_ways(const fs::path& folder, const Members& members) {
  write_folder(folder / "plain", members);
  std::vector<fs::path> paths = {folder / "plain"};
  for (const char* name : {"a.zip", "a.tar", "a.tar.gz", "a.tgz"}) {
    paths.push_back(folder / "archives" / name);
    write_archive(paths.back(), members);
  }
  return paths;
}

TEST(Files, OneFolderAClass) {
  TestFolder folder;
  const Members members = {{"cat/b.png", dot(20)},
                           {"README.md", "text"},
                           {"dog/c.jpg", samples::jpeg(flat(1, 1, {30}))},
                           {"cat/a.pgm", "P5 1 1 255 \x0a"},
                           {"cat/.hidden.png", "junk"},
                           {"cat/Thumbs.db", "junk"},
                           {"__MACOSX/cat/b.png", "junk"}};
  for (const auto& path : write_all_ways(folder.path(), members)) {
    const Dataset set = load(path);
    EXPECT_THAT(set.pixels, ElementsAre(10, 20, 30)) << path;
    EXPECT_THAT(set.labels, ElementsAre(0, 0, 1)) << path;
    EXPECT_THAT(set.class_names, ElementsAre("cat", "dog")) << path;
    EXPECT_THAT(set.problems, IsEmpty()) << path;
  }
}

TEST(Files, WithoutClasses) {
  TestFolder folder;
  for (const auto& path :
       write_all_ways(folder.path(), {{"around/2.png", dot(2)}, {"around/10.png", dot(10)}})) {
    const Dataset set = load(path);
    EXPECT_THAT(set.pixels, ElementsAre(10, 2)) << path;
    EXPECT_THAT(set.labels, IsEmpty()) << path;
    EXPECT_THAT(set.class_names, IsEmpty()) << path;
  }
}

TEST(Files, NestedFoldersAreJoined) {
  TestFolder folder;
  const Members members = {{"all/Greek/character01/1.png", dot(1)},
                           {"all/Greek/character02/1.png", dot(2)},
                           {"all/Latin/character01/1.png", dot(3)}};
  for (const auto& path : write_all_ways(folder.path(), members)) {
    EXPECT_THAT(load(path).class_names,
                ElementsAre("Greek/character01", "Greek/character02", "Latin/character01"));
  }
}

TEST(Files, SplitsAsFolders) {
  TestFolder folder;
  const Members members = {{"set/train/cat/1.png", dot(1)},
                           {"set/train/dog/1.png", dot(2)},
                           {"set/test/dog/1.png", dot(3)},
                           {"set/val/dog/1.png", dot(4)}};
  for (const auto& path : write_all_ways(folder.path(), members)) {
    EXPECT_THAT(load(path, Split::train).pixels, ElementsAre(1, 2)) << path;
    const Dataset test = load(path, Split::test);
    EXPECT_THAT(test.pixels, ElementsAre(3)) << path;
    EXPECT_THAT(test.labels, ElementsAre(1)) << path;  // dog, as in training
  }
}

TEST(Files, SplitsAsArchives) {
  TestFolder folder;
  write_archive(folder / "train.tar.gz", {{"train/cat/1.png", dot(1)}, {"train/dog/1.png", dot(2)}});
  write_archive(folder / "test.tar.gz", {{"test/dog/1.png", dot(3)}});
  write(folder / "README.md", "text");
  EXPECT_THAT(load(folder.path(), Split::train).pixels, ElementsAre(1, 2));
  const Dataset test = load(folder.path(), Split::test);
  EXPECT_THAT(test.pixels, ElementsAre(3));
  EXPECT_THAT(test.labels, ElementsAre(1));
  EXPECT_THAT(test.class_names, ElementsAre("cat", "dog"));
}

TEST(Files, AThirdArchiveBesideTheSplitsIsNamed) {
  TestFolder folder;
  for (const char* name : {"train", "test", "val"})
    write_archive(folder / fmt::format("{}.zip", name), {{"1.png", dot(200)}});
  for (const auto split : {Split::train, Split::test}) {
    EXPECT_THAT(load(folder.path(), split).notes,
                testing::Contains(HasSubstr("val.zip is not read: train.zip holds the training images")));
  }
}

TEST(Files, ClassesOfTheTestArchiveAloneComeLast) {
  TestFolder folder;
  write_archive(folder / "train.zip", {{"b/1.png", dot(1)}, {"c/1.png", dot(2)}});
  write_archive(folder / "test.zip", {{"a/1.png", dot(3)}, {"c/1.png", dot(4)}, {"z/1.png", dot(5)}});
  const Dataset test = load(folder / "train.zip", Split::test);
  EXPECT_THAT(test.class_names, ElementsAre("b", "c", "a", "z"));
  EXPECT_THAT(test.pixels, ElementsAre(3, 4, 5));
  EXPECT_THAT(test.labels, ElementsAre(2, 1, 3));
}

TEST(Files, WhatLiesBesideAnArchiveIsLeftOut) {
  TestFolder folder;
  for (int i = 0; i < 6; ++i) write(folder / fmt::format("set/{}.bmp", i), "BM");
  write_archive(folder / "set/old.zip", {{"1.png", dot(1)}});
  write(folder / "set/readme.txt", "text");
  write(folder / "deep/sub/img0000", dot(2));
  write_archive(folder / "deep/backup.zip", {{"1.png", dot(1)}});
  const Dataset set = load(folder / "set");
  ASSERT_EQ(set.problems.size(), 1u);
  EXPECT_EQ(set.problems[0].reason, "6 files not read: old.zip holds the images");
  EXPECT_EQ(set.problems[0].files, 6);
  const Dataset deep = load(folder / "deep");
  ASSERT_EQ(deep.problems.size(), 1u);
  EXPECT_THAT(deep.problems[0].file, HasSubstr("sub/img0000"));
  EXPECT_EQ(deep.problems[0].reason, "not read: backup.zip holds the images");
}

TEST(Files, SplitsWithOtherClasses) {
  TestFolder folder;
  write_archive(folder / "images_background.zip", {{"images_background/A/character01/1.png", dot(1)},
                                                   {"images_background/B/character01/1.png", dot(2)}});
  write_archive(folder / "images_evaluation.zip", {{"images_evaluation/C/character01/1.png", dot(3)},
                                                   {"images_evaluation/D/character01/1.png", dot(4)}});
  write_archive(folder / "all_runs.zip", {{"run01/1.png", dot(5)}});
  EXPECT_THAT(load(folder.path(), Split::train).class_names, ElementsAre("A/character01", "B/character01"));
  EXPECT_THAT(load(folder.path(), Split::test).class_names, ElementsAre("C/character01", "D/character01"));
}

TEST(Files, WhatLiesBesideTheSplitsIsLeftOut) {
  TestFolder folder;
  Members members = {{"set/sample.png", dot(9)},
                     {"set/training_set/cat/1.png", dot(1)},
                     {"set/training_set/dog/1.png", dot(2)},
                     {"set/test_set/dog/1.png", dot(3)},
                     {"set/valid/cat/1.png", dot(4)},
                     {"set/predict/1.png", dot(5)},
                     {"set/predict/2.png", dot(6)}};
  for (const auto& path : write_all_ways(folder.path(), members)) {
    for (const auto& [split, pixel] :
         {std::pair{Split::train, 2}, {Split::test, 3}, {Split::validation, 4}}) {
      const Dataset set = load(path, split);
      EXPECT_EQ(set.pixels.back(), pixel) << path;
      EXPECT_EQ(set.count, split == Split::train ? 2 : 1) << path;
      EXPECT_THAT(set.class_names, ElementsAre("cat", "dog")) << path;
      ASSERT_EQ(set.problems.size(), 2u) << path;
      EXPECT_THAT(set.problems[0].file, HasSubstr("set/predict"));
      EXPECT_EQ(set.problems[0].reason, "2 files outside the folders training_set, test_set, valid");
      EXPECT_THAT(set.problems[0].cure, HasSubstr("move what belongs"));
      EXPECT_THAT(set.problems[1].file, HasSubstr("set/sample.png"));
      EXPECT_EQ(set.problems[1].reason, "outside the folders training_set, test_set, valid");
      EXPECT_THAT(set.notes.back(), HasSubstr(fmt::format("3 of {} files left out", 3 + set.count)));
    }
  }
}

TEST(Files, ManyStraysOfOneFolderAreOneProblem) {
  TestFolder folder;
  Members members = {{"train/1.png", dot(1)}, {"test/1.png", dot(2)}};
  for (int i = 0; i < 20; ++i) members.emplace_back(fmt::format("{}.png", i), dot(i));
  for (const auto& path : write_all_ways(folder.path(), members)) {
    const Dataset set = load(path);
    EXPECT_THAT(set.pixels, ElementsAre(1)) << path;
    ASSERT_EQ(set.problems.size(), 1u) << path;
    EXPECT_EQ(set.problems[0].file, path.string());
    EXPECT_EQ(set.problems[0].reason, "20 files outside the folders train, test");
    EXPECT_THAT(set.notes.back(), HasSubstr("20 of 21 files left out"));
  }
}

TEST(Files, TrainAloneIsDivided) {
  TestFolder folder;
  for (int i = 0; i < 10; ++i) {
    write(folder / fmt::format("train/cat/{}.png", i), dot(i));
    write(folder / fmt::format("train/dog/{}.png", i), dot(i + 10));
    write(folder / fmt::format("predict/{}.png", i), dot(100));
  }
  const Dataset train = load(folder.path(), Split::train, 0.2), test = load(folder.path(), Split::test, 0.2);
  EXPECT_EQ(train.count, 16);
  EXPECT_EQ(test.count, 4);
  EXPECT_THAT(train.pixels, testing::Not(testing::Contains(100)));
  EXPECT_THAT(test.pixels, testing::Not(testing::Contains(100)));
  ASSERT_EQ(train.problems.size(), 1u);
  EXPECT_EQ(train.problems[0].reason, "10 files outside the folder train");
  EXPECT_THAT(train.problems[0].cure, HasSubstr("if train is a class, rename it"));
}

TEST(Files, TestImagesWithoutClassesAreForPrediction) {
  TestFolder folder;
  for (int i = 0; i < 10; ++i) {
    write(folder / fmt::format("set/train/cat/{}.png", i), dot(i));
    write(folder / fmt::format("set/train/dog/{}.png", i), dot(i + 10));
    write(folder / fmt::format("set/test/{}.png", i), dot(100));
    write(folder / fmt::format("flat/train/{}.png", i), dot(i));
    write(folder / fmt::format("flat/test/{}.png", i), dot(100));
  }
  const Dataset test = load(folder / "set", Split::test, 0.2);
  EXPECT_EQ(test.count, 4);
  EXPECT_THAT(test.pixels, testing::Not(testing::Contains(100)));
  ASSERT_EQ(test.problems.size(), 1u);
  EXPECT_EQ(test.problems[0].file, (folder / "set/test").string());
  EXPECT_EQ(test.problems[0].reason, "10 files beside the folders of the classes");
  EXPECT_EQ(load(folder / "set").problems.size(), 1u);
  EXPECT_THAT(load(folder / "flat", Split::test).pixels, testing::Each(100)) << "no classes anywhere";
}

TEST(Files, AnEmptyFolderBesideClassesIsListed) {
  TestFolder folder;
  write(folder / "set/cat/1.png", dot(1));
  write(folder / "set/dog/1.png", dot(2));
  fs::create_directories(folder / "set/eel/young");
  write(folder / "set/fox/Thumbs.db", "junk");
  const Dataset set = load(folder / "set");
  EXPECT_THAT(set.class_names, ElementsAre("cat", "dog"));
  ASSERT_EQ(set.problems.size(), 2u);
  EXPECT_EQ(set.problems[0].file, (folder / "set/eel").string());
  EXPECT_EQ(set.problems[0].reason, "an empty folder");
  EXPECT_EQ(set.problems[1].file, (folder / "set/fox").string());
  EXPECT_THAT(set.notes.back(), HasSubstr("problems of the data set: 2 ('belamy data doctor"));
  write(folder / "flat/1.png", dot(1));
  fs::create_directory(folder / "flat/results");
  EXPECT_THAT(load(folder / "flat").problems, IsEmpty()) << "no class is missing";
}

TEST(Files, WhatSystemsKeepForThemselvesIsHidden) {
  TestFolder folder;
  const Members members = {{"cat/1.png", dot(1)},
                           {"dog/1.png", dot(2)},
                           {"cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", dot(3)},
                           {"@eaDir/1.png", dot(3)},
                           {"#recycle/1.png", dot(3)},
                           {"cat/.DS_Store", "junk"},
                           {"cat/desktop.ini", "junk"}};
  for (const auto& path : write_all_ways(folder.path(), members)) {
    const Dataset set = load(path);
    EXPECT_THAT(set.pixels, ElementsAre(1, 2)) << path;
    EXPECT_THAT(set.class_names, ElementsAre("cat", "dog")) << path;
    EXPECT_THAT(set.problems, IsEmpty()) << path;
  }
}

TEST(Files, ArchivesOfOtherKindsAmongImagesAreNamed) {
  TestFolder folder;
  write(folder / "1.png", dot(1));
  write(folder / "more.rar", "Rar!\x1a\x07 and more");
  const Dataset set = load(folder.path());
  ASSERT_EQ(set.problems.size(), 1u);
  EXPECT_EQ(set.problems[0].reason, "a RAR archive, which is not read");
  EXPECT_THAT(set.problems[0].cure, HasSubstr("unpack it"));
}

TEST(Files, BadOnesAmongGoodOnesAreListed) {
  TestFolder folder;
  const Members members = {{"cat/1.png", dot(1)},   {"cat/2.png", dot(2).substr(0, 40)},
                           {"cat/3.gif", "GIF89a"}, {"dog/4.png", "<html>"},
                           {"dog/5.png", dot(5)},   {"root.png", dot(6)}};
  for (const auto& path : write_all_ways(folder.path(), members)) {
    const Dataset set = load(path);
    EXPECT_THAT(set.pixels, ElementsAre(1, 5)) << path;
    EXPECT_THAT(set.labels, ElementsAre(0, 1)) << path;
    ASSERT_EQ(set.problems.size(), 4u) << path;
    const std::string join = fs::is_directory(path) ? "/" : ":";
    EXPECT_EQ(set.problems[0].file, path.string() + join + "cat/2.png");
    EXPECT_THAT(set.problems[0].reason, HasSubstr("damaged PNG"));
    EXPECT_THAT(set.problems[1].reason, HasSubstr("GIF"));
    EXPECT_EQ(set.problems[2].reason, "not an image: first bytes 3c 68 74 6d");
    EXPECT_THAT(set.problems[2].cure, HasSubstr("remove the file"));
    EXPECT_THAT(set.problems[3].reason, HasSubstr("beside the folders of the classes"));
    EXPECT_THAT(set.notes.back(), HasSubstr("4 of 6 files left out"));
  }
}

TEST(Files, NothingToRead) {
  TestFolder folder;
  EXPECT_THAT(error_of(folder / "missing"), HasSubstr("missing"));
  fs::create_directory(folder / "empty");
  EXPECT_THAT(error_of(folder / "empty"), HasSubstr("no files in it"));
  write(folder / "texts/a.txt", "hello");
  write(folder / "texts/b.txt", "hello");
  EXPECT_THAT(
      error_of(folder / "texts"),
      HasSubstr("no readable image among 2 files; first: a.txt: not an image: first bytes 68 65 6c 6c"));
  write(folder / "bad/a.png", "hello");
  EXPECT_THAT(error_of(folder / "bad"), HasSubstr("a.png: not an image"));
}

TEST(Files, LinksAreFollowedOnce) {
  TestFolder folder;
  write(folder / "set/cat/1.png", dot(1));
  write(folder / "elsewhere/2.png", dot(2));
  fs::create_directory_symlink(folder / "elsewhere", folder / "set/dog");
  fs::create_directory_symlink(folder / "set", folder / "set/cat/loop");
  fs::create_symlink(folder / "nowhere", folder / "set/cat/3.png");
  const Dataset set = load(folder / "set");
  EXPECT_THAT(set.pixels, ElementsAre(1, 2));
  ASSERT_EQ(set.problems.size(), 2u);
  EXPECT_THAT(set.problems[0].reason, HasSubstr("a link to a file that is not there"));
  EXPECT_THAT(set.problems[1].reason, HasSubstr("a link to a folder that is read already"));
}

TEST(Archives, DamageIsAnError) {
  TestFolder folder;
  Members members;
  for (int i = 0; i < 50; ++i) members.emplace_back("a/" + std::to_string(i) + ".png", dot(i));
  for (const char* name : {"a.zip", "a.tar.gz"}) {
    write_archive(folder / name, members);
    const std::string whole = samples::read(folder / name);
    write(folder / name, whole.substr(0, whole.size() / 3));
    EXPECT_THAT(error_of(folder / name), HasSubstr("the archive is damaged or cut short")) << name;
    write(folder / name, "PK hello");
    EXPECT_THAT(error_of(folder / name), HasSubstr(name)) << name;
  }
}

TEST(Archives, TwoWithoutSplitAreNotGuessedAt) {
  TestFolder folder;
  write_archive(folder / "one.zip", {{"1.png", dot(1)}});
  write_archive(folder / "two.zip", {{"1.png", dot(2)}});
  EXPECT_THAT(error_of(folder.path()), HasSubstr("several archives"));
  EXPECT_THAT(load(folder / "two.zip").pixels, ElementsAre(2));
}

TEST(Archives, OfANameThatRepeatsTheLastFileCounts) {
  TestFolder folder;
  write_archive(folder / "a.zip", {{"1.png", dot(1)}, {"2.png", dot(2)}, {"1.png", dot(3)}});
  const Dataset set = load(folder / "a.zip");
  EXPECT_THAT(set.pixels, ElementsAre(3, 2));
  ASSERT_EQ(set.problems.size(), 1u);
  EXPECT_THAT(set.problems[0].reason, HasSubstr("2 times in the archive"));
}

TEST(Archives, WhatIsNoArchiveOfImagesIsNamed) {
  TestFolder folder;
  write(folder / "empty.zip", "");
  EXPECT_THAT(error_of(folder / "empty.zip"), HasSubstr("empty.zip: an empty file"));
  write(folder / "1.png.gz", samples::gzip(dot(1)));
  EXPECT_THAT(error_of(folder / "1.png.gz"), HasSubstr("unpack a single compressed file"));
  write(folder / "set.pkl.gz", samples::gzip("pickle"));
  EXPECT_THAT(error_of(folder / "set.pkl.gz"), HasSubstr("a Python pickle, which cannot be read"));
  write_archive(folder / "cifar.tar.gz", {{"cifar-10-batches-bin/data_batch_1.bin", "x"}});
  EXPECT_THAT(error_of(folder / "cifar.tar.gz"), HasSubstr("unpack the archive and give the folder"));
  write_archive(folder / "set/more.zip", {{"1.png", dot(1)}});
  write(folder / "set/1.png", dot(1));
  ASSERT_EQ(load(folder / "set").problems.size(), 1u);
  EXPECT_EQ(load(folder / "set").problems[0].reason, "an archive among the images, which is not read");
}

TEST(Files, FilesThatStandForImagesAreNamed) {
  TestFolder folder;
  write(folder / "1.png", dot(1));
  write(folder / "2.png", "version https://git-lfs.github.com/spec/v1\n");
  write(folder / "3.jpg", "<!DOCTYPE html><html>");
  write(folder / "4.jpg", std::string("\0\0\0\x18"
                                      "ftypheic",
                                      12));
  const auto problems = load(folder.path()).problems;
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].reason, "a pointer of Git LFS, which is not read");
  EXPECT_EQ(problems[1].reason, "a web page, which is not read");
  EXPECT_EQ(problems[2].reason, "HEIC images are not read");
}

TEST(Archives, LinksAreReported) {
  TestFolder folder;
  write(folder / "a.tar", samples::tar_member("cat/1.png", dot(1)) +
                              samples::tar_member("cat/2.png", "", '1', "cat/1.png") +
                              samples::tar_member("dog/3.png", "", '2', "../cat/1.png") +
                              samples::tar_member("dog/4.png", dot(4)) + std::string(1024, '\0'));
  const Dataset set = load(folder / "a.tar");
  EXPECT_THAT(set.pixels, ElementsAre(1, 4));
  ASSERT_EQ(set.problems.size(), 2u);
  EXPECT_THAT(set.problems[0].file, HasSubstr("cat/2.png"));
  EXPECT_THAT(set.problems[1].file, HasSubstr("dog/3.png"));
  EXPECT_EQ(set.problems[0].reason, "a link in the archive, which is not read");
  write(folder / "only.tar", samples::tar_member("1.png", "", '2', "2.png") + std::string(1024, '\0'));
  EXPECT_THAT(error_of(folder / "only.tar"), HasSubstr("1.png: a link in the archive"));
}

TEST(Archives, NamesAboveTheirFolderAreRead) {
  TestFolder folder;
  write_archive(folder / "a.tar", {{"../set/cat/1.png", dot(1)}, {"../set/dog/2.png", dot(2)}});
  const Dataset set = load(folder / "a.tar");
  EXPECT_THAT(set.pixels, ElementsAre(1, 2));
  EXPECT_THAT(set.class_names, ElementsAre("cat", "dog"));
  write_archive(folder / "mixed.tar", {{"../set/cat/1.png", dot(1)}, {"set/dog/2.png", dot(2)}});
  EXPECT_THAT(load(folder / "mixed.tar").class_names, ElementsAre("cat", "dog"));
}

// The results of a call in the C locale and in a UTF-8 locale, as a program with the user's locale has.
template <class Call>
void in_each_locale(const Call& call) {
  for (const char* name : {"C", "C.UTF-8", "de_DE.ISO-8859-1"}) {
    if (!std::setlocale(LC_ALL, name)) continue;
    const auto before = uselocale(nullptr);
    call(std::string("locale ") + name);
    EXPECT_EQ(uselocale(nullptr), before);
    EXPECT_STREQ(std::setlocale(LC_ALL, nullptr), name);
    std::setlocale(LC_ALL, "C");
  }
}

std::vector<std::string> member_names(const Dataset& set) {
  std::vector<std::string> names;
  for (const auto& name : set.names) names.push_back(name.substr(name.rfind(':') + 1));
  return names;
}

TEST(Archives, NamesInUtf8AreKept) {
  TestFolder folder;
  const std::string decomposed = "e\xcc\x81";  // e and an accent, as a Mac writes it
  const std::vector<samples::ZipMember> members = {
      {"set/", "", true},          {"set/été/", "", true},
      {"set/été/1.png", dot(101)}, {"set/été/2.png", dot(102)},
      {"set/猫/1.png", dot(103)},  {"set/猫/é.png", dot(104)},
      {"set/dog/1.png", dot(105)}, {"set/" + decomposed + "/1.png", dot(106)}};
  write(folder / "flagged.zip", samples::zip(members));
  auto plain = members;
  for (auto& member : plain) member.utf8 = false;
  write(folder / "plain.zip", samples::zip(plain));
  std::string ustar, pax;
  for (const auto& member : members) {
    if (member.bytes.empty()) continue;
    ustar += samples::tar_member(member.name, member.bytes);
    const std::string record = " path=" + member.name + "\n";
    pax += samples::tar_member("PaxHeader", std::to_string(record.size() + 2) + record, 'x') +
           samples::tar_member("ascii", member.bytes);
  }
  write(folder / "ustar.tar", ustar + std::string(1024, '\0'));
  write(folder / "pax.tar.gz", samples::gzip(pax + std::string(1024, '\0')));
  in_each_locale([&](const std::string& locale) {
    for (const char* name : {"flagged.zip", "plain.zip", "ustar.tar", "pax.tar.gz"}) {
      const Dataset set = load(folder / name);
      EXPECT_THAT(set.problems, IsEmpty()) << name << ", " << locale;
      EXPECT_THAT(set.class_names, ElementsAre("dog", decomposed, "été", "猫")) << name << ", " << locale;
      EXPECT_THAT(set.pixels, ElementsAre(105, 106, 101, 102, 103, 104)) << name << ", " << locale;
    }
  });
}

TEST(Archives, NamesOfOtherCharacterSetsStayDistinct) {
  TestFolder folder;
  const std::string bytes = "\x82t\x82";  // code page 437
  write(folder / "a.zip",
        samples::zip({{bytes + "/1.png", dot(101), false},
                      {"\xe9t\xe9/1.png", dot(102), false},  // ISO 8859-1
                      {"\xfft\xe9/1.png", dot(103), true},   // not UTF-8, though marked as such
                      {"?/1.png", dot(104), false, samples::unicode_name("?/1.png", "猫/1.png")},
                      {"?/2.png", dot(105), false, samples::unicode_name("other", "犬/2.png")},
                      {"\x81\\1.png", dot(106), false},
                      {std::string("ö/1.png\0rest", 13), dot(108)},
                      {"ü/2.png", dot(107), true,
                       samples::little_endian(0xcafe, 2) + samples::little_endian(3000, 2) +
                           std::string(3000, '\0')}}));
  in_each_locale([&](const std::string& locale) {
    const Dataset set = load(folder / "a.zip");
    EXPECT_THAT(set.problems, IsEmpty()) << locale;
    EXPECT_THAT(member_names(set), ElementsAre("?/2.png", "\u00a0tΘ/1.png", "été/1.png", "ö/1.png", "ü/1.png",
                                               "ü/2.png", "ΘtΘ/1.png", "猫/1.png"))
        << locale;
    EXPECT_THAT(set.pixels, ElementsAre(105, 103, 101, 108, 106, 107, 102, 104)) << locale;
  });
  write(folder / "a.tar", samples::tar_member("\xe9/1.png", dot(101)) +
                              samples::tar_member("é/1.png", dot(102)) + std::string(1024, '\0'));
  EXPECT_THAT(load(folder / "a.tar").class_names, ElementsAre("é", "Θ"));
}

TEST(Archives, TwoNamesNeverBecomeOne) {
  TestFolder folder;
  write(folder / "a.zip", samples::zip({{"a/é.png", dot(101), true},
                                        {"a/\x82.png", dot(102), false},
                                        {"a/\xff.png", dot(103), true},
                                        {"a/\xff\xff.png", dot(104), true}}));
  const Dataset set = load(folder / "a.zip");
  EXPECT_THAT(set.problems, IsEmpty());
  EXPECT_THAT(member_names(set), testing::UnorderedElementsAre("a/é.png", "a/é (member 1).png",
                                                               "a/\u00a0.png", "a/\u00a0\u00a0.png"));
  EXPECT_THAT(set.pixels, testing::UnorderedElementsAre(101, 102, 103, 104));
}

TEST(Archives, LabelsOfDatasetJsonFindTheirNames) {
  TestFolder folder;
  write(folder / "a.zip", samples::zip({{"猫.png", dot(101)},
                                        {"犬.png", dot(102)},
                                        {"dataset.json", R"({"labels": [["猫.png", 1], ["犬.png", 0]]})"}}));
  const Dataset set = load(folder / "a.zip");
  EXPECT_THAT(set.problems, IsEmpty());
  EXPECT_THAT(set.labels, ElementsAre(0, 1));  // 犬 is U+72AC, 猫 U+732B
  EXPECT_THAT(set.pixels, ElementsAre(102, 101));
}

TEST(StyleGan, LabelsOfDatasetJson) {
  TestFolder folder;
  const Members images = {{"00000/img0.png", dot(1)}, {"00000/img1.png", dot(2)}, {"00001/img2.png", dot(3)}};
  const auto load_with = [&](const std::string& json) {
    Members members = images;
    members.emplace_back("dataset.json", json);
    write_archive(folder / "set.zip", members);
    return load(folder / "set.zip");
  };
  const Dataset set =
      load_with(R"({"labels": [["00000/img1.png", 0], ["00000/img0.png", 2], ["00001/img2.png", 1]]})");
  EXPECT_THAT(set.pixels, ElementsAre(1, 2, 3));
  EXPECT_THAT(set.labels, ElementsAre(2, 0, 1));
  EXPECT_THAT(set.class_names, ElementsAre("0", "1", "2"));
  const Dataset none = load_with(R"({"labels": null})");
  EXPECT_EQ(none.count, 3);
  EXPECT_THAT(none.class_names, IsEmpty());  // 00000 and 00001 are not classes
  const Dataset partial = load_with(R"({"labels": [["00000/img1.png", 0], ["gone.png", 0]]})");
  EXPECT_THAT(partial.pixels, ElementsAre(2));
  EXPECT_EQ(partial.problems.size(), 3u);
}

TEST(StyleGan, GroupsAndPixelSizesOfDatasetJsonAreChecked) {
  TestFolder folder;
  const auto notes_with = [&](const std::string& facts) {
    write_archive(
        folder / "set.zip",
        {{"1.png", dot(1)}, {"2.png", dot(2)}, {"dataset.json", "{\"labels\": null, " + facts + "}"}});
    return load(folder / "set.zip").notes;
  };
  EXPECT_THAT(notes_with(R"("groups": [["1.png", 1], ["2.png", 2]], "pixel_size": [0.5, 2])"),
              Contains(HasSubstr("0.5 x 2 mm")));
  for (const auto* damaged : {R"("groups": 3)", R"("groups": [["1.png"]])", R"("groups": [["1.png", "a"]])",
                              R"("groups": [["1.png", 1], ["1.png", 2]])", R"("pixel_size": 3)",
                              R"("pixel_size": [1, 0])", R"("pixel_size": ["a", 1])"})
    EXPECT_THAT(message_of(ExitCode::data, [&] { notes_with(damaged); }), HasSubstr("dataset.json"))
        << damaged;
}

TEST(StyleGan, NamesMayBeginWithADot) {
  TestFolder folder;
  write(folder / "1.png", dot(1));
  write(folder / "dataset.json", R"({"labels": [["./1.png", 2], ["1.png", 2]]})");
  const Dataset set = load(folder.path());
  EXPECT_THAT(set.labels, ElementsAre(2));
  EXPECT_THAT(set.problems, IsEmpty());
}

TEST(StyleGan, TwoFilesOfLabelsAreNotGuessedAt) {
  TestFolder folder;
  for (const char* part : {"train", "test"}) {
    write(folder / part / "1.png", dot(1));
    write(folder / part / "dataset.json", R"({"labels": [["1.png", 0]]})");
  }
  EXPECT_THAT(error_of(folder.path()),
              HasSubstr("two files with labels: test/dataset.json and train/dataset.json"));
}

TEST(StyleGan, DamageIsAnError) {
  TestFolder folder;
  const auto error_with = [&](const std::string& json) {
    write_archive(folder / "set.zip", {{"1.png", dot(1)}, {"dataset.json", json}});
    return error_of(folder / "set.zip");
  };
  EXPECT_THAT(error_with("{"), HasSubstr("set.zip:dataset.json: not valid JSON"));
  EXPECT_THAT(error_with(R"({"labels": 3})"), HasSubstr("\"labels\" is not a list"));
  EXPECT_THAT(error_with(R"({"labels": []})"), HasSubstr("\"labels\" is an empty list"));
  EXPECT_THAT(error_with(R"({"labels": [["1.png", 0], ["1.png", 3]]})"),
              HasSubstr("1.png has the labels 0 and 3"));
  EXPECT_THAT(error_with(R"({"labels": [["1.png", 0.5]]})"), HasSubstr("entry 0 is not a pair"));
  EXPECT_THAT(error_with(R"({"labels": [["1.png", 99999999]]})"), HasSubstr("label 99999999 of 1.png"));
  EXPECT_THAT(error_with(R"({"labels": [["1.png", -1]]})"), HasSubstr("label -1"));
}

}  // namespace
}  // namespace belamy
