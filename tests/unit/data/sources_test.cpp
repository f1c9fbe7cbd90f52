#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "data/dataset.h"
#include "errors.h"
#include "samples.h"
#include "variable.h"

namespace belamy {
namespace {

using Kind = Source::Kind;
using samples::write;
using testing::HasSubstr;

class Sources : public testing::Test {
 protected:
  Kind kind_of(const std::string& path) { return find_source((folder_ / path).string()).kind; }

  std::string error_of(const std::string& source) {
    return message_of(ExitCode::data, [&] { find_source(source); });
  }

  TestFolder folder_;
  const Variable data_{"BELAMY_DATA", std::nullopt}, cache_{"BELAMY_CACHE", folder_ / "cache"},
      cache_of_all_{"XDG_CACHE_HOME"}, home_{"HOME"};
};

TEST_F(Sources, WhatIsNeitherFileNorFolderIsRefused) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of((folder_ / "pipe").string()), HasSubstr("neither a file nor a folder"));
}

TEST_F(Sources, KindIsSeenFromThePath) {
  write(folder_ / "digits/train-images-idx3-ubyte.gz", "x");
  write(folder_ / "zip/zip.train.gz", "x");
  write(folder_ / "zip/zip.test.gz", "x");
  write(folder_ / "batches/data_batch_1.bin", "x");
  write(folder_ / "nested/cifar-10-batches-bin/data_batch_1.bin", "x");
  write(folder_ / "pictures/a/1.png", "x");
  write(folder_ / "tars/train.tar.gz", "x");
  write(folder_ / "tars/test.tar.gz", "x");
  write(folder_ / "labelled/dataset.json", "{}");
  write(folder_ / "arrays.npz", "x");
  samples::write_archive(folder_ / "plain.zip", {{"1.png", "x"}});
  samples::write_archive(folder_ / "packed.zip", {{"0/1.png", "x"}, {"dataset.json", "{}"}});
  write(folder_ / "damaged.zip", "PK\3\4 but no more");

  EXPECT_EQ(kind_of("digits"), Kind::idx);
  EXPECT_EQ(kind_of("digits/train-images-idx3-ubyte.gz"), Kind::idx);
  EXPECT_EQ(kind_of("zip"), Kind::usps);
  EXPECT_EQ(kind_of("zip/zip.train.gz"), Kind::usps);
  EXPECT_EQ(kind_of("batches"), Kind::cifar);
  EXPECT_EQ(kind_of("batches/data_batch_1.bin"), Kind::cifar);
  EXPECT_EQ(kind_of("nested"), Kind::cifar);
  EXPECT_EQ(kind_of("pictures"), Kind::folder);
  EXPECT_EQ(kind_of("tars"), Kind::folder);
  EXPECT_EQ(kind_of("tars/train.tar.gz"), Kind::archive);
  EXPECT_EQ(kind_of("labelled"), Kind::stylegan);
  EXPECT_EQ(kind_of("arrays.npz"), Kind::npz);
  EXPECT_EQ(kind_of("plain.zip"), Kind::archive);
  EXPECT_EQ(kind_of("packed.zip"), Kind::stylegan);
  EXPECT_EQ(kind_of("damaged.zip"), Kind::archive);
}

TEST_F(Sources, FormatsThatAreNotReadAreNamed) {
  const auto error_for = [&](const std::string& name, const std::string& bytes) {
    write(folder_ / name, bytes);
    return error_of((folder_ / name).string());
  };
  for (const auto& [name, bytes, what] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"a.tar.xz",
            std::string("\xfd"
                        "7zXZ\0",
                        6),
            "a.tar.xz: an archive packed by xz"},
           {"a.tar.bz2", "junk", "an archive packed by bzip2"},
           {"a.7z", "7z\xbc\xaf\x27\x1c", "a 7z archive"},
           {"renamed.zip", "Rar!\x1a\x07", "renamed.zip: a RAR archive"},
           {"IMAGES.RAR", "junk", "a RAR archive"}}) {
    const auto error = error_for(name, bytes);
    EXPECT_THAT(error, HasSubstr(what)) << name;
    EXPECT_THAT(error, HasSubstr("unpack it and give the folder, or pack its files as a .zip")) << name;
  }
  const auto array = error_for("images.npy", "\x93NUMPY");
  EXPECT_THAT(array, HasSubstr("images.npy: a single NumPy array"));
  EXPECT_THAT(array, HasSubstr("numpy.savez('set.npz', images=images, labels=labels)"));
  EXPECT_THAT(error_for("photo.JPG", "\xff\xd8\xff"), HasSubstr("give the folder that holds it"));
  EXPECT_THAT(error_for("photo", "\x89PNG\r\n\x1a\n"), HasSubstr("a single picture"));
  EXPECT_THAT(error_for("notes", "hello"),
              HasSubstr("a folder of images, an archive (.zip, .tar, .tar.gz, .tgz)"));
}

TEST_F(Sources, AFolderOfOneUnreadArchiveIsThatArchive) {
  write(folder_ / "set/all.tar.xz", "junk");
  EXPECT_THAT(error_of((folder_ / "set").string()), HasSubstr("all.tar.xz: an archive packed by xz"));
  write(folder_ / "one/photo.png", "x");
  EXPECT_EQ(kind_of("one"), Kind::folder);
}

TEST_F(Sources, ArchivesAreKnownByNameOrContent) {
  write(folder_ / "UPPER.ZIP", "x");
  EXPECT_EQ(kind_of("UPPER.ZIP"), Kind::archive);
  samples::write_archive(folder_ / "plain.tar", {{"1.png", "x"}});
  samples::write_archive(folder_ / "plain.tar.gz", {{"1.png", "x"}});
  std::filesystem::rename(folder_ / "plain.tar", folder_ / "download");
  std::filesystem::rename(folder_ / "plain.tar.gz", folder_ / "download(1)");
  EXPECT_EQ(kind_of("download"), Kind::archive);
  EXPECT_EQ(kind_of("download(1)"), Kind::archive);
}

TEST_F(Sources, NameIsThePathsStem) {
  write(folder_ / "tars/train.tar.gz", "x");
  write(folder_ / "pictures/a/1.png", "x");
  EXPECT_EQ(find_source((folder_ / "tars/train.tar.gz").string()).name, "train");
  EXPECT_EQ(find_source((folder_ / "pictures").string() + "/").name, "pictures");
}

TEST_F(Sources, FolderOfOneArchiveIsThatArchive) {
  samples::write_archive(folder_ / "set/all.zip", {{"1.png", "x"}});
  write(folder_ / "set/README.md", "about it");
  write(folder_ / "set/.hidden", "x");
  write(folder_ / "set/Thumbs.db", "x");
  EXPECT_EQ(find_source((folder_ / "set").string()).path, folder_ / "set/all.zip");
  EXPECT_EQ(find_source((folder_ / "set").string()).name, "set");
  write(folder_ / "set/more.png", "x");
  EXPECT_EQ(find_source((folder_ / "set").string()).path, folder_ / "set");
}

TEST_F(Sources, KnownNamesAreFoundInTheFoldersInOrder) {
  write(folder_ / "cache/data/usps/zip.train.gz", "x");
  EXPECT_EQ(find_source("usps").path, folder_ / "cache/data/usps");
  write(folder_ / "second/usps/zip.train.gz", "x");
  data_.set((folder_ / "first").string() + ":" + (folder_ / "second").string());
  const Source source = find_source("usps");
  EXPECT_EQ(source.path, folder_ / "second/usps");
  EXPECT_EQ(source.kind, Kind::usps);
  EXPECT_EQ(source.name, "usps");
  EXPECT_THAT(source.description, HasSubstr("16x16"));
  write(folder_ / "first/usps/zip.train.gz", "x");
  EXPECT_EQ(find_source("usps").path, folder_ / "first/usps");
  write(folder_ / "first/my-own/1.png", "x");
  EXPECT_EQ(find_source("my-own").path, folder_ / "first/my-own");
}

TEST_F(Sources, Cifar10IsAnAlias) {
  data_.set(folder_.path());
  write(folder_ / "cifar10-jpeg/train.tar.gz", "x");
  write(folder_ / "cifar10-jpeg/test.tar.gz", "x");
  EXPECT_EQ(find_source("cifar10").name, "cifar10-jpeg");
  write(folder_ / "cifar10/data_batch_1.bin", "x");
  EXPECT_EQ(find_source("cifar10").kind, Kind::cifar);
}

TEST_F(Sources, EmbeddedSets) {
  EXPECT_EQ(find_source("glyphs").kind, Kind::glyphs);
  EXPECT_EQ(find_source("glyphs").path, "");
  EXPECT_EQ(find_source("ring").kind, Kind::synthetic);
}

// As after `belamy train gan-ring --out ring`.
TEST_F(Sources, AFolderDoesNotHideAnEmbeddedSetOfItsName) {
  write(folder_ / "ring/1.png", "x");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const auto named = find_source("ring").kind, path = find_source("./ring").kind;
  std::filesystem::current_path(before);
  EXPECT_EQ(named, Kind::synthetic);
  EXPECT_EQ(path, Kind::folder);
}

TEST_F(Sources, HalfADownloadIsNotASet) {
  write(folder_ / "cache/data/mnist/train-images-idx3-ubyte.gz", "x");
  write(folder_ / "cache/data/mnist/train-labels-idx1-ubyte.gz.part", "x");
  const std::string error = error_of("mnist");
  EXPECT_THAT(error, HasSubstr((folder_ / "cache/data/mnist").string() + " (not complete)"));
  EXPECT_THAT(error, HasSubstr("belamy data fetch mnist"));
  for (const char* name :
       {"train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"}) {
    write(folder_ / "cache/data/mnist" / name, "x");
  }
  EXPECT_EQ(find_source("mnist").kind, Kind::idx);
}

TEST_F(Sources, UnknownNamesSayWhereItWasLookedForAndWhatIsNear) {
  data_.set(folder_.path());
  EXPECT_THAT(error_of("omniglott"), HasSubstr("did you mean 'omniglot'?"));
  EXPECT_THAT(error_of("omniglott"), HasSubstr((folder_ / "omniglott").string()));
  EXPECT_THAT(error_of("omniglott"), HasSubstr((folder_ / "cache/data/omniglott").string()));
  EXPECT_THAT(error_of("omniglot"),
              HasSubstr("put its files into " + (folder_ / "cache/data/omniglot").string()));
  EXPECT_THAT(error_of("fashion-mnist"), HasSubstr("get it with 'belamy data fetch fashion-mnist'"));
  EXPECT_THAT(error_of("no/such/folder"), HasSubstr("no data set 'no/such/folder'"));
  EXPECT_THAT(error_of(std::string(5000, 'x')), HasSubstr("no data set 'xxx"));
  EXPECT_THAT(error_of(""), HasSubstr("data.source is empty"));
}

TEST_F(Sources, ListOfKnownSets) {
  write(folder_ / "cache/data/usps/zip.train.gz", "x");
  std::map<std::string, KnownSet> sets;
  for (const auto& set : known_sets()) sets[set.name] = set;
  EXPECT_TRUE(sets.at("usps").available);
  EXPECT_EQ(sets.at("usps").where, (folder_ / "cache/data/usps").string());
  EXPECT_FALSE(sets.at("mnist").available);
  EXPECT_EQ(sets.at("mnist").where, "belamy data fetch mnist");
  EXPECT_FALSE(sets.at("omniglot").available);
  EXPECT_THAT(sets.at("omniglot").where, HasSubstr("put it into"));
  EXPECT_TRUE(sets.at("glyphs").available);
  EXPECT_EQ(sets.at("swissroll").where, "embedded");
  EXPECT_EQ(sets.at("sprites").where, "embedded");
  EXPECT_FALSE(sets.at("stacked-mnist").available);
  EXPECT_EQ(sets.at("stacked-mnist").where, "belamy data fetch mnist");
}

TEST_F(Sources, CacheFolder) {
  EXPECT_EQ(cache_folder(), folder_ / "cache");
  cache_.set({});
  cache_of_all_.set("/somewhere");
  EXPECT_EQ(cache_folder(), "/somewhere/belamy");
  cache_of_all_.set({});
  home_.set("/nowhere/her");
  EXPECT_EQ(cache_folder(), "/nowhere/her/.cache/belamy");
}

}  // namespace
}  // namespace belamy
