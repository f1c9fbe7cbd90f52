// The diffusion model on small data: what its settings of use do.
#include <gmock/gmock.h>
#include <memory>
#include <torch/types.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "small_data.h"
#include "train/session.h"

namespace belamy {
namespace {

const std::vector<std::string> kTiny = {"model.width=16",     "model.multipliers=[1, 2]",
                                        "model.timesteps=20", "model.attention=8",
                                        "train.batch=16",     "use.steps=6",
                                        "use.resamples=2",    "optimizer.denoiser.warmup=0"};

// A session after some steps, with what it refers to; `more` on top of the settings above.
struct Trained {
  Trained(Dataset examples, const std::vector<std::string>& more, int steps = 4) : data(std::move(examples)) {
    auto settings = kTiny;
    settings.insert(settings.end(), more.begin(), more.end());
    recipe = recipe_of("diffusion", settings);
    session = std::make_unique<Session>(*recipe, data, kCpu);
    run_steps(*session, steps);
  }
  Session& operator*() const { return *session; }
  Session* operator->() const { return session.get(); }

  Dataset data;
  std::unique_ptr<Recipe> recipe;
  std::unique_ptr<Session> session;
};

Tensor samples(Session& session, std::int64_t label) {
  const ModelState::Evaluation evaluation(session.state());
  return session.state().model().sampler()->sample({4, seeded(3), {torch::full({4}, label, torch::kLong)}});
}

TEST(Diffusion, EverySolverDrawsWhatItsSettingsSay) {
  const auto data = small_images(32);
  const auto plain = samples(*Trained(data, {}), 1);
  EXPECT_TRUE(same_bits(samples(*Trained(data, {"use.solver=ddim", "use.eta=0"}), 1), plain));
  for (const auto& setting : {"use.solver=ddpm", "use.solver=heun", "use.solver=dpm2", "use.eta=1",
                              "use.steps=3", "use.guidance=2", "use.clip=false"}) {
    SCOPED_TRACE(setting);
    const auto drawn = samples(*Trained(data, {setting}), 1);
    EXPECT_FALSE(same_bits(drawn, plain));
    EXPECT_LE(value(drawn.abs().max()), 1);
  }
  EXPECT_FALSE(same_bits(samples(*Trained(data, {"use.solver=ddpm", "use.variance=large"}), 1),
                         samples(*Trained(data, {"use.solver=ddpm"}), 1)));
}

// Two lines: of one coordinate the noisy datum tells the value, so that the variance of the posterior is right. Of the
// other one beta is.
TEST(Diffusion, ALearnedVarianceTightensTheBound) {
  const auto data = make_synthetic("lines", 4000, 1);
  const auto bound = [&](const std::vector<std::string>& more) {
    std::vector<std::string> settings = {
        "model.width=64",    "model.timesteps=50",           "model.prediction=velocity",  "train.batch=256",
        "use.bound_times=0", "optimizer.denoiser.average=0", "optimizer.denoiser.lr=0.002"};
    settings.insert(settings.end(), more.begin(), more.end());
    const Trained run(data, settings, 800);
    const ModelState::Evaluation evaluation(run->state());
    const auto points = run->batches().head(4000);
    return value(run->state().model().density()->log_likelihood(points, seeded(5), 1).mean());
  };
  const auto learned = bound({"model.learn_variance=true"});
  EXPECT_GT(learned, bound({"use.variance=small"}) + 1);
  EXPECT_GT(learned, bound({"use.variance=large"}) + 0.03);  // seed 1
}

TEST(Diffusion, GuidanceMovesAwayFromTheUnconditionalModel) {
  const auto data = small_images(32);
  EXPECT_TRUE(same_bits(samples(*Trained(data, {"use.guidance=0"}), 2), samples(*Trained(data, {}), 2)));
  // A model that is told nothing has nothing to be guided by.
  EXPECT_FALSE(Trained(data, {"model.condition=none"})->state().model().sampler()->conditional());
}

TEST(Diffusion, CompletionKeepsWhatIsKnown) {
  const auto data = small_images(32);
  const Trained session(data, {});
  const ModelState::Evaluation evaluation(session->state());
  const auto images = session->batches().head(6);
  auto known = torch::zeros({6, 1, 16, 16});
  known.narrow(2, 0, 8).fill_(1);
  auto& completer = *session->state().model().completer();
  const auto whole = completer.complete(images, known, {6, seeded(1)});
  EXPECT_TRUE(same_bits(whole.narrow(2, 0, 8).contiguous(), images.narrow(2, 0, 8).contiguous()));
  EXPECT_FALSE(same_bits(whole.narrow(2, 8, 8).contiguous(), images.narrow(2, 8, 8).contiguous()));
  EXPECT_LE(value(whole.abs().max()), 1);
  EXPECT_FALSE(same_bits(completer.complete(images, known, {6, seeded(2)}), whole));
}

TEST(Diffusion, ReportsProgressAndStops) {
  const Trained session(small_images(32), {});
  const ModelState::Evaluation evaluation(session->state());
  auto& sampler = *session->state().model().sampler();
  int calls = 0;
  SampleRequest request{2, seeded(1)};
  request.progress = [&](double done) {
    EXPECT_NEAR(done, calls / 6.0, 1e-9);
    return ++calls < 4;
  };
  EXPECT_THROW(sampler.sample(request), Error);
  EXPECT_EQ(calls, 4);
}

TEST(Diffusion, TheChainEndsInTheSamples) {
  const Trained session(small_images(32), {});
  const ModelState::Evaluation evaluation(session->state());
  auto& sampler = *session->state().model().sampler();
  const auto drawn = sampler.sample({3, seeded(1)});
  for (const std::int64_t frames : {1, 3, 6, 16}) {
    const auto chain = sampler.chain({3, seeded(1)}, frames);
    ASSERT_EQ(chain.size(0), frames);
    EXPECT_TRUE(same_bits(chain[frames - 1], drawn));
  }
}

TEST(Diffusion, TheBoundAtSomeTimesIsThatAtAll) {
  const auto data = small_images(64);
  const auto bound = [&](const std::string& times, std::uint64_t seed) {
    const Trained session(data, {"use.bound_times=" + times}, 30);
    const ModelState::Evaluation evaluation(session->state());
    auto& density = *session->state().model().density();
    EXPECT_EQ(density.levels(), 256);
    const auto nats = density.log_likelihood(session->batches().head(64), seeded(seed));
    EXPECT_THAT(density.how(), testing::HasSubstr("L_0 = "));
    return nats;
  };
  const auto some = bound("4", 1), all = bound("0", 2);
  const double error = value((some - all).std()) / 8;
  EXPECT_NEAR(value(some.mean()), value(all.mean()), 4 * error);
  EXPECT_LT(error, 0.1 * std::abs(value(all.mean())));
}

// The density of points is in the data's units, whatever the scale that the network sees. With predictions of
// noise, 100 steps are too few: their error is divided by alpha, which is small at the start of a chain.
TEST(Diffusion, PointsFarAwayHaveADensityInTheirUnits) {
  auto data = small_points(256);
  for (auto& value : data.points) value = 100 * value + 1000;
  const auto density_of = [](const Dataset& points) {
    const Trained session(
        points,
        {"use.bound_times=0", "model.width=64", "model.prediction=velocity", "optimizer.denoiser.lr=2e-3"},
        100);
    const ModelState::Evaluation evaluation(session->state());
    auto& model = session->state().model();
    EXPECT_EQ(model.completer(), nullptr);
    EXPECT_EQ(model.density()->levels(), 0);
    const auto examples = session->batches().head(64);
    const auto drawn = model.sampler()->sample({256, seeded(3)});
    const auto shift = (drawn.mean(0) - examples.mean(0)) / examples.std(0);
    EXPECT_LT(value(shift.abs().max()), 0.5);
    return value(model.density()->log_likelihood(examples, seeded(4)).mean());
  };
  // Stretched by 100 in two dimensions: 2 log 100 nats less. Rounding differs: 0.02 nats.
  EXPECT_NEAR(density_of(small_points(256)) - density_of(data), 2 * std::log(100.0), 0.02);
}

}  // namespace
}  // namespace belamy
