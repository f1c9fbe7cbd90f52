#include "data/walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/formats.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using samples::write;
using testing::ElementsAre;

TEST(Walk, TakesFilesBelowButNoHiddenOnes) {
  TestFolder folder;
  for (const char* name : {"b.png", "a/c.png", "a/.d.png", ".hidden/e.png", "__MACOSX/f.png", "a/Thumbs.db"})
    write(folder / name, "x");
  const auto found = walk_folder(folder.path());
  EXPECT_THAT(found.names, ElementsAre("a/c.png", "b.png"));
  EXPECT_TRUE(found.problems.empty());
}

TEST(Walk, AFolderThatALinkNamesAsWellIsNamedByItsOwnPlace) {
  TestFolder folder;
  write(folder / "set/z/deep/1.png", "x");
  fs::create_directory_symlink(folder / "set/z/deep", folder / "set/a");
  fs::create_directories(folder / "set/b");
  fs::create_directory_symlink(folder / "set/z", folder / "set/b/link");
  EXPECT_THAT(walk_folder(folder / "set").names, ElementsAre("z/deep/1.png"));
}

TEST(Walk, FollowsLinksOnceAndTellsThoseThatLeadNowhere) {
  TestFolder folder;
  write(folder / "elsewhere/1.png", "x");
  fs::create_directory(folder / "set");
  fs::create_directory_symlink(folder / "elsewhere", folder / "set/a");
  fs::create_directory_symlink(folder / "elsewhere", folder / "set/b");
  fs::create_directory_symlink(folder / "set", folder / "elsewhere/loop");
  fs::create_symlink(folder / "nowhere", folder / "set/2.png");
  const auto found = walk_folder(folder / "set");
  EXPECT_THAT(found.names, ElementsAre("a/1.png"));
  std::vector<std::string> told;
  for (const auto& problem : found.problems) told.push_back(problem.file + ": " + problem.reason);
  EXPECT_THAT(told,
              ElementsAre((folder / "set/2.png").string() + ": a link to a file that is not there",
                          (folder / "set/b").string() + ": a link to a folder that is read already",
                          (folder / "set/a/loop").string() + ": a link to a folder that is read already"));
}

TEST(Walk, AMissingFolderIsADataError) {
  TestFolder folder;
  try {
    walk_folder(folder / "missing");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_EQ(error.what(), (folder / "missing").string() + ": no such folder\n  check the path");
  }
}

TEST(Walk, NamesTellImagesFromTheirCompany) {
  for (const char* name : {"a.PNG", "b/a.jpeg", "a.pnm"}) EXPECT_TRUE(is_image_name(name)) << name;
  for (const char* name : {"Thumbs.db", "b/README", "desktop.ini", "a.CSV"})
    EXPECT_TRUE(is_company(name)) << name;
  for (const char* name : {"a.webp", "photo", "a.png"}) EXPECT_FALSE(is_company(name)) << name;
}

}  // namespace
}  // namespace belamy
