#include "data/weights.h"

#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>

#include "core/env.h"
#include "core/sha256.h"
#include "data/downloads.h"
#include "data/environment.h"
#include "errors.h"
#include "faulty_env.h"
#include "http/server.h"
#include "trained_networks.h"
#include "unit/data/pytorch_samples.h"
#include "variable.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class WeightsTest : public testing::Test {
 protected:
  WeightsTest() { fs::create_directories(folder_ / "theirs"); }

  fs::path put(const fs::path& name, const std::string& bytes) {
    const auto path = folder_ / name;
    fs::create_directories(path.parent_path());
    write_atomically(Env::real(), path, bytes);
    return path;
  }
  /// A small sound file; different texts give different bytes.
  static std::string small_file(const std::string& text) { return encode_safetensors({}, {{"text", text}}); }
  static std::string read(const fs::path& path) { return Env::real().read(path); }
  template <class F>
  static std::string error_of(F&& function, ExitCode code = ExitCode::data) {
    return message_of(code, function);
  }

  TestFolder folder_;
  const Variable cache_{"BELAMY_CACHE", folder_ / "cache"}, weights_{"BELAMY_WEIGHTS", folder_ / "theirs"};
};

TEST_F(WeightsTest, AreFoundByPathAndByName) {
  const auto theirs = put("theirs/first.safetensors", small_file("1"));
  const auto cached = put("cache/weights/second.safetensors", small_file("2"));
  const auto apart = put("apart/third.safetensors", small_file("3"));
  EXPECT_EQ(find_weights("first").path, theirs);
  EXPECT_EQ(find_weights("first.safetensors").path, theirs);
  EXPECT_EQ(find_weights("second").path, cached);
  const auto found = find_weights(apart.string());
  EXPECT_EQ(found.path, apart);
  EXPECT_EQ(found.name, "third");
  EXPECT_EQ(found.sha256, sha256_hex(small_file("3")));
  const auto weights = read_weights("first");
  EXPECT_EQ(weights.file.sha256, sha256_hex(small_file("1")));
  EXPECT_EQ(weights.content.metadata.at("text"), "1");
}

TEST_F(WeightsTest, TheFirstFolderThatHasTheNameWins) {
  put("cache/weights/same.safetensors", small_file("cache"));
  const auto theirs = put("theirs/same.safetensors", small_file("theirs"));
  put("more/same.safetensors", small_file("more"));
  put("more/other.safetensors", small_file("other"));
  weights_.set(folder_.path().string() + "/theirs::" + folder_.path().string() + "/more");
  EXPECT_THAT(folders_of_variable("BELAMY_WEIGHTS"), ElementsAre(folder_ / "theirs", folder_ / "more"));
  EXPECT_EQ(find_weights("same").path, theirs);
  EXPECT_EQ(find_weights("other").path, folder_ / "more/other.safetensors");
  EXPECT_THAT(weights_names(), ElementsAre("other", "same"));
  std::vector<bool> hidden;
  for (const auto& line : list_weights()) hidden.push_back(line.hidden);
  EXPECT_THAT(hidden, ElementsAre(false, false, true, true));  // theirs, more: other, same, the cache
}

TEST_F(WeightsTest, AnUnknownNameGivesTheNearestOne) {
  put("theirs/vgg16-conv.safetensors", small_file("1"));
  EXPECT_THAT(
      error_of([] { find_weights("vgg16-cnov"); }),
      AllOf(HasSubstr("no weights 'vgg16-cnov'"), HasSubstr("did you mean 'vgg16-conv'?"),
            HasSubstr((folder_ / "theirs").string()), HasSubstr((folder_ / "cache/weights").string())));
  EXPECT_THAT(error_of([] { find_weights("vgg16"); }), HasSubstr("did you mean 'vgg16-conv'?"));
  EXPECT_THAT(error_of([] { find_weights("something"); }), HasSubstr("belamy weights list"));
  EXPECT_THAT(error_of([] { find_weights("no/such/vgg16-conv"); }), HasSubstr("no/such/vgg16-conv"));
}

TEST_F(WeightsTest, TheListTellsNetworksAndWhatCannotBeRead) {
  put("theirs/a.safetensors", TrainedFile(NetworkKind::efficientnet_lite0).bytes());
  put("theirs/b.safetensors", small_file("b"));
  const auto damaged = put("theirs/c.safetensors", small_file("c") + "x");
  put("theirs/.hidden.safetensors", small_file("d"));
  put("theirs/README.md", "text");
  const auto all = list_weights();
  ASSERT_EQ(all.size(), 3);
  EXPECT_EQ(all[0].file.name, "a");
  EXPECT_EQ(all[0].kind, NetworkKind::efficientnet_lite0);
  EXPECT_EQ(all[0].fault, "");
  EXPECT_EQ(all[1].kind, NetworkKind::unknown);
  EXPECT_EQ(all[1].bytes, small_file("b").size());
  EXPECT_EQ(all[1].file.sha256, sha256_hex(small_file("b")));
  EXPECT_THAT(all[2].fault, HasSubstr(damaged.string()));
}

TEST_F(WeightsTest, AnImportCopiesTheVeryBytes) {
  // A header whose length is odd: decoding has to move the arrays, and the copy must not.
  const std::string header = R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )";
  ASSERT_EQ(header.size() % 2, 1);
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header + std::string("\0\0\x80\x3f", 4);
  const auto from = put("apart/odd.safetensors", bytes);
  const auto imported = import_weights({from, "odd"});
  EXPECT_FALSE(imported.there_already);
  EXPECT_EQ(imported.weights.file.path, folder_ / "cache/weights/odd.safetensors");
  EXPECT_EQ(read(folder_ / "cache/weights/odd.safetensors"), bytes);
  EXPECT_EQ(find_weights("odd").sha256, sha256_hex(bytes));
  EXPECT_TRUE(import_weights({from, "odd.safetensors"}).there_already);
}

TEST_F(WeightsTest, AnImportReplacesNothingUnasked) {
  const auto first = put("apart/first.safetensors", small_file("1")),
             second = put("apart/second.safetensors", small_file("2"));
  import_weights({first, "mine"});
  EXPECT_THAT(error_of(
                  [&] {
                    import_weights({second, "mine"});
                  },
                  ExitCode::usage),
              AllOf(HasSubstr("--as mine"), HasSubstr("--force")));
  EXPECT_EQ(read(folder_ / "cache/weights/mine.safetensors"), small_file("1"));
  import_weights({.from = second, .name = "mine", .force = true});
  EXPECT_EQ(read(folder_ / "cache/weights/mine.safetensors"), small_file("2"));
}

TEST_F(WeightsTest, AFolderThatIsOnlyReadKeepsItsNames) {
  const auto theirs = put("theirs/taken.safetensors", small_file("1"));
  const auto other = put("apart/other.safetensors", small_file("2"));
  EXPECT_THAT(
      error_of([&] { import_weights({.from = other, .name = "taken", .force = true}); }, ExitCode::usage),
      AllOf(HasSubstr(theirs.string()), HasSubstr("found first"), Not(HasSubstr("--force"))));
  EXPECT_EQ(read(theirs), small_file("1"));
  EXPECT_FALSE(fs::exists(folder_ / "cache/weights/taken.safetensors"));
  const auto same = import_weights({put("apart/same.safetensors", small_file("1")), "taken"});
  EXPECT_TRUE(same.there_already);
  EXPECT_EQ(same.weights.file.path, theirs);
}

TEST_F(WeightsTest, AnImportRefusesWhatIsNotSound) {
  const auto refused = [&](const std::string& bytes, ExitCode code) {
    const auto from = put("apart/file.safetensors", bytes);
    const auto error = error_of([&] { import_weights({from, "file"}); }, code);
    EXPECT_FALSE(fs::exists(folder_ / "cache/weights/file.safetensors"));
    return error;
  };
  EXPECT_THAT(refused(small_file("1") + "x", ExitCode::storage), HasSubstr("is damaged"));
  EXPECT_THAT(refused("PK\x03\x04 and so on", ExitCode::data),
              HasSubstr("the zip file has no list of its members"));
  EXPECT_THAT(error_of(
                  [&] {
                    import_weights({folder_ / "none.safetensors", "file"});
                  },
                  ExitCode::storage),
              HasSubstr("none.safetensors"));
  const auto sound = put("apart/sound.safetensors", small_file("1"));
  for (const std::string name : {"", "../x", "a/b", ".x", ".safetensors", "a b"})
    EXPECT_THAT(error_of([&] { import_weights({sound, name}); }, ExitCode::usage), HasSubstr("--as"));
}

// VGG16 with "features." before its names, as if from another library.
ArrayMap under_other_names(const TrainedFile& file) {
  ArrayMap named;
  for (const auto& [name, array] : file.arrays) named["features." + name] = array;
  return named;
}

TEST_F(WeightsTest, AMapGivesTensorsTheirNames) {
  const TrainedFile vgg16(NetworkKind::vgg16_conv, true);
  const auto from = put("apart/other.safetensors", encode_safetensors(under_other_names(vgg16), {}));
  EXPECT_EQ(import_weights({from, "unmapped"}).weights.kind, NetworkKind::unknown);
  const auto map = put("apart/map.txt", "features.* = *\n");
  const auto imported = import_weights({from, "mapped", map});
  EXPECT_EQ(imported.weights.kind, NetworkKind::vgg16_conv);
  const auto read = read_weights("mapped");
  EXPECT_EQ(read.kind, NetworkKind::vgg16_conv);
  for (const auto& [name, array] : vgg16.arrays) {
    const auto& copy = read.content.arrays.at(name);
    ASSERT_EQ(copy.bytes, array.bytes) << name;
    EXPECT_EQ(std::memcmp(copy.data, array.data, array.bytes), 0) << name;
  }
  EXPECT_EQ(read.content.metadata, (StringMap{{"source", "other.safetensors"},
                                              {"source_sha256", sha256_of_file(from)},
                                              {"map_sha256", sha256_of_file(map)}}));
  EXPECT_TRUE(import_weights({from, "mapped", map}).there_already);
}

// The names decide which input a network was trained on, and an import keeps what a file says of it.
TEST_F(WeightsTest, AMapToTorchvisionsNamesGivesItsInput) {
  const TrainedFile vgg16(NetworkKind::vgg16_conv);
  ArrayMap theirs;
  const auto& torchvision = known_networks()[1];
  for (std::size_t i = 0; i < torchvision.tensors.size(); ++i)
    theirs["state." + torchvision.tensors[i].name] =
        vgg16.arrays.at(tensors_of(NetworkKind::vgg16_conv)[i].name);
  theirs["state.classifier.0.bias"] = vgg16.arrays.at("conv1_1.bias");
  const auto from = put("apart/state.safetensors", encode_safetensors(theirs, {}));
  import_weights({from, "torchvision", put("apart/map.txt", "state.* = *")});
  const auto first = read_weights("torchvision");
  EXPECT_EQ(first.kind, NetworkKind::vgg16_conv);
  EXPECT_EQ(first.content.arrays.size(), 26u);
  EXPECT_EQ(first.content.metadata.at(input_key), torchvision_input);

  const auto again =
      put("apart/again.safetensors", encode_safetensors(under_other_names(vgg16), {{input_key, "x"}}));
  import_weights({again, "again", put("apart/map.txt", "features.* = *")});
  EXPECT_EQ(read_weights("again").content.metadata.at(input_key), "x");
}

TEST_F(WeightsTest, AMapThatDoesNotFitLeavesNothing) {
  const TrainedFile vgg16(NetworkKind::vgg16_conv);
  const auto from = put("apart/other.safetensors", encode_safetensors(under_other_names(vgg16), {}));
  const auto map = put("apart/map.txt", "features.* = *\nfeatures.conv1_1.bias = -\n");
  EXPECT_THAT(error_of([&] { import_weights({from, "mapped", map}); }), HasSubstr("missing: 'conv1_1.bias'"));
  put("apart/map.txt", "features.*\n");
  // The map is read first: that there is no such file is not told.
  EXPECT_THAT(error_of(
                  [&] {
                    import_weights({folder_ / "none", "mapped", map});
                  },
                  ExitCode::usage),
              HasSubstr("map.txt, line 1"));
  EXPECT_THAT(error_of(
                  [&] {
                    import_weights({from, "mapped", folder_ / "no-map.txt"});
                  },
                  ExitCode::storage),
              HasSubstr("no-map.txt"));
  EXPECT_FALSE(fs::exists(folder_ / "cache/weights"));
}

// A server on loopback in place of the official address, and a small file in place of the network.
class FetchedWeights : public WeightsTest {
 protected:
  FetchedWeights() { server_.put("small.pth", bytes_); }
  ImportedWeights fetch() {
    return fetch_network({"small", server_.url(), {{"small.pth", sha256_hex(bytes_)}}}, progress_);
  }

  const std::string bytes_ = pytorch_samples::file(
      pytorch_samples::dictionary(pytorch_samples::text("w") + pytorch_samples::tensor("0", 0, {6}, {1})));
  http::Server server_;
  FetchProgress progress_;
  const Variable no_proxy_{"no_proxy", "127.0.0.1"};  // a proxy cannot reach this machine's loopback
};

TEST_F(FetchedWeights, AreCheckedAndImported) {
  std::uint64_t last = 0;
  progress_ = [&](const std::string& file, std::uint64_t done, std::uint64_t) {
    EXPECT_EQ(file, "small.pth");
    last = done;
  };
  const auto fetched = fetch();
  EXPECT_FALSE(fetched.there_already);
  EXPECT_EQ(last, bytes_.size());
  EXPECT_EQ(fetched.weights.file.path, folder_ / "cache/weights/small.safetensors");
  EXPECT_EQ(read_weights("small").content.metadata.at("source_sha256"), sha256_hex(bytes_));
  EXPECT_FALSE(fs::exists(folder_ / "cache/downloads/small.pth")) << "kept twice";
  EXPECT_TRUE(fetch().there_already);
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(FetchedWeights, OfOtherBytesAreRefused) {
  server_.put("small.pth", bytes_ + "x");
  EXPECT_THAT(error_of([&] { fetch(); }, ExitCode::data),
              AllOf(HasSubstr("SHA-256 is"), HasSubstr(sha256_hex(bytes_))));
  EXPECT_TRUE(weights_names().empty());
  server_.stop();
  EXPECT_THAT(error_of([&] { fetch(); }, ExitCode::data),
              AllOf(HasSubstr("check the network"), HasSubstr("cache/downloads by hand: small.pth")));
}

TEST_F(FetchedWeights, ReplaceNoOthersOfTheName) {
  const auto other = put("theirs/small.safetensors", small_file("other"));
  EXPECT_THAT(error_of([&] { fetch(); }, ExitCode::usage), HasSubstr(other.string()));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(FetchedWeights, HaveAKnownName) {
  EXPECT_THAT(error_of([] { fetch_weights("incepton", "", {}); }, ExitCode::usage),
              AllOf(HasSubstr("'incepton'"), HasSubstr("inception")));
  EXPECT_THAT(error_of([] { read_weights("inception"); }, ExitCode::data),
              HasSubstr("'belamy weights fetch inception' downloads them"));
}

// What an import notes of its source decides; a map could have exchanged tensors.
TEST_F(WeightsTest, APublishedFileIsKnownByItsDigest) {
  const auto published = [&](const StringMap& metadata) {
    return is_published(read_weights(put("apart/x.safetensors", encode_safetensors({}, metadata)).string()),
                        "inception");
  };
  const auto digest = published_digest("inception");
  EXPECT_EQ(digest.substr(0, 8), "6726825d");
  EXPECT_TRUE(published({{"source_sha256", digest}}));
  EXPECT_FALSE(published({{"source_sha256", digest}, {"map_sha256", "0"}}));
  EXPECT_FALSE(published({{"source_sha256", sha256_hex("")}}));
  EXPECT_FALSE(published({}));
}

}  // namespace
}  // namespace belamy
