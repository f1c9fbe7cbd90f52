// A discriminator from very weak to very strong, by its learning rate and by its steps, with both losses of
// the generator. All runs are the library's `gan`.
#include <cmath>

#include "belamy/error.h"
#include "belamy/recipe.h"

#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/one_thread.h"
#include "metrics/transport.h"
#include "objectives/adversarial.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

struct Strength {
  std::string name;
  std::int64_t critic_steps;
  double rate;         // relative to the even one
  bool ahead = false;  // trained against a generator that waits, before the game
};

const std::vector<Strength>& strengths() {
  static const std::vector<Strength> all = {{"very weak: rate / 100", 1, 0.01},
                                            {"weak: rate / 10", 1, 0.1},
                                            {"even", 1, 1},
                                            {"strong: rate x 5", 1, 5},
                                            {"strong: 5 steps", 5, 1},
                                            {"very strong: 20 steps", 20, 1},
                                            {"too strong too soon: 20 steps, and a head start", 20, 1, true}};
  return all;
}

struct BalanceRun {
  std::vector<double> update, distance, gradient;  // at some of the generator's updates
  double accuracy = 0;                             // the discriminator's on fresh points, mean over them
  double mean_gradient = 0;
  std::int64_t diverged = -1;  // the update at which a gradient was not finite
};

std::unique_ptr<Recipe> recipe_for(const Lab& lab, const std::string& objective, const Strength& strength) {
  const auto game = strength.critic_steps * lab.integer("updates");
  std::string text = "[model]\nname = \"gan\"\n";
  if (strength.ahead) {
    text += fmt::format(
        "[[stage]]\nname = \"head start\"\nsteps = {}\noptimizer.generator.lr = 0.0\n"
        "[[stage]]\nname = \"game\"\nsteps = {}\n",
        lab.integer("head_start"), game);
  } else {
    text += fmt::format("[train]\nsteps = {}\n", game);
  }
  return Recipe::parse(
      text, "the lab balance",
      {
          "model.objective=" + objective,
          "model.latent=2",
          "model.generator=[64, 64]",
          "model.discriminator=[64, 64]",
          "model.generator_norm=none",
          "model.dropout=0",
          fmt::format("model.r1={}", lab.number("r1")),
          fmt::format("model.label_real={}", lab.number("label_real")),
          fmt::format("model.critic_steps={}", strength.critic_steps),
          fmt::format("train.batch={}", lab.integer("batch")),
          fmt::format("train.seed={}", lab.integer("seed")),
          "optimizer.generator.optimizer=" + lab.text("optimizer"),
          fmt::format("optimizer.generator.lr={}", lab.number("generator_rate")),
          "optimizer.generator.beta1=0.5",
          "optimizer.generator.average=0",
          fmt::format("optimizer.discriminator.lr={}", lab.number("critic_rate") * strength.rate),
      });
}

BalanceRun train(const Lab& lab, const std::string& objective_name, const Strength& strength,
                 const Tensor& data) {
  const auto recipe = recipe_for(lab, objective_name, strength);
  Session session(*recipe, dataset_of(data, "cloud"), torch::kCPU);
  const objectives::Adversarial objective(objective_name);
  auto& model = session.state().model();
  const auto fresh = data.narrow(0, 0, 400);
  BalanceRun course;
  const auto look = [&](std::int64_t update) {
    auto generator = session.state().generator().clone();  // a copy: looking must not change the run
    const auto samples = model.decoder()->decode(model.decoder()->draw_latent(400, generator));
    const auto fake = -model.scorer()->score(samples);
    const auto gradients =
        torch::autograd::grad({objective.generator(fake)}, session.state().player("generator").parameters());
    double squares = 0;
    for (const auto& gradient : gradients) squares += gradient.square().sum().item<double>();
    const torch::NoGradGuard no_grad;
    const auto real = -model.scorer()->score(fresh);
    course.update.push_back(static_cast<double>(update));
    course.distance.push_back(earth_movers_distance(samples.detach(), fresh));
    course.gradient.push_back(std::sqrt(squares));
    course.accuracy +=
        0.5 * ((real > 0).to(torch::kFloat64).mean() + (fake < 0).to(torch::kFloat64).mean()).item<double>();
  };
  const auto updates = lab.integer("updates"), every = std::max<std::int64_t>(1, updates / 40);
  try {
    while (strength.ahead && session.step() < lab.integer("head_start")) session.run_step();
    for (std::int64_t update = 0; update <= updates; ++update) {
      if (update % every == 0) look(update);
      if (update == updates) break;
      for (std::int64_t step = 0; step < strength.critic_steps; ++step) session.run_step();
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::diverged) throw;  // a game that diverges is a result too
    course.diverged = session.step() / strength.critic_steps;
  }
  const auto looks = static_cast<double>(course.update.size());
  course.accuracy /= looks;
  for (const double norm : course.gradient) course.mean_gradient += norm / looks;
  return course;
}

/// Mean over the last fifth, since a game that circles may be close to the data by chance.
double end(const BalanceRun& course) {
  const auto count = std::max<std::size_t>(1, course.distance.size() / 5);
  double sum = 0;
  for (std::size_t i = course.distance.size() - count; i < course.distance.size(); ++i)
    sum += course.distance[i];
  return sum / static_cast<double>(count);
}

}  // namespace

void balance(Lab& lab) {
  const OneThread one_thread;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  auto data = 0.5 * torch::randn({20000, 2}, generator);
  data.select(1, 0).add_(lab.number("start"));

  const std::vector<std::string> objectives = {"minimax", "non-saturating"};
  std::map<std::string, std::vector<BalanceRun>> courses;
  LabTable table{{"discriminator", "its accuracy", "minimax: distance at the end", "gradient", "its accuracy",
                  "non-saturating: distance at the end", "gradient"},
                 {}};
  LabChart ends{
      {"discriminator, from very weak (0) to too strong too soon (6)"}, {"distance at the end"}, {}, {}};
  LabChart forces{{"update of the generator"}, {"norm of the generator's gradient", true}, {}, {}};
  LabChart distances{{"update of the generator"}, {"distance of samples and data"}, {}, {}};
  for (const auto& objective : objectives) {
    LabSeries line{objective, {}, {}};
    for (const auto& strength : strengths()) {
      lab.say(objective + ", " + strength.name);
      const auto& course = courses[objective].emplace_back(train(lab, objective, strength, data));
      line.x.push_back(static_cast<double>(line.x.size()));
      line.y.push_back(end(course));
      if (strength.ahead || strength.name == "even") {
        forces.series.push_back({objective + ", " + strength.name, course.update, course.gradient});
        distances.series.push_back({objective + ", " + strength.name, course.update, course.distance});
      }
    }
    ends.series.push_back(line);
  }
  for (std::size_t i = 0; i < strengths().size(); ++i) {
    std::vector<std::string> row = {strengths()[i].name};
    for (const auto& objective : objectives) {
      const auto& course = courses[objective][i];
      row.push_back(fmt::format("{:.0f} %", 100 * course.accuracy));
      row.push_back(course.diverged < 0 ? fmt::format("{:.3f}", end(course))
                                        : fmt::format("diverged at update {}", course.diverged));
      row.push_back(fmt::format("{:.2g}", course.mean_gradient));
    }
    table.rows.push_back(row);
  }

  const auto &minimax = courses["minimax"], &heuristic = courses["non-saturating"];
  const double start = minimax[0].distance[0];
  lab.measure("vanishing", minimax[6].gradient[0] / heuristic[6].gradient[0]);
  lab.measure("stuck", end(minimax[6]) / end(heuristic[6]));
  lab.measure("strong-is-fine", end(heuristic[6]) / start);
  lab.measure("stronger-is-better", end(heuristic[5]) / end(heuristic[2]));
  lab.measure("weak", end(heuristic[0]) / end(heuristic[5]));
  lab.measure("weak-minimax", end(minimax[0]) / end(minimax[5]));
  lab.table("Distance, accuracy and gradient",
            "Earth mover's distance of 400 samples and 400 data, mean over the last fifth; accuracy and "
            "gradient are means over the run.",
            std::move(table));
  lab.chart("Distance over the discriminator's strength", "In the order of the table.", std::move(ends));
  lab.chart("The generator's gradient", "", std::move(forces));
  lab.chart("Distance over the training", "", std::move(distances));
}

}  // namespace belamy::labs
