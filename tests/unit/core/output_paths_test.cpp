#include "core/output_paths.h"

#include <gmock/gmock.h>

#include "core/env.h"
#include "faulty_env.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using enum OutputKind;

class OutputPaths : public testing::Test {
 protected:
  fs::path write(const std::string& name, std::string_view bytes = "bytes") {
    const auto path = folder_ / name;
    fs::create_directories(path.parent_path());
    Env::real().open(path, Env::Mode::truncate)->append(bytes);
    return path;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  TestFolder folder_;
};

std::string usage_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
    return error.what();
  }
  return "no error";
}

std::string error_of(const std::string& value, std::initializer_list<OutputKind> kinds,
                     const Inputs& inputs = {}) {
  return usage_of([&] { OutputPath::named("--out", value, kinds, inputs); });
}

TEST_F(OutputPaths, TheEndingTellsTheKind) {
  EXPECT_EQ(OutputPath::named("--out", "a.png", {png, npz, folder}).kind(), png);
  EXPECT_EQ(OutputPath::named("--out", "b/a.NPZ", {png, npz, folder}).kind(), npz);
  EXPECT_EQ(OutputPath::named("--out", "a.png/", {png, npz, folder}).kind(), folder);
  EXPECT_EQ(OutputPath::named("--out", "a", {png, npz, folder}).kind(), folder);
  fs::create_directory(folder_ / "there.png");
  EXPECT_EQ(OutputPath::named("--out", at("there.png"), {png, folder}).kind(), folder);
  EXPECT_EQ(OutputPath::named("--out", "vae-0.5", {folder}).kind(), folder);
  EXPECT_EQ(OutputPath::named("--out", "b/a.csv", {csv}).path(), "b/a.csv");
}

TEST_F(OutputPaths, AWrongEndingIsAnErrorWithTheRightOne) {
  EXPECT_EQ(error_of("b/sheet.jpg", {png}),
            "--out b/sheet.jpg: the name must end in .png\n  use --out b/sheet.png");
  EXPECT_EQ(error_of("ranks", {csv}), "--out ranks: the name must end in .csv\n  use --out ranks.csv");
  EXPECT_EQ(error_of("ranks/", {csv}), "--out ranks/: the name must end in .csv\n  use F.csv");
  EXPECT_EQ(error_of("a.bmp", {png, npz, folder}),
            "--out a.bmp: the name must end in one of .png, .npz, /\n  use F.png or F.npz or DIR/");
  EXPECT_EQ(error_of("x.png", {folder}),
            "--out x.png: this is the name of a file, but a folder is needed\n  use --out x/");
  fs::create_directory(folder_ / "there.png");
  EXPECT_THAT(error_of(at("there.png"), {png}), HasSubstr("must end in .png"));
}

TEST_F(OutputPaths, AnInputIsNoOutputUnderAnyName) {
  const auto file = write("in/a.png");
  fs::create_symlink(file, folder_ / "soft.png");
  fs::create_hard_link(file, folder_ / "hard.png");
  fs::create_directory_symlink(folder_ / "in", folder_ / "linked");
  Inputs inputs;
  inputs.add_file(folder_ / "soft.png");
  inputs.add_file(folder_ / "missing.png");
  for (const char* name : {"in/a.png", "soft.png", "hard.png", "linked/a.png", "in/../in/./a.png"}) {
    EXPECT_THAT(error_of(at(name), {png}, inputs), HasSubstr("the command or its run reads that file"))
        << name;
  }
  write("other.png");
  for (const char* name : {"other.png", "new.png", "missing.png", "in/b.png"})
    EXPECT_EQ(error_of(at(name), {png}, inputs), "no error") << name;
}

TEST_F(OutputPaths, NothingIsWrittenIntoAFolderThatIsRead) {
  write("data/sub/a.png");
  fs::create_directory_symlink(folder_ / "data", folder_ / "linked");
  fs::create_directory(folder_ / "data-2");
  for (const char* read : {"data", "data/", "linked", "data-2/../data/."}) {
    Inputs inputs;
    inputs.add_folder(at(read));
    for (const char* name : {"data", "data/", "data/new/deep", "data/.", "linked/new", "data-2/../data"}) {
      const auto said = error_of(at(name), {folder}, inputs);
      EXPECT_THAT(said, HasSubstr("this lies in " + at(read) + ", whose images the command or its run reads"))
          << name;
      EXPECT_THAT(said, HasSubstr("choose a place outside of that folder"));
    }
    EXPECT_THAT(error_of(at("data/sheet.png"), {png}, inputs), HasSubstr("this lies in")) << read;
    for (const char* name : {"data-2", "data.d", ".", "data-2/data"})
      EXPECT_EQ(error_of(at(name), {folder}, inputs), "no error") << name;
  }
}

TEST_F(OutputPaths, ARelativeFolderIsKnownAgain) {
  const auto before = fs::current_path();
  fs::create_directory(folder_ / "here");
  fs::current_path(folder_ / "here");
  Inputs inputs;
  inputs.add_folder(".");
  EXPECT_THAT(error_of("translated/", {folder}, inputs), HasSubstr("this lies in ."));
  EXPECT_EQ(error_of("../translated/", {folder}, inputs), "no error");
  fs::current_path(before);
}

TEST_F(OutputPaths, AFileBelowAFolderIsMadeByItsNameAlone) {
  const auto out = OutputPath::named("--out", at("out"), {folder});
  EXPECT_EQ(out.below("a/b.png", "mark").path(), folder_ / "out/a/b.png");
  for (const char* name : {"../a.png", "a/../../b.png", "", ".", "/etc/a.png"}) {
    try {
      out.below(name, "mark");
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::internal) << name;
    }
  }
}

TEST_F(OutputPaths, BelowAFolderOnlyWhatBelamyWroteIsReplaced) {
  const auto out = OutputPath::named("--out", at("out"), {folder});
  write("out/ours.png", "head mark tail");
  write("out/theirs.png", "head tail");
  write("out/late.png", std::string(5000, ' ') + "mark");
  EXPECT_EQ(out.below("ours.png", "mark").path(), folder_ / "out/ours.png");
  for (const std::string name : {"theirs.png", "late.png"}) {
    EXPECT_EQ(usage_of([&] { out.below(name, "mark"); }),
              at("out/" + name) + ": this file exists already, and Belamy did not write it\n" +
                  "  choose another --out, or move that file away");
  }
  const auto named = [&](const std::string& name) { return OutputPath::named("--sheet", at(name), {png}); };
  EXPECT_THAT(usage_of([&] { named("out/theirs.png").refuse_others("mark"); }),
              HasSubstr("Belamy did not write it\n  choose another --sheet"));
  for (const auto* name : {"out/ours.png", "out/new.png"})
    EXPECT_EQ(usage_of([&] { named(name).refuse_others("mark"); }), "no error") << name;
}

TEST_F(OutputPaths, NothingIsPutBelowTheFolderOfARun) {
  write("run/resolved.toml");
  const auto out = OutputPath::named("--out", at("run"), {folder});
  EXPECT_EQ(usage_of([&] { out.below("a.png", "mark"); }),
            "--out " + at("run") + ": this is the folder of a run\n  choose another --out");
  EXPECT_EQ(error_of(at("run/a.png"), {png}), "no error");
}

TEST_F(OutputPaths, StandardOutputIsNoFolder) {
  EXPECT_THAT(error_of("-", {png, folder}), HasSubstr("--out -: the output cannot go to standard output"));
  EXPECT_EQ(OutputPath::named("--out", "./-", {folder}).path(), "./-");
}

TEST_F(OutputPaths, NoFolderIsMadeOnTheWayToAnother) {
  write_output(OutputPath::named("--out", at("new/../a.png"), {png}), "bytes");
  EXPECT_TRUE(fs::exists(folder_ / "a.png"));
  EXPECT_FALSE(fs::exists(folder_ / "new"));
  // Behind a link, ".." is the folder above the link's target.
  fs::create_directories(folder_ / "deep/inside");
  fs::create_directory_symlink(folder_ / "deep/inside", folder_ / "link");
  write_output(OutputPath::named("--out", at("link/../b.png"), {png}), "bytes");
  EXPECT_TRUE(fs::exists(folder_ / "deep/b.png"));
  EXPECT_EQ(OutputPath::named("--out", "new/./../", {folder}).path(), ".");
  EXPECT_EQ(OutputPath::named("--out", "./vae", {folder}).path(), "./vae");
}

TEST_F(OutputPaths, AnInputBelowTheFolderStays) {
  const auto file = write("photos/a.png", "mark");
  fs::create_directories(folder_ / "out");
  fs::create_directory_symlink(folder_ / "photos", folder_ / "out/sub");
  fs::create_hard_link(file, folder_ / "out/hard.png");
  Inputs inputs;
  inputs.add_file(file);
  const auto out = OutputPath::named("--out", at("out"), {folder}, inputs);
  for (const char* name : {"sub/a.png", "hard.png"})
    EXPECT_THAT(usage_of([&] { out.below(name, "mark", inputs); }), HasSubstr("reads that file")) << name;
}

TEST(NamesWithEnding, KeepTheirPlace) {
  EXPECT_THAT(names_with_ending({"a.jpg", "b/c.d.pgm", "e"}, ".png"),
              ElementsAre("a.png", "b/c.d.png", "e.png"));
}

TEST(NamesWithEnding, NeverMeet) {
  EXPECT_THAT(names_with_ending({"a.jpg", "a.png", "b.jpg"}, ".png"),
              ElementsAre("a.jpg.png", "a.png.png", "b.png"));
  // The first two become long, and the third would have the name of the first.
  EXPECT_THAT(names_with_ending({"a.jpg", "a.png", "a.jpg.jpg"}, ".png"),
              ElementsAre("a.jpg.png", "a.png.png", "a.jpg.jpg.png"));
  EXPECT_THAT(names_with_ending({"a", "a.jpg"}, ".png"), ElementsAre("a.png", "a.jpg.png"));
  // A folder already has the name.
  EXPECT_THAT(names_with_ending({"a.jpg", "a.png/b.jpg"}, ".png"), ElementsAre("a.jpg.png", "a.png/b.png"));
  EXPECT_THAT(names_with_ending({"a", "a.png/b.jpg"}, ".png"), ElementsAre("a.png", "a.png/b.png"));
}

}  // namespace
}  // namespace belamy
