#include "belamy/config.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <stdexcept>

#include "core/toml.h"
#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;

struct Settings {
  std::string data = "mnist";
  std::int64_t width = 64;
  double rate = 2e-4;
  bool spectral = false;
  std::string objective = "minimax";
  std::vector<std::int64_t> channels = {32, 64};
  std::vector<double> betas = {0.5, 0.999};
  std::int64_t encoder_depth = 2;
  std::int64_t decoder_depth = 3;
  std::int64_t batch = 64;
  double any = 0;

  Fields fields() {
    Fields f;
    f.group("model", [&](Fields& model) {
      model.add("width", width, {1, 4096}, "Channels of the widest layer", "channels");
      model.add("objective", objective, {"minimax", "non-saturating", "wasserstein"}, "Loss of both players");
      model.add("spectral", spectral, "Spectral normalisation");
      model.add("channels", channels, {1, 1024}, "Channels of each layer");
      model.group("encoder", [&](Fields& e) { e.add("depth", encoder_depth, {1, 9}, "Layers"); });
      model.group("decoder", [&](Fields& d) { d.add("depth", decoder_depth, {1, 9}, "Layers"); });
    });
    f.add("data", data, "Name of a data set, or a path");
    f.group("train", [&](Fields& train) {
      train.add("batch", batch, {1, 65536}, "Images a step", "images");
      train.add("rate", rate, {0, 1}, "Learning rate");
      train.add("betas", betas, {0, 1}, "Of Adam");
      train.add("any", any,
                {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()},
                "Any number");
    });
    return f;
  }
};

/// The message of the usage error that `action` must throw.
template <class Action>
std::string error_of(Action action) {
  return message_of(ExitCode::usage, action);
}

std::string text_error(const std::string& assignment) {
  Settings settings;
  auto fields = settings.fields();
  const auto before = fields.to_toml();
  const auto message = error_of([&] { fields.set_text(assignment); });
  EXPECT_EQ(fields.to_toml(), before) << "a refused value must leave no trace";
  return message;
}

TEST(Config, SetsEveryTypeFromText) {
  Settings s;
  auto fields = s.fields();
  for (const auto* assignment :
       {"model.width=128", "train.rate = 0.01", "model.spectral=true", "model.objective=wasserstein",
        "model.channels=[8, 16, 32]", "train.betas=[0, 0.9]", "data=/some where/a=b.zip"}) {
    fields.set_text(assignment);
  }
  EXPECT_EQ(s.width, 128);
  EXPECT_EQ(s.rate, 0.01);
  EXPECT_TRUE(s.spectral);
  EXPECT_EQ(s.objective, "wasserstein");
  EXPECT_THAT(s.channels, testing::ElementsAre(8, 16, 32));
  EXPECT_THAT(s.betas, testing::ElementsAre(0.0, 0.9));
  EXPECT_EQ(s.data, "/some where/a=b.zip");
}

TEST(Config, TextFieldsTakeTextThatLooksLikeSomethingElse) {
  Settings s;
  auto fields = s.fields();
  fields.set_text("data=2024");
  EXPECT_EQ(s.data, "2024");
  fields.set_text("data=true");
  EXPECT_EQ(s.data, "true");
  fields.set_text("data=\"two words\"");
  EXPECT_EQ(s.data, "two words");
  fields.set_text("data=");
  EXPECT_EQ(s.data, "");
  fields.set_text("data='half");
  EXPECT_EQ(s.data, "'half");
}

TEST(Config, ConvertsBetweenIntegersAndNumbersWhereNothingIsLost) {
  Settings s;
  auto fields = s.fields();
  fields.set_text("train.batch=1e3");
  EXPECT_EQ(s.batch, 1000);
  fields.set_text("train.rate=1");
  EXPECT_EQ(s.rate, 1.0);
  fields.set_text("train.rate=.5");
  EXPECT_EQ(s.rate, 0.5);
  fields.set_text("model.channels=[1e2, 2e2]");
  EXPECT_THAT(s.channels, testing::ElementsAre(100, 200));
  EXPECT_THAT(text_error("train.batch=1.5"),
              HasSubstr("train.batch must be an integer from 1 to 65536, not 1.5"));
  EXPECT_THAT(text_error("train.batch=1e300"), HasSubstr("not 1e+300"));
  EXPECT_THAT(text_error("train.batch=99999999999999999999"), HasSubstr("train.batch must be an integer"));
}

TEST(Config, IntegersReachToTheirLimitsAndNotBeyond) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min(),
                 highest = std::numeric_limits<std::int64_t>::max();
  std::int64_t seed = 0;
  Fields fields;
  fields.add("seed", seed, {lowest, highest}, "");
  fields.set_text("seed=" + std::to_string(highest));
  EXPECT_EQ(seed, highest);
  fields.set_text("seed=-9223372036854775808.0");
  EXPECT_EQ(seed, lowest);
  EXPECT_THAT(error_of([&] { fields.set_text("seed=9223372036854775808.0"); }),
              HasSubstr("seed must be an integer, not 9.2"));
  EXPECT_EQ(fields.all()[0].range, "");
}

TEST(Config, RefusesValuesOutsideTheirRange) {
  EXPECT_EQ(text_error("train.batch=0"),
            "--set train.batch=0: train.batch must be an integer from 1 to 65536, not 0");
  EXPECT_THAT(text_error("train.batch=65537"), HasSubstr("not 65537"));
  EXPECT_THAT(text_error("train.rate=-0.1"), HasSubstr("train.rate must be a number from 0 to 1, not -0.1"));
  EXPECT_THAT(text_error("train.betas=[0.5, 1.5]"),
              HasSubstr("a list of numbers from 0 to 1, not the list [0.5, 1.5]"));
  EXPECT_THAT(text_error("model.channels=[0]"), HasSubstr("a list of integers from 1 to 1024"));
  Settings s;
  auto fields = s.fields();
  fields.set_text("train.batch=65536");  // bounds are inclusive
  fields.set_text("train.batch=1");
}

TEST(Config, RefusesNotANumberAndInfinityEverywhere) {
  for (const auto* value : {"nan", "inf", "-inf", "+nan"}) {
    EXPECT_THAT(text_error(std::string("train.any=") + value), HasSubstr("train.any must be a number, not "));
    EXPECT_THAT(text_error(std::string("train.rate=") + value), HasSubstr("train.rate must be"));
    EXPECT_THAT(text_error(std::string("train.batch=") + value), HasSubstr("train.batch must be"));
    EXPECT_THAT(text_error(std::string("train.betas=[0.5, ") + value + "]"),
                HasSubstr("train.betas must be"));
  }
}

TEST(Config, SaysWhatItGotInsteadOfTheWantedType) {
  EXPECT_THAT(text_error("train.batch=many"), HasSubstr("not the text 'many'"));
  EXPECT_THAT(text_error("train.batch=true"), HasSubstr("not true"));
  EXPECT_THAT(text_error("train.batch=[1, 2]"), HasSubstr("not the list [1, 2]"));
  EXPECT_THAT(text_error("model.spectral=1"), HasSubstr("model.spectral must be true or false, not 1"));
  EXPECT_THAT(text_error("model.channels=3"), HasSubstr("not 3"));
  Settings s;
  auto fields = s.fields();
  EXPECT_EQ(error_of([&] { fields.set("data", Value(std::int64_t{5}), {"a.toml, line 2"}); }),
            "a.toml, line 2: data must be text in quotes, not 5");
  EXPECT_THAT(error_of([&] { fields.set("data", Value(std::string("\xff\xfe")), {"x"}); }),
              HasSubstr("UTF-8"));
}

TEST(Config, NamesTheChoicesAndTheNearestOne) {
  EXPECT_THAT(
      text_error("model.objective=wassertein"),
      HasSubstr("model.objective must be one of minimax, non-saturating, wasserstein, not 'wassertein' (did "
                "you mean 'wasserstein'?)"));
  EXPECT_THAT(text_error("model.objective=xyz"), testing::EndsWith("not 'xyz'"));
}

TEST(Config, UnknownKeysNameTheNearestOne) {
  Settings s;
  auto fields = s.fields();
  const auto message = error_of(
      [&] { fields.set("model.widht", Value(std::int64_t{5}), {"recipes/gan/gan-mnist.toml, line 7"}); });
  EXPECT_EQ(
      message,
      "recipes/gan/gan-mnist.toml, line 7: unknown setting 'model.widht'\n  did you mean 'model.width'? "
      "'belamy models NAME' and 'belamy lab NAME --dry-run' list all settings");
  EXPECT_THAT(text_error("widht=5"), HasSubstr("did you mean 'model.width'?"));
  EXPECT_THAT(text_error("train.width=5"), HasSubstr("did you mean 'model.width'?"));
  EXPECT_THAT(text_error("colour=red"), testing::Not(HasSubstr("did you mean")));
  EXPECT_THAT(text_error("model.encoder_depth=5"), HasSubstr("did you mean 'model.encoder.depth'?"));
  EXPECT_THAT(text_error("model.encoder.deep=5"), testing::Not(HasSubstr("did you mean")))
      << "the common table does not make 'deep' and 'depth' alike";
  EXPECT_THAT(text_error("=5"), HasSubstr("unknown setting ''"));
  EXPECT_THAT(text_error("train.batch"), HasSubstr("KEY=VALUE"));
  EXPECT_LT(text_error(std::string(100000, 'x') + "=1").size(), 400u);
}

TEST(Config, AcceptsUnqualifiedKeysThatMeanOneField) {
  Settings s;
  auto fields = s.fields();
  fields.set_text("width=7");
  EXPECT_EQ(s.width, 7);
  fields.set_text("encoder.depth=4");
  EXPECT_EQ(s.encoder_depth, 4);
  EXPECT_EQ(text_error("depth=4"),
            "--set depth=4: 'depth' can mean several settings: model.encoder.depth, model.decoder.depth\n  "
            "write the "
            "whole key");
  EXPECT_THAT(text_error("idth=4"), HasSubstr("unknown setting"));  // parts, not letters
  EXPECT_EQ(fields.find("width"), nullptr);
  ASSERT_NE(fields.find("model.width"), nullptr);
}

TEST(Config, AModelsOwnSettingComesFirst) {
  std::int64_t own = 1, of_data = 1, seed = 1, other = 1;
  Fields fields;
  fields.add("data.width", of_data, {0, 9}, "");
  fields.add("model.width", own, {0, 9}, "");
  fields.add("data.seed", seed, {0, 9}, "");
  fields.add("train.seed", other, {0, 9}, "");
  fields.set_text("width=4");
  EXPECT_EQ(own, 4);
  EXPECT_EQ(of_data, 1);
  fields.set_text("data.width=5");
  EXPECT_EQ(of_data, 5);
  EXPECT_THROW(fields.set_text("seed=4"), Error);
}

TEST(Config, CollidingKeysAndBadDefaultsAreDefects) {
  std::int64_t a = 1;
  double b = std::nan("");
  std::string c = "three";
  Fields fields;
  fields.add("model.width", a, {0, 9}, "");
  EXPECT_THROW(fields.add("model.width", a, {0, 9}, ""), std::logic_error);
  EXPECT_THROW(fields.add("model", a, {0, 9}, ""), std::logic_error);
  EXPECT_THROW(fields.add("model.width.inner", a, {0, 9}, ""), std::logic_error);
  EXPECT_THROW(fields.add("other", a, {2, 9}, ""), std::logic_error);
  EXPECT_THROW(fields.add("number", b, {0, 9}, ""), std::logic_error);
  EXPECT_THROW(fields.add("choice", c, {"one", "two"}, ""), std::logic_error);
}

TEST(Config, WritesTomlByTablesRootFirst) {
  Settings s;
  EXPECT_EQ(s.fields().to_toml(),
            "data = \"mnist\"\n"
            "\n[model]\nwidth = 64\nobjective = \"minimax\"\nspectral = false\nchannels = [32, 64]\n"
            "\n[model.encoder]\ndepth = 2\n"
            "\n[model.decoder]\ndepth = 3\n"
            "\n[train]\nbatch = 64\nrate = 0.0002\nbetas = [0.5, 0.999]\nany = 0.0\n");
}

TEST(Config, WritesOnlyChangedFieldsOnRequest) {
  Settings s;
  auto fields = s.fields();
  EXPECT_EQ(fields.to_toml(true), "");
  fields.set_text("encoder.depth=5");
  EXPECT_EQ(fields.to_toml(true), "[model.encoder]\ndepth = 5\n");
}

TEST(Config, WrittenSettingsReadBackBitForBit) {
  Settings s;
  auto fields = s.fields();
  s.rate = 0.1 + 0.2 - 0.3;  // 5.55e-17: needs all its digits
  s.any = -0.0;
  s.betas = {1.0 / 3, std::numeric_limits<double>::denorm_min(), std::nextafter(1.0, 0.0)};
  s.channels = {};
  s.data = "quote \" back \\ line \n tab \t bell \a snow \xe2\x98\x83";
  s.width = 4096;

  Settings again;
  auto back = again.fields();
  for (const auto& entry : parse_toml(fields.to_toml(), "resolved.toml").entries) {
    back.set(entry.key, entry.value, entry.origin);
  }
  EXPECT_EQ(again.rate, s.rate);
  EXPECT_TRUE(std::signbit(again.any));
  EXPECT_EQ(again.betas, s.betas);
  EXPECT_EQ(again.channels, s.channels);
  EXPECT_EQ(again.data, s.data);
  EXPECT_EQ(again.width, s.width);
  EXPECT_EQ(back.to_toml(), fields.to_toml());
}

TEST(Config, HelpIsATableWithOneLineAField) {
  Settings s;
  auto fields = s.fields();
  const auto help = fields.help();
  EXPECT_EQ(std::count(help.begin(), help.end(), '\n'), static_cast<long>(fields.all().size()));
  EXPECT_THAT(help, HasSubstr("1 .. 4096 channels"));
  EXPECT_THAT(help, HasSubstr("one of minimax, non-saturating, wasserstein"));
  const auto line = help.substr(0, help.find('\n'));
  EXPECT_THAT(
      line, testing::ContainsRegex("^  model.width +64 +1 .. 4096 channels +Channels of the widest layer$"));
}

TEST(Config, NearestFindsSmallMistakesOnly) {
  EXPECT_EQ(nearest("mnsit", {"cifar10", "mnist", "usps"}), "mnist");
  EXPECT_EQ(nearest("fashion-mnis", {"mnist", "fashion-mnist"}), "fashion-mnist");
  EXPECT_EQ(nearest("rl", {"decay", "lr"}), "lr");  // swapped letters are one mistake
  EXPECT_EQ(nearest("widht", {"init", "width"}), "width");
  EXPECT_EQ(nearest("VAE", {"gan", "vae"}), "vae");
  EXPECT_EQ(nearest("widht", {"init", "weight"}), "") << "two edits of five letters";
  EXPECT_EQ(nearest("gan", {"dann", "vae"}), "");
  EXPECT_EQ(nearest("abc", {"xyz", "uvw"}), "");
  EXPECT_EQ(suggestion("mnsit", {"mnist", "usps"}), "did you mean 'mnist'? ");
  EXPECT_EQ(suggestion("abc", {"xyz", "uvw"}), "");
  EXPECT_EQ(nearest("", {"a", "b"}), "");
  EXPECT_EQ(nearest("a", {}), "");
}

TEST(Fields, AListOfTextsTakesWhatIsMeant) {
  std::vector<std::string> names;
  Fields fields;
  fields.add("names", names, "of classes");
  const auto set = [&](const std::string& text) {
    fields.set_text("names=" + text);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(set("[\"a\", \"b c\"]"), (Names{"a", "b c"}));
  EXPECT_EQ(set("[3, 5]"), (Names{"3", "5"}));
  EXPECT_EQ(set("7"), (Names{"7"}));
  EXPECT_EQ(set("ill"), (Names{"ill"}));
  EXPECT_EQ(set("[]"), Names{});
  fields.set_text("names=[\"x\"]");
  EXPECT_EQ(fields.to_toml(), "names = [\"x\"]\n");
  EXPECT_THROW(fields.set_text("names=[0.5]"), Error);
  EXPECT_THROW(fields.set_text("names=true"), Error);
}

}  // namespace
}  // namespace belamy
