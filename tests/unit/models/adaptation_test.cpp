// Models of domain adaptation: what moves in the stages of ADDA, features that hide their domain, what the
// two halves of a coupled GAN share.
#include <array>
#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <set>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "small_data.h"

namespace belamy {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kSmall = {"model.conv1=4", "model.conv2=8", "model.features=32",
                                         "train.batch=16", "train.steps=1000"};

std::unique_ptr<Recipe> small(const std::string& model, std::vector<std::string> settings = {}) {
  settings.insert(settings.begin(), kSmall.begin(), kSmall.end());
  return recipe_of(model, settings);
}

std::unique_ptr<Recipe> staged(std::int64_t source, std::int64_t adapt,
                               const std::vector<std::string>& in_adapt = {}) {
  auto recipe = small("adda", {"model.adversary=[16]"});
  recipe->stages = {{.name = "source", .steps = source},
                    {.name = "adapt", .steps = adapt, .settings = in_adapt}};
  return recipe;
}

std::map<std::string, Tensor> weights_of(Session& session) {
  std::map<std::string, Tensor> all;
  for (const auto& item : session.state().model().named_parameters())
    all[item.key()] = item.value().detach().clone();
  return all;
}

// The parts ("source", "target") of which a parameter changed during `steps` steps.
std::set<std::string> moved_by(Session& session, int steps) {
  const auto before = weights_of(session);
  run_steps(session, steps);
  std::set<std::string> moved;
  for (const auto& [name, now] : weights_of(session)) {
    if (!same_bits(now, before.at(name))) moved.insert(name.substr(0, name.find('.')));
  }
  return moved;
}

Tensor named(Session& session, std::size_t domain) {
  const ModelState::Evaluation evaluation(session.state());
  return session.state().model().classifier()->classify(session.batches().head(50, domain));
}

TEST(AddaTest, AStageMovesWhatItsNameSays) {
  for (const std::string judged : {"features", "logits"}) {
    const auto recipe = staged(4, 4);
    recipe->fields().set_text("model.judged=" + judged);
    Session session(*recipe, small_domains(60), torch::kCPU);
    EXPECT_EQ(moved_by(session, 4), (std::set<std::string>{"source"})) << judged;
    EXPECT_EQ(moved_by(session, 4), (std::set<std::string>{"adversary", "target"})) << judged;
  }
}

TEST(AddaTest, TheTargetEncoderStartsFromTheSources) {
  const auto recipe = staged(5, 3, {"optimizer.target.lr=0"});
  Session session(*recipe, small_domains(60), torch::kCPU);
  run_steps(session, 5);
  auto weights = weights_of(session);
  EXPECT_FALSE(same_bits(weights["target.0.0.weight"], weights["source.encoder.0.0.weight"]));
  const auto before = named(session, 1);
  run_steps(session, 3);
  weights = weights_of(session);
  int compared = 0;
  for (const auto& [name, value] : weights) {
    if (!name.starts_with("target.")) continue;
    EXPECT_TRUE(same_bits(value, weights.at("source.encoder." + name.substr(7)))) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 6);
  EXPECT_TRUE(same_bits(named(session, 1), before)) << "before the adaptation the source encoder classifies";
}

TEST(AddaTest, AnAverageBeginsWithTheCopy) {
  const auto recipe = staged(5, 2, {"optimizer.target.lr=0"});
  recipe->fields().set_text("optimizer.target.average=0.999");
  Session session(*recipe, small_domains(60), torch::kCPU);
  run_steps(session, 5);
  const auto before = named(session, 1);
  run_steps(session, 2);
  EXPECT_LT((named(session, 1) - before).abs().max().item<float>(), 1e-5);
}

TEST(AddaTest, ASecondStageOfAdaptationGoesOn) {
  auto recipe = staged(3, 3);
  recipe->stages.push_back({.name = "adapt", .steps = 2, .settings = {"optimizer.target.lr=0"}});
  Session session(*recipe, small_domains(60), torch::kCPU);
  run_steps(session, 6);
  EXPECT_EQ(moved_by(session, 2), (std::set<std::string>{"adversary"}));
}

TEST(AddaTest, ItsFirstStageIsTheBaseline) {
  const auto data = small_domains(60);
  const auto recipe = staged(8, 8), baseline = small("source-only");
  Session session(*recipe, data, torch::kCPU), other(*baseline, data, torch::kCPU);
  run_steps(session, 8);
  run_steps(other, 8);
  EXPECT_TRUE(same_bits(named(session, 1), named(other, 1)));
  run_steps(session, 1);
  EXPECT_FALSE(same_bits(named(session, 1), named(other, 1))) << "then the target encoder classifies";
}

// A record at the end of a training on two domains that any judge tells apart.
double last_record(const std::string& model, const std::vector<std::string>& settings,
                   const std::string& record) {
  const auto recipe = small(model, settings);
  for (auto& [name, player] : recipe->players) player = {.optimizer = "adam", .lr = 2e-3, .beta1 = 0.5};
  Session session(*recipe, small_domains(60), torch::kCPU);
  run_steps(session, 150);
  session.take_records();
  run_steps(session, 50);
  for (const auto& [name, value] : session.take_records()) {
    if (name == record) return value;
  }
  return std::nan("");
}

TEST(DannTest, ReversedGradientsHideTheDomain) {
  const auto adversary = [](const std::string& strength) {
    return last_record("dann", {"model.strength=" + strength, "model.gamma=1000"}, "loss/adversary");
  };
  EXPECT_GT(adversary("1"), 2 * adversary("0"));
}

TEST(DomainConfusionTest, ConfusedFeaturesHideTheDomain) {
  const auto confusion = [](const std::string& weight) {
    return last_record("domain-confusion", {"model.weight=" + weight}, "loss/confusion");
  };
  EXPECT_LT(confusion("1"), 0.7 * confusion("0"));
}

TEST(SourceOnlyTest, LearnsTheClassesOfTheSource) {
  const auto data = small_domains(200);
  const auto recipe = small("source-only");
  Session session(*recipe, data, torch::kCPU);
  run_steps(session, 150);
  const auto right = torch::tensor(data.labels).narrow(0, 0, 50);
  EXPECT_LT((named(session, 0).argmax(1) != right).to(torch::kFloat).mean().item<double>(), 0.05);
}

// Which of a domain's outputs change when the parameters below `part` do.
struct Reach {
  bool sample_a, sample_b, classes;
  bool operator==(const Reach&) const = default;
};
Reach reach_of(const std::string& part) {
  const auto recipe = small("cogan", {"model.width=8", "model.latent=4", "model.samples=pairs"});
  Session session(*recipe, small_domains(60), torch::kCPU);
  const auto outputs = [&] {
    const ModelState::Evaluation evaluation(session.state());
    auto pairs = session.state().model().sampler()->sample({8, seeded(1)}).unflatten(0, {4, 2});
    return std::array{pairs.select(1, 0), pairs.select(1, 1), named(session, 0)};
  };
  const auto before = outputs();
  {
    const torch::NoGradGuard no_grad;
    int touched = 0;
    for (const auto& item : session.state().model().named_parameters()) {
      if (item.key().starts_with(part + ".")) item.value().mul_(1.5), ++touched;
    }
    EXPECT_GT(touched, 0) << part;
  }
  const auto after = outputs();
  const auto changed = [&](std::size_t i) { return !same_bits(before[i], after[i]); };
  return {changed(0), changed(1), changed(2)};
}

TEST(CoganTest, BothDomainsUseTheSharedLayersAndEachItsOwn) {
  EXPECT_EQ(reach_of("generator"), (Reach{true, true, false}));
  EXPECT_EQ(reach_of("generator-a"), (Reach{true, false, false}));
  EXPECT_EQ(reach_of("generator-b"), (Reach{false, true, false}));
  EXPECT_EQ(reach_of("judge"), (Reach{false, false, true}));
  EXPECT_EQ(reach_of("judge-a"), (Reach{false, false, false}));
  EXPECT_EQ(reach_of("judge-b"), (Reach{false, false, true}));
  EXPECT_EQ(reach_of("softmax"), (Reach{false, false, true}));
}

TEST(CoganTest, APairIsOneLatentInBothDomains) {
  const auto sample = [](const std::string& what, std::int64_t n) {
    const auto recipe = small("cogan", {"model.width=8", "model.latent=4", "model.samples=" + what});
    Session session(*recipe, small_domains(60), torch::kCPU);
    run_steps(session, 1);
    const ModelState::Evaluation evaluation(session.state());
    return session.state().model().sampler()->sample({n, seeded(1)});
  };
  const auto pairs = sample("pairs", 7), a = sample("a", 4), b = sample("b", 4);
  ASSERT_EQ(pairs.size(0), 7);
  for (std::int64_t i = 0; i < 7; ++i) EXPECT_TRUE(same_bits(pairs[i], (i % 2 ? b : a)[i / 2])) << i;
}

TEST(AdaptationTest, DataThatDoNotFitAreRefusedWithACure) {
  const auto refusal = [](const Recipe& recipe, const Dataset& data) -> std::string {
    try {
      Session session(recipe, data, torch::kCPU);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  auto domains = [](const Dataset& a, const Dataset& b) {
    auto both = a;
    both.others = {b};
    return both;
  };
  const auto plain = small("source-only");
  EXPECT_THAT(refusal(*plain, domains(small_images(20), small_images(20, 28))), HasSubstr("data.size"));
  EXPECT_THAT(refusal(*plain, domains(small_images(20), small_images(20, 16, 3))),
              HasSubstr("data.channels"));
  EXPECT_THAT(refusal(*plain, small_domains(20, 15)), HasSubstr("data.size=16"));
  auto unlabelled = small_domains(20);
  unlabelled.labels.clear();
  unlabelled.class_names.clear();
  EXPECT_THAT(refusal(*plain, unlabelled), HasSubstr("labels"));
  EXPECT_EQ(refusal(*plain, small_domains(20)), "");

  auto wrong = staged(2, 2);
  wrong->stages[1].name = "adopt";
  EXPECT_THAT(refusal(*wrong, small_domains(20)),
              HasSubstr("no stage 'adopt'; its stages are source, adapt"));
}

}  // namespace
}  // namespace belamy
