// Attributes: their sources, and that every operation on a data set keeps them.
#include "data/attributes.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/csv.h"
#include "data/dataset.h"
#include "data/glyphs.h"
#include "data/npz.h"
#include "data/pack.h"
#include "errors.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using samples::flat;
using samples::write;
using samples::write_archive;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DataOptions source_at(const fs::path& path) {
  DataOptions options;
  options.source = path.string();
  options.holdout = 0;
  return options;
}

Dataset load_from(const fs::path& path) {
  return load_dataset(source_at(path), Split::train);
}

template <class Call>
std::string error_of(const Call& call, ExitCode code = ExitCode::data) {
  return message_of(code, call);
}

// One pixel, whose value is the number of the picture.
std::string picture(int value) {
  return encode_png(flat(1, 1, {static_cast<std::uint8_t>(value)}));
}

// "pixel: values" of each example.
std::vector<std::string> facts_of(const Dataset& set) {
  std::vector<std::string> facts;
  const auto width = set.attribute_names.size();
  EXPECT_EQ(set.attributes.size(), static_cast<std::size_t>(set.count) * width);
  const auto values = set.pixels.size() / static_cast<std::size_t>(set.count);
  for (std::size_t i = 0; i < static_cast<std::size_t>(set.count); ++i) {
    std::string text = fmt::format("{}:", set.pixels[i * values]);
    for (std::size_t a = 0; a < width; ++a) text += fmt::format(" {:g}", set.attributes[i * width + a]);
    facts.push_back(text);
  }
  return facts;
}

TEST(Csv, QuotesLineEndsAndEmptyLines) {
  const auto rows = parse_csv(
      "\xef\xbb\xbf"
      "a, b ,c\r\n\r\n\"x, \"\"y\"\"\nz\", ,3\n\nlast,,",
      "t.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].cells, ElementsAre("a", "b", "c"));
  EXPECT_THAT(rows[1].cells, ElementsAre("x, \"y\"\nz", "", "3"));
  EXPECT_THAT(rows[2].cells, ElementsAre("last", "", ""));
  EXPECT_EQ(rows[1].line, 3u);
  EXPECT_EQ(rows[2].line, 6u);
  EXPECT_THAT(parse_csv("", "t.csv"), IsEmpty());
  EXPECT_THAT(error_of([] { parse_csv("a\n\"b\n", "t.csv"); }), HasSubstr("t.csv: line 2: a quote"));
}

TEST(Csv, LinesMayEndAsOnOldMacs) {
  const auto rows = parse_csv("a,b\r1,2\r\"x\",3", "t.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[2].cells, ElementsAre("x", "3"));
  EXPECT_EQ(rows[2].line, 3u);
}

TEST(Attributes, OfARequest) {
  const std::vector<std::string> names = {"bold", "italic", "serif"};
  const auto row = asked_attributes("serif=0, bold=1.5", names, "run");
  EXPECT_EQ(row[0], 1.5f);
  EXPECT_TRUE(std::isnan(row[1]));
  EXPECT_EQ(row[2], 0);
  const auto fails = [&](const std::string& text, ExitCode code) {
    return error_of([&] { asked_attributes(text, names, "run"); }, code);
  };
  EXPECT_THAT(fails("blod=1", ExitCode::data), HasSubstr("run: no attribute is called 'blod'"));
  EXPECT_THAT(fails("blod=1", ExitCode::data), HasSubstr("did you mean 'bold'?"));
  EXPECT_THAT(fails("bold", ExitCode::usage), HasSubstr("'bold' is not of the form NAME=NUMBER"));
  EXPECT_THAT(fails("bold=x", ExitCode::usage), HasSubstr("bold=1,italic=0"));
  EXPECT_THAT(fails("bold=nan", ExitCode::usage), HasSubstr("'bold=nan'"));
  EXPECT_THAT(fails("bold=1,bold=0", ExitCode::usage), HasSubstr("'bold' is named twice"));
}

TEST(Attributes, SharesOfTwoValuesAndOfNumbers) {
  EXPECT_THAT(shares_of({"a", "b"}, {1, 2, 0, 6, 0, 1, 0, 3}), ElementsAre("25.0 %", "mean 3, 1 to 6"));
  EXPECT_THAT(shares_of({"a"}, {}), IsEmpty());
}

TEST(AttributeTable, GivesEachPictureItsRow) {
  TestFolder folder;
  for (int i = 0; i < 4; ++i)
    write(folder / fmt::format("set/{}/{}.png", i < 2 ? "cat" : "dog", i), picture(10 + i));
  // CelebA's -1 is 0; numbers stay what they are. The order of the rows does not matter.
  write(
      folder / "set/attributes.csv",
      "file,smiling,age,note\ndog/3.png,1,-1,x\ncat/0.png,-1,2.5,y\n./cat/1.png,1,3,z\n2.png,-1,4,\"a,b\"\n");
  const auto set = load_from(folder / "set");
  EXPECT_THAT(set.attribute_names, ElementsAre("smiling", "age"));
  EXPECT_THAT(facts_of(set), ElementsAre("10: 0 2.5", "11: 1 3", "12: 0 4", "13: 1 -1"));
  EXPECT_THAT(set.labels, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(set.problems, IsEmpty());
  EXPECT_THAT(set.notes, Contains(HasSubstr("attributes.csv: values -1 taken as 0")));
  EXPECT_THAT(set.notes, Contains(HasSubstr("columns of text are left out: note")));
  // The same in an archive, whose pictures lie in a folder.
  write_archive(folder / "set.zip", {{"top/img/1.png", picture(1)},
                                     {"top/img/2.png", picture(2)},
                                     {"top/attributes.csv", "file,old\n2.png,1\nimg/1.png,0\n"}});
  EXPECT_THAT(facts_of(load_from(folder / "set.zip")), ElementsAre("1: 0", "2: 1"));
}

TEST(AttributeTable, AnotherNameServesWhereItNamesPictures) {
  TestFolder folder;
  for (int i = 0; i < 2; ++i) write(folder / fmt::format("set/{}.png", i), picture(i));
  const auto with = [&](const std::string& text) {
    write(folder / "set/list_attr.csv", text);
    return load_from(folder / "set");
  };
  EXPECT_THAT(facts_of(with("image_id,old\n0.png,1\n1.png,0\n")), ElementsAre("0: 1", "1: 0"));
  // A table about something else is not an error, and one that cannot be used is reported.
  EXPECT_THAT(with("id,old\n0,1\n").attribute_names, IsEmpty());
  const auto odd = with("file,old\n0.png,1\n1.png,unknown\n");
  EXPECT_THAT(odd.attribute_names, IsEmpty());
  EXPECT_THAT(odd.notes, Contains(HasSubstr("list_attr.csv is not read: line 3: 'old' is 'unknown'")));
  const auto other = [&](const std::string& text) { return with(text).notes; };
  EXPECT_THAT(other("id,old\n0,1\n"), Contains(HasSubstr("is not read: line 1: the first column is 'id'")));
  EXPECT_THAT(other("file;caption\n0.png;a\n"),
              Contains(HasSubstr("to use it, separate the cells by commas")));
  EXPECT_THAT(other(std::string("\xff\xfe"
                                "f\0",
                                4)),
              Contains(HasSubstr("is not read: text in UTF-16")));
  // With two tables neither is used, unless one has the right name.
  write(folder / "set/other.csv", "file,young\n0.png,1\n1.png,1\n");
  const auto two = with("file,old\n0.png,1\n1.png,0\n");
  EXPECT_THAT(two.attribute_names, IsEmpty());
  EXPECT_THAT(two.notes,
              Contains(HasSubstr("tables that are not read: list_attr.csv, other.csv; to use one")));
  write(folder / "set/attributes.csv", "file,tall\n0.png,1\n1.png,1\n");
  EXPECT_THAT(load_from(folder / "set").attribute_names, ElementsAre("tall"));
  fs::rename(folder / "set/attributes.csv", folder / "set/Attributes.CSV");
  EXPECT_THAT(load_from(folder / "set").attribute_names, ElementsAre("tall"));
}

TEST(AttributeTable, ReadsWhatOtherProgramsWrite) {
  TestFolder folder;
  for (int i = 0; i < 2; ++i) write(folder / fmt::format("set/{}.png", i), picture(i));
  write(folder / "set/attributes.csv", "file,old,smiling,age\n0.png,True,+1,2\n1.png,False,0,3\n,,,\n,,,\n");
  const auto set = load_from(folder / "set");
  EXPECT_THAT(set.attribute_names, ElementsAre("old", "smiling", "age"));
  EXPECT_THAT(facts_of(set), ElementsAre("0: 1 1 2", "1: 0 0 3"));
  EXPECT_THAT(set.notes, testing::Not(Contains(HasSubstr("left out"))));
}

TEST(AttributeTable, PicturesWithoutARowAndRowsWithoutAPicture) {
  TestFolder folder;
  for (int i = 0; i < 7; ++i) write(folder / fmt::format("set/{}.png", i), picture(i));
  write(folder / "set/attributes.csv", "file,old\n0.png,1\n1.png,0\n8.png,1\n9.png,1\n6.png,1\n");
  const auto set = load_from(folder / "set");
  EXPECT_THAT(facts_of(set), ElementsAre("0: 1", "1: 0", "6: 1"));
  const auto told = [](const std::vector<Problem>& problems) {
    std::vector<std::string> texts;
    for (const auto& problem : problems) texts.push_back(problem.reason);
    std::sort(texts.begin(), texts.end());
    return texts;
  };
  EXPECT_THAT(told(set.problems), ElementsAre("4 files without a row in attributes.csv",
                                              "names 2 files that are not there: 8.png, 9.png"));
  // The doctor reports the same, and lists the attributes.
  const auto found = diagnose((folder / "set").string());
  EXPECT_EQ(found.files, 7);
  EXPECT_EQ(found.good, 3);
  EXPECT_THAT(told(found.problems), testing::IsSupersetOf(told(set.problems)));
  EXPECT_THAT(found.facts, Contains("all: 1 attribute: old 66.7 %"));
}

TEST(AttributeTable, WhatIsWrongIsSaidWithItsLine) {
  TestFolder folder;
  for (const char* name : {"a/1.png", "b/1.png"}) write(folder / "set" / name, picture(1));
  const auto fails = [&](const std::string& text) {
    write(folder / "set/attributes.csv", text);
    return error_of([&] { load_from(folder / "set"); });
  };
  EXPECT_THAT(fails(""), HasSubstr("attributes.csv: the table is empty"));
  EXPECT_THAT(fails("file;old\n1.png;1\n"), HasSubstr("the first column is 'file;old'"));
  EXPECT_THAT(fails("file,old\n"), HasSubstr("a header without rows"));
  EXPECT_THAT(fails("file,note\na/1.png,good\n"), HasSubstr("no column of numbers"));
  EXPECT_THAT(fails("file,old,old\na/1.png,1,1\n"), HasSubstr("line 1: two columns are called 'old'"));
  EXPECT_THAT(fails("file,o=d\na/1.png,1\n"), HasSubstr("line 1: 'o=d' is not a valid name of an attribute"));
  EXPECT_THAT(fails("file,old\na/1.png,1\nb/1.png\n"), HasSubstr("line 3: 1 cell, but the header has 2"));
  EXPECT_THAT(fails("file,old\na/1.png,1\nb/1.png,\n"), HasSubstr("line 3: no value for 'old'"));
  EXPECT_THAT(fails("file,old\na/1.png,1\nb/1.png,inf\n"), HasSubstr("line 3: 'old' is 'inf', not a number"));
  EXPECT_THAT(fails("file,old\na/1.png,1\na/1.png,0\n"), HasSubstr("line 3: a/1.png is in line 2"));
  EXPECT_THAT(fails("file;old\na/1.png;1\n"), HasSubstr("\n  separate the cells by commas"));
  EXPECT_THAT(fails("file,old\na/1.png,1,5\n"), HasSubstr("decimals with a point"));
  EXPECT_THAT(fails(std::string("\xff\xfe"
                                "f\0i\0",
                                6)),
              HasSubstr("text in UTF-16\n  save it as UTF-8"));
  // "1.png" may be either of the two.
  EXPECT_THAT(fails("file,old\n1.png,1\n"), HasSubstr("it names no image that is here; it names 1.png"));
  EXPECT_THAT(fails("file,old\n1.png,1\n"), HasSubstr("such as a/1.png"));
}

TEST(AttributeTable, ElsewhereItIsNamed) {
  TestFolder folder;
  write(folder / "set/train/1.png", picture(1));
  write(folder / "set/test/2.png", picture(2));
  write(folder / "set/train/attributes.csv", "file,old\n1.png,1\n");
  const auto set = load_from(folder / "set");
  ASSERT_EQ(set.problems.size(), 1u);
  EXPECT_THAT(set.problems[0].file, HasSubstr("train/attributes.csv"));
  EXPECT_THAT(set.problems[0].reason, HasSubstr("not in a folder around all images"));
  // One table serves both splits.
  fs::rename(folder / "set/train/attributes.csv", folder / "set/attributes.csv");
  write(folder / "set/attributes.csv", "file,old\ntest/2.png,1\ntrain/1.png,0\n");
  EXPECT_THAT(facts_of(load_from(folder / "set")), ElementsAre("1: 0"));
  EXPECT_THAT(facts_of(load_dataset(source_at(folder / "set"), Split::test)), ElementsAre("2: 1"));
}

TEST(AttributeTable, AColumnOfThreeSignsKeepsThem) {
  TestFolder folder;
  for (int i = 1; i <= 3; ++i) write(folder / fmt::format("set/{}.png", i), picture(i));
  write(folder / "set/attributes.csv", "file,turn\n1.png,-1\n2.png,0\n3.png,1\n");
  const auto set = load_from(folder / "set");
  EXPECT_THAT(facts_of(set), ElementsAre("1: -1", "2: 0", "3: 1"));
  EXPECT_THAT(set.notes, testing::Not(Contains(HasSubstr("-1"))));
}

TEST(AttributeTable, BesideAnArchiveItIsNamed) {
  TestFolder folder;
  write_archive(folder / "set/all.zip", {{"1.png", picture(1)}});
  write(folder / "set/attributes.csv", "file,old\n1.png,1\n");
  const auto set = load_from(folder / "set");
  EXPECT_THAT(set.attribute_names, IsEmpty());
  ASSERT_EQ(set.problems.size(), 1u);
  EXPECT_THAT(set.problems[0].reason, HasSubstr("beside an archive"));
}

TEST(AttributeTable, BothArchivesOfASetHaveTheSame) {
  TestFolder folder;
  write_archive(folder / "train.zip",
                {{"1.png", picture(1)}, {"attributes.csv", "file,old,tall\n1.png,1,0\n"}});
  const auto test = [&](const std::string& text) {
    write_archive(folder / "test.zip", {{"2.png", picture(2)}, {"attributes.csv", text}});
    return load_dataset(source_at(folder / "train.zip"), Split::test);
  };
  EXPECT_THAT(facts_of(test("file,old,tall\n2.png,0,1\n")), ElementsAre("2: 0 1"));
  EXPECT_THAT(error_of([&] { test("file,tall,old\n2.png,1,0\n"); }),
              HasSubstr("its attributes are tall, old, but those of"));
}

TEST(StyleGanAttributes, ListsOfNumbersAndNull) {
  TestFolder folder;
  const auto load = [&](const std::string& json) {
    write_archive(folder / "set.zip", {{"00000/img0.png", picture(1)},
                                       {"00000/img1.png", picture(2)},
                                       {"00000/img2.png", picture(3)},
                                       {"dataset.json", json}});
    return load_from(folder / "set.zip");
  };
  const auto rows = load(R"({"labels": [["00000/img2.png", [0.5, 1]], ["00000/img0.png", [0, 0]],
                                        ["00000/img1.png", null]]})");
  EXPECT_THAT(rows.attribute_names, ElementsAre("0", "1"));
  EXPECT_THAT(facts_of(rows), ElementsAre("1: 0 0", "3: 0.5 1"));
  EXPECT_THAT(rows.labels, IsEmpty());
  ASSERT_EQ(rows.problems.size(), 1u);
  EXPECT_EQ(rows.problems[0].reason, "no attributes in dataset.json");
  const auto classes = load(R"({"labels": [["00000/img2.png", 4], ["00000/img0.png", 0],
                                           ["00000/img1.png", null]]})");
  EXPECT_THAT(classes.labels, ElementsAre(0, 4));
  EXPECT_THAT(classes.attribute_names, IsEmpty());
  const auto none = load(R"({"labels": [["00000/img0.png", null]]})");
  EXPECT_EQ(none.count, 3);
  EXPECT_THAT(none.problems, IsEmpty());
  EXPECT_THAT(error_of([&] { load(R"({"labels": [["a", 1], ["b", [1]]]})"); }),
              HasSubstr("dataset.json: entry 1 is of another kind than those before"));
  EXPECT_THAT(error_of([&] { load(R"({"labels": [["a", [1, 2]], ["b", [1]]]})"); }),
              HasSubstr("b has 1 attribute, but files before it have 2"));
  EXPECT_THAT(error_of([&] { load(R"({"labels": [["a", ["x"]]]})"); }),
              HasSubstr("an attribute of a is not a number"));
  EXPECT_THAT(error_of([&] { load(R"({"labels": [["a", []]]})"); }),
              HasSubstr("a has an empty list of attributes"));
}

// Eight pictures of two classes with two attributes: the bits of their number.
fs::path eight_pictures(const TestFolder& folder) {
  std::string table = "file,first,second\n";
  for (int i = 0; i < 8; ++i) {
    const auto name = fmt::format("{}/{}.png", i < 4 ? "a" : "b", i);
    write(folder / "set" / name, encode_png(flat(2, 1, {static_cast<std::uint8_t>(i)})));
    table += fmt::format("{},{},{}\n", name, i % 2, i / 2 % 2);
  }
  write(folder / "set/attributes.csv", table);
  return folder / "set";
}

// The attributes of a picture follow from its pixels, whatever was done with the set.
void expect_own_attributes(const Dataset& set, std::int64_t count, const std::string& what) {
  SCOPED_TRACE(what);
  EXPECT_EQ(set.count, count);
  ASSERT_THAT(set.attribute_names, ElementsAre("first", "second"));
  for (const auto& text : facts_of(set)) {
    const int i = std::stoi(text);
    EXPECT_EQ(text, fmt::format("{}: {} {}", i, i % 2, i / 2 % 2));
  }
}

TEST(Attributes, GoWithTheirPictures) {
  TestFolder folder;
  const auto plain = source_at(eight_pictures(folder));
  expect_own_attributes(load_dataset(plain, Split::train), 8, "plain");
  const auto with = [&](const auto& change, Split split = Split::train) {
    auto options = plain;
    change(options);
    return load_dataset(options, split);
  };
  expect_own_attributes(with([](auto& o) { o.limit = 3; }), 3, "limit");
  expect_own_attributes(with([](auto& o) { o.classes = {"b"}; }), 4, "classes");
  expect_own_attributes(with([](auto& o) { o.holdout = 0.25; }, Split::test), 2, "hold-out");
  expect_own_attributes(with([](auto& o) { o.validation = 3; }, Split::validation), 3, "validation");
  expect_own_attributes(with([](auto& o) { o.pairs = "gray"; }), 8, "a derived side A");
  expect_own_attributes(with([](auto& o) { o.pairs = "gray"; }).others[0], 8, "its side B");
  expect_own_attributes(with([](auto& o) { o.pairs = "side-by-side"; }).others[0], 8, "halves");
  const auto sides = with([](auto& o) {
    o.pairs = "classes";
    o.sides = {"a", "b"};
    o.unpaired = true;
  });
  expect_own_attributes(sides, 4, "side A of classes");
  expect_own_attributes(sides.others[0], 4, "side B of classes");
  const auto parted = with([](auto& o) {
    o.pairs = "gray";
    o.unpaired = true;
  });
  expect_own_attributes(parted, 4, "one half of pairs");
  expect_own_attributes(parted.others[0], 4, "the other half of pairs");
  expect_own_attributes(with([](auto& o) { o.target = o.source; }).others[0], 8, "a target");

  const auto all = load_dataset(plain, Split::train);
  expect_own_attributes(subset(all, {6, 1, 1}), 3, "a subset");
  EXPECT_EQ(subset(all, {6, 1}).labels, (std::vector<std::int64_t>{1, 0}));
  EXPECT_THAT(subset(all, {6}).names, ElementsAre(HasSubstr("b/6.png")));
  auto joined = subset(all, {7, 2});
  append(joined, subset(all, {5}));
  expect_own_attributes(joined, 3, "two sets joined");
  EXPECT_EQ(joined.labels, (std::vector<std::int64_t>{1, 0, 1}));
}

TEST(Attributes, OfPointsAreSubsetAsWell) {
  Dataset set;
  set.count = 3;
  set.dimension = 2;
  set.points = {1, 2, 3, 4, 5, 6};
  set.attribute_names = {"x"};
  set.attributes = {7, 8, 9};
  const auto some = subset(set, {2, 0});
  EXPECT_THAT(some.points, ElementsAre(5, 6, 1, 2));
  EXPECT_THAT(some.attributes, ElementsAre(9, 7));
}

TEST(Attributes, SomeCanBeChosenInAnyOrder) {
  TestFolder folder;
  auto options = source_at(eight_pictures(folder));
  options.attributes = {"second"};
  const auto set = load_dataset(options, Split::train);
  EXPECT_THAT(set.attribute_names, ElementsAre("second"));
  EXPECT_THAT(set.attributes, ElementsAre(0, 0, 1, 1, 0, 0, 1, 1));
  options.attributes = {"secnd"};
  EXPECT_THAT(error_of([&] { load_dataset(options, Split::train); }),
              HasSubstr("no attribute is called 'secnd'\n  did you mean 'second'?"));
  options.source = "ring";
  EXPECT_THAT(error_of([&] { load_dataset(options, Split::train); }), HasSubstr("ring: has no attributes"));
}

TEST(Attributes, CountInTheDigest) {
  TestFolder folder;
  const auto set = load_from(eight_pictures(folder));
  auto other = set;
  other.attributes[3] = 5;
  EXPECT_NE(digest_of(other), digest_of(set));
  other = set;
  other.attribute_names[0] = "third";
  EXPECT_NE(digest_of(other), digest_of(set));
  // A set without attributes has the digest that it had before attributes existed.
  const Dataset plain{.count = 1, .channels = 1, .height = 1, .width = 1, .pixels = {7}};
  EXPECT_EQ(digest_of(plain), "f4360098e0cc07bc9a6bf1cd6bd994b948f73f864ff969143c6ff77e5b4916ac");
}

TEST(Attributes, ArePackedAndUnpacked) {
  TestFolder folder;
  const auto options = source_at(eight_pictures(folder));
  pack_split(options, Split::train, folder / "both.zip");
  const auto both = load_from(folder / "both.zip");
  expect_own_attributes(both, 8, "with classes");
  EXPECT_THAT(both.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(both.labels, load_dataset(options, Split::train).labels);
  EXPECT_THAT(both.problems, IsEmpty());
  // Without classes they are the labels of StyleGAN's layout.
  for (int i = 0; i < 8; ++i)
    fs::rename(folder / fmt::format("set/{}/{}.png", i < 4 ? "a" : "b", i),
               folder / fmt::format("set/{}.png", i));
  fs::remove(folder / "set/a");
  fs::remove(folder / "set/b");
  auto table = samples::read(folder / "set/attributes.csv");
  for (const char* part : {"a/", "b/"}) {
    for (auto at = table.find(part); at != std::string::npos; at = table.find(part)) table.erase(at, 2);
  }
  write(folder / "set/attributes.csv", table);
  pack_split(options, Split::train, folder / "alone.zip");
  expect_own_attributes(load_from(folder / "alone.zip"), 8, "without classes");
  EXPECT_THAT(samples::read(folder / "alone.zip"), HasSubstr(R"(["00000/img00000001.png",[1.0,0.0]])"));
}

TEST(Attributes, OfArraysKeepTheirNames) {
  TestFolder folder;
  const std::vector<std::uint8_t> pixels = {1, 2, 3};
  const NpzFacts facts{{0, 1, 0}, {0, 0.5, 1, 1, 0, 2}, {"größe", "old"}};
  write(folder / "set.npz", encode_npz("images", pixels.data(), {3, 1, 1}, true, facts));
  const auto set = load_from(folder / "set.npz");
  EXPECT_THAT(set.attribute_names, ElementsAre("größe", "old"));
  EXPECT_THAT(facts_of(set), ElementsAre("1: 0 0.5", "2: 1 1", "3: 0 2"));
  EXPECT_THAT(set.labels, ElementsAre(0, 1, 0));
  const NpzFacts short_of_one{{}, {0, 1}, {"old"}};
  write(folder / "short.npz", encode_npz("images", pixels.data(), {3, 1, 1}, true, short_of_one));
  EXPECT_THAT(error_of([&] { load_from(folder / "short.npz"); }),
              HasSubstr("short.npz:attributes.npy: attributes are [N, A], a row for each of 3 images"));
}

// Ink and slant (x to the right for y upwards) of an image, and its width.
struct Look {
  double ink = 0, slant = 0, width = 0;
};

Look look_of(const Dataset& set, std::size_t index) {
  const auto* image = &set.pixels[index * 32 * 32];
  double sum = 0, mean_x = 0, mean_y = 0;
  int left = 32, right = -1;
  for (int p = 0; p < 32 * 32; ++p) {
    sum += image[p];
    mean_x += image[p] * (p % 32);
    mean_y += image[p] * (31 - p / 32);
    if (image[p] < 128) continue;
    left = std::min(left, p % 32);
    right = std::max(right, p % 32);
  }
  mean_x /= sum;
  mean_y /= sum;
  double both = 0, up = 0;
  for (int p = 0; p < 32 * 32; ++p) {
    const double x = p % 32 - mean_x, y = 31 - p / 32 - mean_y;
    both += image[p] * x * y;
    up += image[p] * y * y;
  }
  return {sum / 255, both / up, static_cast<double>(right - left + 1)};
}

Dataset styled(const std::vector<std::string>& attributes, Split split = Split::train) {
  DataOptions options;
  options.attributes = attributes;
  return load_dataset(options, split);
}

TEST(GlyphAttributes, EachShowsInThePicture) {
  const auto set = styled({"bold", "italic", "serif", "mono", "script"});
  EXPECT_EQ(set.count, 48 * 62 * 16);
  const auto has = [&](std::size_t i, std::size_t attribute) {
    return set.attributes[i * 5 + attribute] == 1;
  };
  // Means over the copies of all or some characters, for faces that differ in only one attribute.
  const auto mean = [&](std::size_t family, bool bold, bool italic, std::string_view characters,
                        double Look::*what) {
    const auto face = static_cast<std::int64_t>(family * 4 + (italic ? 2 : 0) + (bold ? 1 : 0));
    double sum = 0;
    int count = 0;
    for (std::size_t i = 0; i < set.styles.size(); ++i) {
      const auto character = set.class_names[static_cast<std::size_t>(set.labels[i])][0];
      if (set.styles[i] != face || characters.find(character) == std::string_view::npos) continue;
      EXPECT_EQ(has(i, 0), bold);
      EXPECT_EQ(has(i, 1), italic);
      sum += look_of(set, i).*what;
      ++count;
    }
    return sum / count;
  };
  constexpr std::string_view many = "0123456789ABCDEFGHIKLMNPRTUXaceghimnopsux", upright = "EFHITnhm";
  for (std::size_t family = 0; family < 12; ++family) {
    SCOPED_TRACE(set.style_names[family * 4]);
    for (const bool other : {false, true}) {
      EXPECT_GT(mean(family, true, other, many, &Look::ink),
                1.12 * mean(family, false, other, many, &Look::ink));
      EXPECT_GT(mean(family, other, true, upright, &Look::slant),
                mean(family, other, false, upright, &Look::slant) + 0.08);
    }
  }
  // A typewriter's i and l are wide, and its m is not.
  const auto relative = [&](std::size_t family) {
    return mean(family, false, false, "il", &Look::width) / mean(family, false, false, "m", &Look::width);
  };
  double widest = 0, narrowest = 1;
  for (std::size_t family = 0; family < 10; ++family)
    family < 7 ? widest = std::max(widest, relative(family))
               : narrowest = std::min(narrowest, relative(family));
  EXPECT_GT(narrowest, 1.5 * widest);
  // The feet of I, which sans-serif faces do not have.
  for (std::size_t family = 0; family < 7; ++family) {
    const bool feet = mean(family, false, false, "I", &Look::width) > 6;
    EXPECT_EQ(feet, family >= 4) << set.style_names[family * 4];
  }
  std::vector<double> shares(5, 0);
  for (std::size_t i = 0; i < set.attributes.size(); ++i) shares[i % 5] += set.attributes[i];
  for (auto& share : shares) share /= static_cast<double>(set.count);
  EXPECT_THAT(shares, ElementsAre(0.5, 0.5, testing::DoubleNear(4 / 12.0, 1e-9),
                                  testing::DoubleNear(3 / 12.0, 1e-9), testing::DoubleNear(2 / 12.0, 1e-9)));
}

TEST(GlyphAttributes, DependOnTheSettingAlone) {
  const auto set = styled({"italic", "bold"}, Split::test), again = styled({"italic", "bold"}, Split::test);
  EXPECT_EQ(digest_of(set), digest_of(again));
  const auto one = styled({"bold"}, Split::test);
  EXPECT_EQ(one.pixels, set.pixels);
  for (std::size_t i = 0; i < one.attributes.size(); ++i)
    ASSERT_EQ(one.attributes[i], set.attributes[2 * i + 1]);
  DataOptions options;
  options.attributes = {"cursive"};
  EXPECT_THAT(error_of([&] { load_dataset(options, Split::test); }),
              HasSubstr("choose from its 5 attributes: bold, italic, serif, mono, script"));
  // Without the setting the glyphs are unchanged.
  options.attributes.clear();
  const auto plain = load_dataset(options, Split::test);
  EXPECT_THAT(plain.attribute_names, IsEmpty());
  EXPECT_EQ(plain.pixels, make_glyphs(1, Split::test).pixels);
}

}  // namespace
}  // namespace belamy
