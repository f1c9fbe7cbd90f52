// What every model must do: one suite, run for each line of models.def on its tiny settings.
#include <ATen/record_function.h>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <set>
#include <sstream>
#include <torch/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/env.h"
#include "export/functions.h"
#include "export/graph.h"
#include "export/onnx.h"
#include "growing_gan.h"
#include "metrics/frechet.h"
#include "nn/products.h"
#include "several.h"
#include "small_training.h"
#include "store/safetensors.h"
#include "tensors/arrays.h"
#include "tensors/dataset_tensors.h"
#include "use/require.h"

namespace belamy {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

// BELAMY_PLAIN=1: LibTorch's own paths.
[[maybe_unused]] const bool kFast = [] {
  nn::set_fast_paths(std::getenv("BELAMY_PLAIN") == nullptr);
  return nn::fast_paths();
}();

[[maybe_unused]] const bool kHasOwnModel = [] {
  add_model(growing_gan());
  return true;
}();

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& info : all_models()) names.push_back(info.name);
  return names;
}

class ConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  ConformanceTest() : info_(find_model(GetParam())) {}

  // The tiny settings, and where the model cannot be built so for this data, the cures that it names itself.
  std::unique_ptr<Recipe> tiny(const Dataset& data, const std::vector<std::string>& more = {}) const {
    auto settings = info_.tiny;
    settings.push_back("train.batch=16");
    settings.push_back("train.steps=1000");
    settings.insert(settings.end(), more.begin(), more.end());
    auto recipe = recipe_of(info_.name, settings);
    for (int i = 0; info_.check && i < 3; ++i) {
      const auto fault = info_.check(shape_of(data), *recipe);
      if (!fault || fault.cure.empty()) break;
      for (const auto& setting : fault.cure) recipe->fields().set_text(setting);
    }
    return recipe;
  }

  // Further settings: none, and each of the variants.
  std::vector<std::vector<std::string>> variants() const {
    std::vector<std::vector<std::string>> all = {{}};
    for (const auto& variant : info_.variants) all.push_back({variant});
    return all;
  }

  bool enlarges() const { return info_.sides && info_.sides(*recipe_of(info_.name, {})).enlarges; }

  // With two attributes of each class, or a caption, for models that take them.
  Dataset told(Dataset data) const {
    if (info_.can(Capability::caption_sampler) || info_.can(Capability::text_encoder)) {
      for (const auto label : data.labels)
        data.captions.push_back(label < 5 ? fmt::format("bar {}", label % 5)
                                          : fmt::format("an upright bar {}", label % 5));
    }
    if (!info_.can(Capability::attribute_sampler)) return data;
    data.attribute_names = {"odd", "early"};
    for (const auto label : data.labels) {
      data.attributes.push_back(static_cast<float>(label % 2));
      data.attributes.push_back(label < 5 ? 1 : 0);
    }
    return data;
  }

  Dataset images(std::int64_t count, std::int64_t side = 16, std::int64_t channels = 1) const {
    switch (info_.relation) {
      case Relation::pairs:
        return enlarges() ? small_enlargements(count, side, channels) : small_pairs(count, side, channels);
      case Relation::domains: return small_domains(count, side, channels);
      case Relation::matches: return small_matches(count, side, channels);
      default: return told(small_images(count, side, channels));
    }
  }

  std::vector<std::string> stages_of(const Recipe& recipe, const Dataset& data) const {
    return info_.stages ? info_.stages(shape_of(data), *recipe.config) : std::vector<std::string>();
  }

  Dataset plain_data(std::int64_t count = 256) const {
    return info_.images ? images(count) : told(small_points(count));
  }

  // Data of every kind that the model says it takes.
  std::vector<Dataset> all_data() const {
    std::vector<Dataset> all;
    if (info_.images) {
      all = {images(64), images(64, 28), images(64, 32), images(64, 16, 3)};
    }
    if (info_.points) all.push_back(told(small_points(64)));
    return all;
  }

  static std::string kind_of(const Dataset& data) {
    std::ostringstream text;
    text << data.name << " " << data.channels << "x" << data.height << "x" << data.width;
    return text.str();
  }

  // Where a direction begins: b2a in the second domain.
  static Tensor side_of(Session& session, Direction direction, std::int64_t n) {
    return session.batches().head(n, domain_of(direction));
  }

  // Whatever the model gives for these data on the session's device, without drawing: by name, in evaluation.
  static std::vector<std::pair<std::string, Tensor>> outputs_for(Session& session, const Tensor& data) {
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    std::vector<std::pair<std::string, Tensor>> all;
    if (auto* encoder = model.encoder()) all.emplace_back("encode", encoder->encode(data));
    if (auto* texts = model.text_encoder())
      all.emplace_back("encode text", texts->encode_text(torch::ones(
                                          {5, 3}, torch::dtype(torch::kLong).device(data.device()))));
    if (auto* r = model.reconstructor()) all.emplace_back("reconstruct", r->reconstruct(data));
    if (auto* classifier = model.classifier()) all.emplace_back("classify", classifier->classify(data));
    if (auto* translator = model.translator()) {
      for (const auto d : translator->directions())
        all.emplace_back(direction_name(d), translator->translate(side_of(session, d, data.size(0)), d));
    }
    if (auto* localiser = model.localiser())
      all.emplace_back("class maps", localiser->class_maps(data, torch::zeros({data.size(0)}, torch::kLong)));
    if (auto* matcher = model.matcher())
      all.emplace_back("similarity", matcher->similarity(data, data.flip(0)));
    return all;
  }

  // With what it draws for this seed.
  static std::vector<std::pair<std::string, Tensor>> outputs(Session& session, const Tensor& data,
                                                             std::uint64_t seed) {
    auto all = outputs_for(session, data);
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    if (auto* sampler = model.sampler()) all.emplace_back("sample", sampler->sample({5, seeded(seed)}));
    if (auto* decoder = model.decoder()) {
      auto latents = decoder->draw_latent(5, seeded(seed));
      if (latents.defined()) all.emplace_back("decode", decoder->decode(latents));
    }
    if (auto* density = model.density())
      all.emplace_back("log-likelihood", density->log_likelihood(data, seeded(seed)));
    return all;
  }

  const ModelInfo& info_;
};

void expect_like_data(const Tensor& made, const DataShape& shape, std::int64_t n, const std::string& what) {
  EXPECT_EQ(made.sizes().vec(), shape.sizes(n)) << what;
  EXPECT_EQ(made.scalar_type(), torch::kFloat) << what;
  EXPECT_TRUE(torch::isfinite(made).all().item<bool>()) << what;
  if (!shape.is_images()) return;
  EXPECT_GE(made.min().item<float>(), -1) << what;
  EXPECT_LE(made.max().item<float>(), 1) << what;
}

void expect_numbers(const Tensor& numbers, const std::vector<std::int64_t>& sizes, const std::string& what) {
  EXPECT_EQ(numbers.sizes().vec(), sizes) << what;
  EXPECT_TRUE(torch::isfinite(numbers).all().item<bool>()) << what;
}

TEST_P(ConformanceTest, WhatItGivesHasTheDocumentedShapes) {
  for (const auto& data : all_data()) {
    SCOPED_TRACE(kind_of(data));
    const auto recipe = tiny(data);
    Session session(*recipe, data, kCpu);
    run_steps(session, 1);  // statistics of batch norm are then no longer those of the start
    const auto shape = session.state().shape();
    const auto batch = session.batches().head(5);
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    if (auto* sampler = model.sampler()) {
      expect_like_data(sampler->sample({5, seeded(1)}), shape, 5, "sample");
      if (sampler->conditional()) {
        expect_like_data(sampler->sample({5, seeded(1), {torch::arange(5) % shape.classes}}), shape, 5,
                         "sample of a class");
      }
      if (sampler->takes_attributes()) {
        SampleRequest request{5, seeded(1)};
        const auto count = static_cast<std::int64_t>(shape.attributes.size());
        request.condition.attributes = torch::full({5, count}, NAN);
        expect_like_data(sampler->sample(request), shape, 5, "sample of nothing asked");
        request.condition.attributes.select(1, 0).fill_(1);
        expect_like_data(sampler->sample(request), shape, 5, "sample of an attribute");
      }
      if (sampler->takes_captions()) {
        SampleRequest request{5, seeded(1)};
        request.condition.captions = torch::full({5, 2}, 2);
        const auto made = sampler->sample(request);
        expect_like_data(made, shape, 5, "sample of a text");
        request.generator = seeded(1);
        request.condition.captions.fill_(3);
        EXPECT_FALSE(same_bits(sampler->sample(request), made)) << "the text changes nothing";
      }
    }
    if (auto* texts = model.text_encoder()) {
      const auto captions = torch::tensor({{2, 3, 0}, {3, 2, 4}});
      expect_numbers(texts->encode_text(captions), {2, texts->text_code_size()}, "encode_text");
      EXPECT_TRUE(at::allclose(texts->encode_text(at::cat({captions, torch::zeros({2, 4}, torch::kLong)}, 1)),
                               texts->encode_text(captions)))
          << "padding changes the code";
    }
    if (auto* encoder = model.encoder()) {
      expect_numbers(encoder->encode(batch), {5, encoder->code_size()}, "encode");
    }
    if (auto* decoder = model.decoder()) {
      auto latents = decoder->draw_latent(5, seeded(1));
      if (!latents.defined()) {
        ASSERT_NE(model.encoder(), nullptr) << "without a prior, latents come from the encoder";
        latents = model.encoder()->encode(batch);
      }
      expect_numbers(latents, {5, decoder->latent_size()}, "draw_latent");
      expect_like_data(decoder->decode(latents), shape, 5, "decode");
    }
    if (auto* r = model.reconstructor()) expect_like_data(r->reconstruct(batch), shape, 5, "reconstruct");
    if (auto* completer = model.completer(); completer && shape.is_images()) {
      auto known = torch::zeros({5, 1, shape.height, shape.width});
      known.narrow(2, 0, shape.height / 2).fill_(1);  // every completer takes upper rows
      const auto made = completer->complete(batch, known, {5, seeded(1)});
      expect_like_data(made, shape, 5, "complete");
      const auto kept = (made - batch).mul(known).abs().max().item<double>();
      EXPECT_EQ(kept, 0) << "known values are changed";
    }
    if (auto* translator = model.translator()) {
      EXPECT_FALSE(translator->directions().empty());
      for (const auto direction : translator->directions()) {
        const auto& to = direction == Direction::a2b && !shape.others.empty() ? shape.others[0] : shape;
        expect_like_data(translator->translate(side_of(session, direction, 5), direction), to, 5,
                         direction_name(direction));
      }
    }
    if (auto* classifier = model.classifier()) {
      expect_numbers(classifier->classify(batch), {5, classifier->classes()}, "classify");
    }
    if (auto* localiser = model.localiser()) {
      ASSERT_NE(model.classifier(), nullptr) << "maps are of the classes that it names";
      const auto maps = localiser->class_maps(batch, torch::arange(5) % shape.classes);
      EXPECT_EQ(maps.dim(), 3);
      EXPECT_EQ(maps.size(0), 5);
      EXPECT_TRUE(torch::isfinite(maps).all().item<bool>());
      EXPECT_FALSE(maps.requires_grad());
    }
    if (auto* density = model.density()) {
      expect_numbers(density->log_likelihood(batch, seeded(1)), {5}, "log_likelihood");
    }
    if (auto* scorer = model.scorer()) {
      expect_numbers(scorer->score(batch), {5}, "score");
      EXPECT_FALSE(scorer->score_name().empty());
    }
    if (auto* matcher = model.matcher()) expect_numbers(matcher->similarity(batch, batch), {5}, "similarity");
    if (auto* featurizer = model.featurizer()) {
      const auto maps = featurizer->features(batch);
      EXPECT_FALSE(maps.empty());
      for (const auto& map : maps) {
        EXPECT_EQ(map.dim(), 4);
        EXPECT_EQ(map.size(0), 5);
        EXPECT_TRUE(torch::isfinite(map).all().item<bool>());
      }
      const auto larger = at::upsample_nearest2d(batch, {2 * batch.size(2), 2 * batch.size(3)});
      EXPECT_EQ(featurizer->features(larger).size(), maps.size()) << "images of another size";
    }
  }
}

// Whether a model computes the same on the device that BELAMY_DEVICE names, such as cuda; tools/gpu-check sets it. What
// draws random numbers is left out.
TEST_P(ConformanceTest, AnotherDeviceComputesTheSame) {
  const auto* name = std::getenv("BELAMY_DEVICE");
  if (!name) GTEST_SKIP() << "set BELAMY_DEVICE to the device to compare with, such as cuda";
  const torch::Device device(name);
  std::vector<std::string> plain;  // averaged weights would have to be copied as well
  for (const auto& player : info_.players) plain.push_back("optimizer." + player.name + ".average=0");
  for (const auto& data : all_data()) {
    SCOPED_TRACE(kind_of(data));
    const auto recipe = tiny(data, plain);
    Session here(*recipe, data, kCpu), there(*recipe, data, device);
    run_steps(here, 3);
    {
      const torch::NoGradGuard no_grad;
      const auto give = [](const auto& from, const auto& to) {
        for (std::size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
      };
      give(here.state().model().parameters(), there.state().model().parameters());
      give(here.state().model().buffers(), there.state().model().buffers());
    }
    const auto batch = here.batches().head(5);
    const auto results = [&](Session& session) {
      const auto on_device = batch.to(session.device());
      auto all = outputs_for(session, on_device);
      const ModelState::Evaluation evaluation(session.state());
      auto& model = session.state().model();
      if (auto* decoder = model.decoder()) {
        const auto size = decoder->latent_size();
        all.emplace_back(
            "decode", decoder->decode(torch::linspace(-1, 1, 5 * size, on_device.options()).view({5, size})));
      }
      if (auto* scorer = model.scorer()) all.emplace_back("score", scorer->score(on_device));
      for (auto& [what, value] : all) value = value.cpu();
      return all;
    };
    const auto ours = results(here), again = results(here), theirs = results(there);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto& [what, value] = ours[i];
      if (!same_bits(value, again[i].second)) continue;
      EXPECT_TRUE(at::allclose(value, theirs[i].second, 1e-3, 1e-3))
          << what << ": " << (value - theirs[i].second).abs().max().item<double>();
    }
    run_steps(there, 3);
    for (const auto& parameter : there.state().model().named_parameters())
      EXPECT_TRUE(torch::isfinite(parameter.value()).all().item<bool>()) << parameter.key();
  }
}

// Functions that cannot be exported, each with a part of the reason. All others must be.
std::string why_not_exported(const std::string& model, const std::string& function) {
  static const std::map<std::string, std::string> known = {
      {"dbn encoder", "outside of LibTorch"},        // draws of units through plain memory
      {"dbn reconstructor", "outside of LibTorch"},  //
      {"rbm encoder", "outside of LibTorch"},        //
      {"rbm decoder", "outside of LibTorch"},        //
      {"rbm reconstructor", "outside of LibTorch"},  //
      {"made scorer", "outside of LibTorch"},        //
      {"pixelcnn scorer", "outside of LibTorch"},    //
      {"progressive-gan scorer", "other examples"},  // the standard deviation of a batch
      {"stylegan scorer", "other examples"},         //
      {"flow scorer", "random numbers"},             // dequantisation
      {"vae scorer", "random numbers"},              // draws of the code
  };
  const auto found = known.find(model + " " + function);
  return found == known.end() ? "" : found->second;
}

// trace() itself compares what the graph computes with what the model computes, for another batch.
TEST_P(ConformanceTest, WhatIsExportedComputesTheSameOrIsRefusedInWords) {
  const auto data = plain_data(64);
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  run_steps(session, 2);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  for (const auto& function : exported_functions(model, session.state().shape())) {
    SCOPED_TRACE(function.name);
    const auto why = why_not_exported(info_.name, function.name);
    if (!why.empty()) {
      EXPECT_THAT(message_of(ExitCode::usage, [&] { trace(model, function); }), testing::HasSubstr(why));
      continue;
    }
    const auto graph = trace(model, function);
    std::istringstream script(encode_torchscript(graph, {}));
    auto loaded = torch::jit::load(script);
    const auto again = loaded.forward({graph.inputs.begin(), graph.inputs.end()}).toTensor();
    EXPECT_TRUE(at::allclose(again, graph.output, 1e-4, 1e-5));
    const auto onnx = encode_onnx(graph, function, {}, {});
    EXPECT_FALSE(onnx.empty());
    // tests/interop computes these files with onnxruntime.
    if (const char* folder = std::getenv("BELAMY_EXPORTS")) {
      const auto file = fs::path(folder) / fmt::format("{} {}", info_.name, function.name);
      Snapshot examples;
      for (std::size_t i = 0; i < graph.inputs.size(); ++i)
        examples.add(function.inputs[i].name, graph.inputs[i]);
      examples.add(function.output, graph.output);
      write_atomically(Env::real(), file.string() + ".onnx", onnx);
      write_atomically(Env::real(), file.string() + ".safetensors", encode_safetensors(examples.arrays, {}));
    }
  }
}

TEST_P(ConformanceTest, TwentyStepsAreFinite) {
  for (const auto& data : all_data()) {
    SCOPED_TRACE(kind_of(data));
    const auto recipe = tiny(data);
    Session session(*recipe, data, kCpu);
    run_steps(session, 20);
    std::set<std::string> names;
    for (const auto& [name, value] : session.take_records()) {
      EXPECT_TRUE(std::isfinite(value)) << name;
      names.insert(name);
    }
    for (const auto& player : session.state().players()) {
      EXPECT_TRUE(names.count("gradient/" + player->name())) << player->name() << " never moved";
    }
    EXPECT_GT(names.size(), info_.players.size()) << "nothing but gradients is recorded";
    for (const auto& item : session.state().model().named_parameters()) {
      EXPECT_TRUE(torch::isfinite(item.value()).all().item<bool>()) << item.key();
    }
  }
}

TEST_P(ConformanceTest, EveryChoiceTrainsOrSaysWhyNot) {
  const auto data = plain_data(32);
  const auto plain = recipe_of(info_.name, {});
  for (const auto& field : plain->fields().all()) {
    if (!field.key.starts_with("model.")) continue;
    for (const auto& choice : field.choices) {
      SCOPED_TRACE(field.key + "=" + choice);
      const auto recipe = tiny(data, {field.key + "=" + choice, "train.batch=8"});
      try {
        Session session(*recipe, data, kCpu);
        run_steps(session, 2);
        for (const auto& [name, value] : session.take_records()) EXPECT_TRUE(std::isfinite(value)) << name;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
      }
    }
  }
}

// Each variant's own code path: finite, no trace of an evaluation, the same bits through a checkpoint.
TEST_P(ConformanceTest, EveryVariantTrainsAndResumes) {
  const auto data = plain_data(60);
  const auto plain = [&] {
    const auto recipe = tiny(data);
    Session session(*recipe, data, kCpu);
    run_steps(session, 5);
    return session.state().model().parameters()[0].detach().clone();
  }();
  for (const auto& variant : info_.variants) {
    SCOPED_TRACE(variant);
    const auto recipe = tiny(data, {variant});
    Session whole(*recipe, data, kCpu), half(*recipe, data, kCpu), rest(*recipe, data, kCpu);
    run_steps(whole, 5);
    for (const auto& [name, value] : whole.take_records()) EXPECT_TRUE(std::isfinite(value)) << name;
    EXPECT_FALSE(same_bits(whole.state().model().parameters()[0], plain)) << "changes nothing";
    run_steps(half, 3);
    const auto bytes = checkpoint_of(half);
    outputs(half, half.batches().head(5), 1);
    EXPECT_TRUE(checkpoint_of(half) == bytes) << "an evaluation leaves a trace";
    rest.load(read_checkpoint(bytes), "the checkpoint");
    run_steps(rest, 2);
    EXPECT_TRUE(checkpoint_of(rest) == checkpoint_of(whole)) << "a resumed run has other bits";
  }
}

// What must be the same in all processes of a training, by name.
std::map<std::string, Tensor> common_state(const ModelState& state) {
  std::map<std::string, Tensor> all;
  for (const auto& item : state.model().named_parameters()) all["model/" + item.key()] = item.value();
  for (const auto& item : state.model().named_buffers()) all["buffer/" + item.key()] = item.value();
  for (const auto& [name, tensor] : state.own_tensors()) all.erase(name);
  for (auto& [name, tensor] : all) tensor = tensor.detach().clone();
  return all;
}

TEST_P(ConformanceTest, ProcessesThatTrainTogetherStayTheSame) {
  if (!kFast) return;  // once is enough
  for (const auto& settings : variants()) {
    const auto data = plain_data();
    const auto recipe = tiny(data, settings);
    SCOPED_TRACE(settings.empty() ? "" : settings[0]);
    std::map<std::string, Tensor> states[2];
    in_several(2, [&](Group& group) {
      nn::set_fast_paths(kFast);
      Session session(*recipe, data, kCpu, std::nullopt, group);
      session.spread();
      run_steps(session, 3);
      session.save();
      states[group.rank()] = common_state(session.state());
    });
    ASSERT_EQ(states[0].size(), states[1].size());
    for (const auto& [name, tensor] : states[0])
      EXPECT_TRUE(same_bits(tensor, states[1].at(name)))
          << name << " differs; see ProcessBuffers in belamy/group.h";
  }
}

TEST_P(ConformanceTest, OddSizesTrainOrAreRefusedInWords) {
  struct Size {
    std::int64_t channels, height, width;
  };
  for (const auto& [channels, height, width] :
       {Size{1, 1, 1}, Size{1, 5, 7}, Size{3, 9, 9}, Size{1, 20, 20}, Size{2, 12, 18}}) {
    Dataset data{.name = "grey", .count = 16, .channels = channels, .height = height, .width = width};
    data.pixels.assign(static_cast<std::size_t>(16 * channels * height * width), 100);
    if (info_.relation == Relation::pairs || info_.relation == Relation::domains) data.others = {data};
    data.paired = info_.relation == Relation::pairs;
    if (info_.relation == Relation::matches) {
      data.matches = true;
      data.class_names = {"even", "odd"};
      for (std::int64_t i = 0; i < data.count; ++i) data.labels.push_back(i % 2);
    }
    SCOPED_TRACE(kind_of(data));
    const auto recipe = tiny(data, {"train.batch=4"});
    try {
      Session session(*recipe, data, kCpu);
      run_steps(session, 1);
      for (const auto& [name, made] : outputs(session, session.batches().head(5), 1)) {
        EXPECT_TRUE(torch::isfinite(made).all().item<bool>()) << name;
      }
    } catch (const Error& error) {
      EXPECT_THAT(error.code(), testing::AnyOf(ExitCode::usage, ExitCode::data)) << error.what();
    }
  }
}

TEST_P(ConformanceTest, ABatchOfOneTrainsOrIsRefusedInWords) {
  const auto data = plain_data(60);
  for (const auto& variant : variants()) {
    SCOPED_TRACE(testing::PrintToString(variant));
    try {
      const auto recipe = tiny(data, variant);
      recipe->fields().set_text("train.batch=1");
      Session session(*recipe, data, kCpu);
      run_steps(session, 2);
      for (const auto& [name, value] : session.take_records()) EXPECT_TRUE(std::isfinite(value)) << name;
    } catch (const Error& error) {
      EXPECT_THAT(error.code(), testing::AnyOf(ExitCode::usage, ExitCode::data)) << error.what();
    }
  }
}

TEST_P(ConformanceTest, DataOfTheWrongKindIsRefused) {
  for (const auto& data : {small_images(16), small_points(16)}) {
    if (data.is_images() ? info_.images : info_.points) continue;
    const auto recipe = recipe_of(info_.name, info_.tiny);
    try {
      Session session(*recipe, data, kCpu);
      ADD_FAILURE() << "took " << data.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(info_.name + " takes "));
    }
  }
}

TEST_P(ConformanceTest, OneDomainIsRefusedWhereTwoAreNeeded) {
  if (info_.relation == Relation::none) return;
  const auto recipe = recipe_of(info_.name, info_.tiny);
  try {
    Session session(*recipe, small_images(16), kCpu);
    ADD_FAILURE() << "took one domain";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(info_.name + " learns from "));
    EXPECT_THAT(error.what(), HasSubstr("data."));
  }
}

TEST_P(ConformanceTest, DataThatWouldNotBeReadAreRefused) {
  if (info_.relation != Relation::none) return;
  for (const bool paired : {false, true}) {
    auto data = small_images(16);
    data.others = {small_images(16)};
    data.paired = paired;
    const auto recipe = recipe_of(info_.name, info_.tiny);
    try {
      Session session(*recipe, data, kCpu);
      ADD_FAILURE() << "took a second set that it never reads";
    } catch (const Error& error) {
      if (!info_.images) return;
      EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(info_.name + " learns from one set"));
    }
  }
}

// Mean squared distance of a datum's values.
double distance(const Tensor& a, const Tensor& b) {
  return (a - b).square().mean().item<double>();
}

// Frechet distance of the data averaged down to 4x4: small enough for a covariance of few samples.
double sample_distance(Session& session) {
  const ModelState::Evaluation evaluation(session.state());
  const auto features = [](const Tensor& x) {
    return (x.dim() == 4 ? at::adaptive_avg_pool2d(x, {4, 4}) : x).flatten(1);
  };
  const auto samples = session.state().model().sampler()->sample({256, seeded(3)});
  return frechet_distance(features(samples), features(session.batches().head(64)));
}

TEST_P(ConformanceTest, LearnsSixtyFourExamples) {
  const auto data = plain_data(64);
  std::vector<std::string> settings = {"train.batch=64"};
  for (const auto& player : info_.players) {
    const auto rate = "optimizer." + player.name + ".lr=";
    const auto& own = info_.tiny;  // a model of one parameter may need a rate of its own
    if (std::none_of(own.begin(), own.end(), [&](const auto& s) { return s.starts_with(rate); })) {
      settings.push_back(rate + "2e-3");
    }
  }
  const auto recipe = tiny(data, settings);
  Session session(*recipe, data, kCpu);
  auto& model = session.state().model();
  const auto examples = session.batches().head(64);
  if (model.reconstructor()) {
    const auto error = [&] {
      const ModelState::Evaluation evaluation(session.state());
      return distance(model.reconstructor()->reconstruct(examples), examples);
    };
    const double before = error();
    run_steps(session, 250);
    const double after = error();
    RecordProperty("error", std::to_string(before) + " -> " + std::to_string(after));
    EXPECT_LT(after, 0.5 * before);
    // Better by far than the best single answer, their mean: so it tells the examples apart.
    EXPECT_LT(after, 0.5 * distance(examples.mean(0, true), examples));
  } else if (model.sampler()) {
    // A game has no loss that must fall, but its samples must come nearer to the data.
    const double before = sample_distance(session);
    run_steps(session, 250);
    const double after = sample_distance(session);
    RecordProperty("distance", std::to_string(before) + " -> " + std::to_string(after));
    EXPECT_LT(after, 0.5 * before);
  }
}

// Passes a model's updates on to a session.
class Passing : public StepContext {
 public:
  explicit Passing(Session& session) : session_(session), stage_(session.stage()) {}

  void enter(const std::string& stage) {
    stage_ = stage;
    session_.state().model().begin_stage(stage);
  }
  void update(std::string_view player, const Tensor& loss, bool keep_graph) override {
    session_.update(player, loss, keep_graph);
  }
  void update_together(const std::vector<std::string>& players, const Tensor& loss) override {
    session_.update_together(players, loss);
  }
  void apply(std::string_view player, const std::vector<Tensor>& gradients) override {
    session_.apply(player, gradients);
  }
  void record(const std::string& name, const Tensor& value) override { session_.record(name, value); }
  std::int64_t step() const override { return step_; }
  std::int64_t total_steps() const override { return session_.total_steps(); }
  const std::string& stage() const override { return stage_; }
  std::int64_t stage_step() const override { return step_; }
  std::int64_t stage_steps() const override { return 1000; }
  const PlayerOptions& options(std::string_view player) const override { return session_.options(player); }
  OptimizerState optimizer_state(std::string_view player) const override {
    return session_.optimizer_state(player);
  }
  at::Generator generator() override { return session_.generator(); }
  torch::Device device() const override { return session_.device(); }

  void run_step() {
    session_.state().model().train();
    session_.state().model().step(session_.batches().at(step_), *this);
    ++step_;
  }

 protected:
  Session& session_;

 private:
  std::string stage_;
  std::int64_t step_ = 0;
};

// Looks at what each update does.
class Inspector final : public Passing {
 public:
  using Passing::Passing;

  void update(std::string_view player, const Tensor& loss, bool keep_graph) override {
    auto& state = session_.state().player(player);
    const auto gradients = torch::autograd::grad({loss}, state.parameters(), {}, /*retain_graph=*/true,
                                                 /*create_graph=*/false, /*allow_unused=*/true);
    note(state, gradients);
    inspect(state, [&] { session_.update(player, loss, keep_graph); });
  }
  void update_together(const std::vector<std::string>& players, const Tensor& loss) override {
    for (const auto& player : players) update(player, loss, true);
  }
  void apply(std::string_view player, const std::vector<Tensor>& gradients) override {
    auto& state = session_.state().player(player);
    note(state, gradients);
    inspect(state, [&] { session_.apply(player, gradients); });
  }
  void record(const std::string& name, const Tensor& value) override {
    EXPECT_EQ(value.numel(), 1) << name;
    session_.record(name, value);
  }
  // Parameters that had a gradient other than zero at some update of their player.
  bool reached(const Tensor& parameter) const { return reached_.count(parameter.unsafeGetTensorImpl()) > 0; }

 private:
  void note(const PlayerState& player, const std::vector<Tensor>& gradients) {
    ASSERT_EQ(gradients.size(), player.parameters().size());
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined() && (gradients[i] != 0).any().item<bool>()) {
        reached_.insert(player.parameters()[i].unsafeGetTensorImpl());
      }
    }
  }

  template <class F>
  void inspect(const PlayerState& moved, const F& action) {
    std::vector<Tensor> before;
    const auto all = session_.state().model().named_parameters();
    for (const auto& item : all) before.push_back(item.value().detach().clone());
    action();
    std::set<const void*> own;
    for (const auto& p : moved.parameters()) own.insert(p.unsafeGetTensorImpl());
    bool changed = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool same = same_bits(all[i].value(), before[i]);
      if (own.count(all[i].value().unsafeGetTensorImpl())) {
        changed = changed || !same;
      } else {
        EXPECT_TRUE(same) << moved.name() << "'s update changed " << all[i].key();
      }
    }
    EXPECT_TRUE(changed) << moved.name() << "'s update changed nothing";
  }

  std::set<const void*> reached_;
};

// What makes the host wait for a GPU, as far as it shows without one: operations whose result, or whose
// result's size, the host reads. Those inside of `quiet` ones are LibTorch's own on the CPU alone.
class Readings {
 public:
  Readings() {
    names().clear();
    at::RecordFunctionCallback callback(&begin, &end);
    handle_ = at::addGlobalCallback(callback.scopes({at::RecordScope::FUNCTION}));
  }
  ~Readings() { at::removeCallback(handle_); }
  Readings(const Readings&) = delete;
  Readings& operator=(const Readings&) = delete;

  static std::vector<std::string>& names() {
    static std::vector<std::string> all;
    return all;
  }

 private:
  static bool is_quiet(const at::RecordFunction& function) {
    static const std::set<std::string> quiet = {"aten::one_hot", "aten::std"};
    return quiet.count(function.name()) > 0;
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    static const std::set<std::string> reading = {"aten::_local_scalar_dense",
                                                  "aten::nonzero",
                                                  "aten::masked_select",
                                                  "aten::is_nonzero",
                                                  "aten::equal",
                                                  "aten::_unique2",
                                                  "aten::unique_dim",
                                                  "aten::unique_consecutive"};
    if (is_quiet(function)) ++quiet_;
    if (quiet_ == 0 && reading.count(function.name())) names().emplace_back(function.name());
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (is_quiet(function)) --quiet_;
  }
  static inline int quiet_ = 0;
  at::CallbackHandle handle_ = 0;
};

// Leaves out what the session itself reads: on the CPU its guard against what is not finite waits for
// nothing.
class Unobserved final : public Passing {
 public:
  using Passing::Passing;

  void update(std::string_view player, const Tensor& loss, bool keep_graph) override {
    const at::RecordFunctionGuard off(false);
    Passing::update(player, loss, keep_graph);
  }
  void update_together(const std::vector<std::string>& players, const Tensor& loss) override {
    const at::RecordFunctionGuard off(false);
    Passing::update_together(players, loss);
  }
  void apply(std::string_view player, const std::vector<Tensor>& gradients) override {
    const at::RecordFunctionGuard off(false);
    Passing::apply(player, gradients);
  }
};

TEST_P(ConformanceTest, AStepReadsNothingBack) {
  const auto data = plain_data(64);
  for (const auto& variant : variants()) {
    SCOPED_TRACE(testing::PrintToString(variant));
    const auto recipe = tiny(data, variant);
    auto stages = stages_of(*recipe, data);
    stages.emplace_back("main");
    Session session(*recipe, data, kCpu);
    Unobserved context(session);
    for (const auto& stage : stages) {
      SCOPED_TRACE(stage);
      context.enter(stage);
      context.run_step();  // a start may look at the data once
      const Readings readings;
      for (int i = 0; i < 3; ++i) context.run_step();
      EXPECT_THAT(Readings::names(), IsEmpty());
    }
  }
}

TEST_P(ConformanceTest, AnUpdateReachesAllOfItsPlayerAndNothingElse) {
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  std::map<const void*, int> owners;
  for (const auto& player : session.state().players()) {
    for (const auto& p : player->parameters()) ++owners[p.unsafeGetTensorImpl()];
  }
  Inspector inspector(session);
  auto stages = stages_of(*recipe, data);
  stages.emplace_back("main");
  for (const auto& stage : stages) {
    SCOPED_TRACE(stage);
    inspector.enter(stage);
    for (int i = 0; i < 4; ++i) inspector.run_step();
  }
  for (const auto& item : session.state().model().named_parameters()) {
    EXPECT_EQ(owners[item.value().unsafeGetTensorImpl()], 1) << item.key() << " must be of one player";
    EXPECT_TRUE(inspector.reached(item.value())) << item.key() << " never had a gradient";
    EXPECT_FALSE(item.value().grad().defined()) << item.key() << " keeps a gradient of its own";
  }
}

TEST_P(ConformanceTest, PlayersAreTheDeclaredOnes) {
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  std::vector<std::string> declared, real;
  std::set<std::string> names;
  for (const auto& player : info_.players) declared.push_back(player.name);
  for (const auto& player : session.state().players()) {
    EXPECT_TRUE(names.insert(player->name()).second) << player->name() << " is there twice";
    if (real.empty() || real.back() != player->kind()) real.push_back(player->kind());
  }
  EXPECT_EQ(real, declared);
}

TEST_P(ConformanceTest, CapabilitiesAreTheDeclaredOnes) {
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  EXPECT_EQ(capabilities_of(session.state().model()), info_.capabilities);
}

TEST_P(ConformanceTest, TheCardIsFilledIn) {
  for (const auto& text : {info_.family, info_.summary, info_.paper}) EXPECT_FALSE(text.empty());
  EXPECT_FALSE(info_.tiny.empty());
  const auto recipe = recipe_of(info_.name, {});
  for (const auto& field : recipe->fields().all()) EXPECT_FALSE(field.help.empty()) << field.key;
}

TEST_P(ConformanceTest, SavingAndLoadingKeepsTheBits) {
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session first(*recipe, data, kCpu), second(*recipe, data, kCpu);
  run_steps(first, 3);
  const auto bytes = checkpoint_of(first);
  EXPECT_NE(checkpoint_of(second), bytes);
  second.load(read_checkpoint(bytes), "the checkpoint");
  EXPECT_EQ(second.step(), 3);
  EXPECT_TRUE(checkpoint_of(second) == bytes);
}

TEST_P(ConformanceTest, ResumingInTheMiddleOfAnEpochKeepsTheBits) {
  const auto data = plain_data(100);  // an epoch is 6.25 batches of 16
  std::vector<std::string> settings;
  for (const auto& player : info_.players) settings.push_back("optimizer." + player.name + ".average=0.9");
  const auto recipe = tiny(data, settings);
  Session whole(*recipe, data, kCpu), half(*recipe, data, kCpu), rest(*recipe, data, kCpu);
  run_steps(whole, 9);
  run_steps(half, 4);
  rest.load(read_checkpoint(checkpoint_of(half)), "the checkpoint");
  run_steps(rest, 5);
  const auto expected = read_checkpoint(checkpoint_of(whole)), got = read_checkpoint(checkpoint_of(rest));
  ASSERT_EQ(got.arrays.size(), expected.arrays.size());
  for (const auto& [name, array] : expected.arrays) {
    EXPECT_TRUE(same_bits(array_tensor(got.arrays.at(name)), array_tensor(array))) << name;
  }
  EXPECT_EQ(got.metadata, expected.metadata);
}

TEST_P(ConformanceTest, ResumingInTheMiddleOfEachStageKeepsTheBits) {
  const auto data = plain_data(100);
  const auto recipe = tiny(data);
  const auto stages = stages_of(*recipe, data);
  if (stages.empty()) return;
  constexpr std::int64_t kSteps = 4;
  recipe->stages.clear();
  for (const auto& name : stages) recipe->stages.push_back({name, kSteps});
  recipe->stages.back().batch = 8;  // other than the run's
  Session whole(*recipe, data, kCpu);
  std::string before;  // the checkpoint of each stage's middle
  for (const auto& stage : stages) {
    SCOPED_TRACE(stage);
    run_steps(whole, kSteps / 2);
    before = checkpoint_of(whole);
    run_steps(whole, kSteps / 2);
    Session rest(*recipe, data, kCpu);
    rest.load(read_checkpoint(before), "the checkpoint");
    run_steps(rest, kSteps / 2);
    EXPECT_TRUE(checkpoint_of(rest) == checkpoint_of(whole));
  }
}

TEST_P(ConformanceTest, WhatIsAskedForReachesTheSamples) {
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  run_steps(session, 2);
  auto* sampler = session.state().model().sampler();
  if (!sampler || !sampler->conditional()) return;
  const ModelState::Evaluation evaluation(session.state());
  const auto of = [&](std::int64_t label) {
    return sampler->sample({6, seeded(3), {torch::full({6}, label, torch::kLong)}});
  };
  EXPECT_TRUE(same_bits(of(0), of(0)));
  EXPECT_FALSE(same_bits(of(0), of(1)));
}

TEST_P(ConformanceTest, TheSeedDecidesEverything) {
  const auto data = plain_data();
  const auto after_training = [&](const std::string& seed, std::uint64_t sample_seed) {
    const auto recipe = tiny(data, {"train.seed=" + seed});
    Session session(*recipe, data, kCpu);
    torch::rand({static_cast<std::int64_t>(sample_seed)});  // the global generator must not matter
    run_steps(session, 3);
    return outputs(session, session.batches().head(5), sample_seed);
  };
  const auto first = after_training("1", 5), again = after_training("1", 5);
  const auto other_weights = after_training("2", 5), other_sample = after_training("1", 6);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto& [name, made] = first[i];
    EXPECT_TRUE(same_bits(made, again[i].second)) << name;
    EXPECT_FALSE(same_bits(made, other_weights[i].second)) << name;
    const bool one_point = name == "sample" && same_bits(made[0], made[1]);  // whatever is drawn
    if (name == "sample" && !one_point) {
      EXPECT_FALSE(same_bits(made, other_sample[i].second));
    }
  }
}

TEST_P(ConformanceTest, EvaluationIsRepeatableAndLeavesNoTrace) {
  const auto data = plain_data();
  std::vector<std::string> settings;
  for (const auto& player : info_.players) settings.push_back("optimizer." + player.name + ".average=0.9");
  const auto recipe = tiny(data, settings);
  Session session(*recipe, data, kCpu);
  run_steps(session, 3);
  auto& model = session.state().model();
  const auto before = checkpoint_of(session);
  const auto batch = session.batches().head(5);
  const auto live = model.parameters()[0].detach().clone();
  {
    const ModelState::Evaluation evaluation(session.state());
    EXPECT_FALSE(model.is_training());
    EXPECT_FALSE(at::GradMode::is_enabled());
    EXPECT_FALSE(same_bits(model.parameters()[0], live)) << "the averages are not in place";
  }
  const auto once = outputs(session, batch, 1), twice = outputs(session, batch, 1);
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_TRUE(same_bits(once[i].second, twice[i].second)) << once[i].first;
  }
  EXPECT_TRUE(model.is_training());
  EXPECT_TRUE(at::GradMode::is_enabled());
  EXPECT_TRUE(checkpoint_of(session) == before);
}

TEST_P(ConformanceTest, ScoresAreRepeatableAndLeaveNoTrace) {
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  auto* scorer = session.state().model().scorer();
  if (!scorer) return;
  const auto before = checkpoint_of(session);
  {
    const ModelState::Evaluation evaluation(session.state());
    const auto batch = session.batches().head(5);
    EXPECT_TRUE(same_bits(scorer->score(batch), scorer->score(batch)));
  }
  EXPECT_TRUE(checkpoint_of(session) == before);
}

// Heat maps of models that do not reconstruct show this slope.
TEST_P(ConformanceTest, ScoresOfImagesHaveASlope) {
  if (!info_.images || !info_.can(Capability::scorer) || info_.can(Capability::reconstructor)) return;
  static const std::set<std::string> rounded = {"made",
                                                "pixelcnn"};  // black and white pixels pass no gradient
  const auto data = plain_data();
  const auto recipe = tiny(data);
  Session session(*recipe, data, kCpu);
  run_steps(session, 2);
  const ModelState::Evaluation evaluation(session.state());
  const torch::AutoGradMode with_gradients(true);
  const auto x = session.batches().head(5).detach().clone().requires_grad_();
  const auto score = session.state().model().scorer()->score(x).sum();
  Tensor slope;
  if (score.requires_grad()) slope = torch::autograd::grad({score}, {x}, {}, false, false, true)[0];
  const bool has_one = slope.defined() && slope.any().item<bool>();
  EXPECT_EQ(has_one, rounded.count(info_.name) == 0);
  EXPECT_TRUE(!has_one || torch::isfinite(slope).all().item<bool>());
}

// A value that a field of this type and range must refuse.
std::vector<Value> bad_values(const Fields::Field& field) {
  const auto outside = field.low ? *field.low - 1 : field.high ? *field.high + 1 : 0;
  const bool bounded = field.low || field.high;
  const std::string text = "no such choice";
  if (field.type.starts_with("list of ")) {
    std::vector<Value> bad = {text, true};
    if (bounded) bad.push_back(std::vector<double>{outside});
    return bad;
  }
  if (field.type == "integer" || field.type == "number") {
    std::vector<Value> bad = {text, true, std::nan("")};
    if (field.type == "integer") bad.push_back(0.5);
    if (bounded) bad.push_back(outside);
    return bad;
  }
  if (field.type == "true or false") return {text, std::int64_t{1}};
  if (field.type.starts_with("one of ")) return {text, std::int64_t{1}, false};
  return {std::int64_t{1}, false};
}

TEST_P(ConformanceTest, BadSettingsAreRefusedByName) {
  const auto recipe = recipe_of(info_.name, {});
  for (const auto& field : recipe->fields().all()) {
    if (!field.key.starts_with("model.") && !field.key.starts_with("optimizer.")) continue;
    const auto before = field.get();
    for (const auto& value : bad_values(field)) {
      try {
        recipe->fields().set(field.key, value, {"my.toml, line 3"});
        ADD_FAILURE() << field.key << " took value of kind " << value.index();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
        EXPECT_THAT(error.what(), testing::StartsWith("my.toml, line 3: " + field.key + " must be "));
      }
      EXPECT_EQ(field.get(), before) << field.key;
    }
  }
}

TEST_P(ConformanceTest, AMisspeltSettingIsAnsweredWithTheNearest) {
  const auto recipe = recipe_of(info_.name, {});
  for (const auto& field : recipe->fields().all()) {
    if (!field.key.starts_with("model.")) continue;
    try {
      recipe->fields().set(field.key + "x", std::int64_t{1}, {});
      ADD_FAILURE() << field.key << "x was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_THAT(error.what(), HasSubstr("did you mean '" + field.key + "'?"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ConformanceTest, testing::ValuesIn(model_names()), [](const auto& info) {
  auto name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace belamy
