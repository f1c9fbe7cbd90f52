// Sequences of few symbols, so that every expectation is a sum over all of them: what reaches a generator
// through argmax, REINFORCE, Gumbel-softmax and straight-through, and what each of them learns.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/optim/adam.h>

#include "labs/lab.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "objectives/adversarial.h"

namespace belamy::labs {
namespace {

constexpr std::int64_t kSymbols = 4, kLength = 3;
constexpr std::array kTemperatures = {0.1, 0.25, 0.5, 1.0, 2.0};

at::Generator sequence_generator(std::int64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed));
}

// Every sequence, and how often it occurs.
struct SequenceSet {
  Tensor hot;            // [S, L K], one-hot
  Tensor probabilities;  // [S] f64
  std::vector<std::string> names;
};

// Probabilities proportional to exp(contrast g) with normal g: no symbol is independent of the others.
SequenceSet sequences(double contrast, at::Generator generator) {
  SequenceSet set;
  std::int64_t count = 1;
  for (std::int64_t l = 0; l < kLength; ++l) count *= kSymbols;
  std::vector<Tensor> rows;
  for (std::int64_t s = 0; s < count; ++s) {
    std::vector<std::int64_t> symbols;
    std::string name;
    for (std::int64_t l = 0, rest = s; l < kLength; ++l, rest /= kSymbols) {
      symbols.insert(symbols.begin(), rest % kSymbols);
      name.insert(name.begin(), static_cast<char>('a' + rest % kSymbols));
    }
    rows.push_back(at::one_hot(torch::tensor(symbols), kSymbols).flatten());
    set.names.push_back(name);
  }
  set.hot = at::stack(rows).to(torch::kFloat);
  set.probabilities = at::softmax(contrast * torch::randn({count}, generator, torch::kFloat64), 0);
  return set;
}

// How a symbol leaves the generator.
enum class SymbolPath { hard, relaxed, straight_through };

// p(s) = p(s_1) p(s_2 | s_1) p(s_3 | s_1, s_2), a perceptron for each place.
class SequenceModel : public torch::nn::Module {
 public:
  SequenceModel(std::int64_t width, at::Generator generator) {
    for (std::int64_t l = 0; l < kLength; ++l) {
      places_.push_back(register_module(
          std::to_string(l),
          perceptron({std::max<std::int64_t>(1, l * kSymbols), width, kSymbols}, "leaky-relu", generator)));
    }
  }

  // [N] for one-hot rows [N, L K].
  Tensor log_probability(const Tensor& hot) const {
    Tensor sum;
    for (std::int64_t l = 0; l < kLength; ++l) {
      const auto symbol = hot.narrow(1, l * kSymbols, kSymbols);
      const auto term = (symbol * at::log_softmax(logits(l, hot.narrow(1, 0, l * kSymbols)), 1)).sum(1);
      sum = l == 0 ? term : sum + term;
    }
    return sum;
  }

  // Rows [N, L K] from Gumbel noise [N, L, K]: the largest of logit plus noise is a draw. The places that
  // follow see what left the earlier ones.
  Tensor draw(const Tensor& noise, SymbolPath path, double temperature) const {
    auto rows = torch::empty({noise.size(0), 0});
    for (std::int64_t l = 0; l < kLength; ++l) {
      const auto perturbed = logits(l, rows) + noise.select(1, l);
      const auto hard = at::one_hot(perturbed.argmax(1), kSymbols).to(torch::kFloat);
      auto symbol = hard;
      if (path != SymbolPath::hard) {
        const auto soft = at::softmax(perturbed / temperature, 1);
        symbol = path == SymbolPath::relaxed ? soft : hard + soft - soft.detach();
      }
      rows = at::cat({rows, symbol}, 1);
    }
    return rows;
  }

 private:
  Tensor logits(std::int64_t place, const Tensor& before) const {
    return places_[static_cast<std::size_t>(place)]->forward(place == 0 ? torch::ones({before.size(0), 1})
                                                                        : before);
  }

  std::vector<std::shared_ptr<nn::Chain>> places_;
};

Tensor gumbel_noise(std::int64_t n, at::Generator generator) {
  return -(-torch::rand({n, kLength, kSymbols}, generator).clamp_min(1e-12).log()).log();
}

// The gradient of a scalar as one row [D] f64: zero for weights that it does not depend on.
Tensor flat_gradient(const Tensor& value, const std::vector<Tensor>& weights, bool keep = false) {
  std::vector<Tensor> parts;
  std::vector<Tensor> found(weights.size());
  if (value.requires_grad()) found = torch::autograd::grad({value}, weights, {}, keep, false, true);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    parts.push_back((found[i].defined() ? found[i] : torch::zeros_like(weights[i])).flatten());
  }
  return at::cat(parts).to(torch::kFloat64);
}

double norm_of(const Tensor& row) {
  return row.norm().item<double>();
}

// One round of the game between a discriminator and the generator as it stands, on one-hot sequences.
struct Opponent {
  Opponent(std::int64_t width, double rate, at::Generator generator)
      : network(critic(kSymbols * kLength, {width, width}, "leaky-relu", generator)),
        optimiser(network->parameters(), torch::optim::AdamOptions(rate).betas({0.5, 0.999})) {}

  void learn(const Tensor& real, const Tensor& fake) {
    optimiser.zero_grad();
    loss.discriminator(network->forward(real), network->forward(fake)).backward();
    optimiser.step();
  }
  // -log D for each row: what the generator minimises.
  Tensor cost(const Tensor& rows) const { return at::softplus(-network->forward(rows)); }

  std::shared_ptr<nn::Chain> network;
  torch::optim::Adam optimiser;
  objectives::Adversarial loss{"non-saturating"};
};

Tensor drawn_from(const SequenceSet& set, std::int64_t n, at::Generator generator) {
  return set.hot.index_select(0, at::multinomial(set.probabilities, n, true, generator));
}

// Bias and spread of an estimate of the gradient, both relative to the norm of the true one.
struct Estimator {
  double bias = 0, noise = 0;
};

// The estimator whose mean over a batch is the gradient of the batch's mean cost.
Estimator measured_estimator(const SequenceModel& model, const Opponent& opponent, SymbolPath path,
                             double temperature, const Tensor& exact, std::int64_t batches,
                             std::int64_t batch, at::Generator generator) {
  const auto weights = model.parameters();
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < batches; ++i) {
    const auto drawn = model.draw(gumbel_noise(batch, generator), path, temperature);
    rows.push_back(flat_gradient(opponent.cost(drawn).mean(), weights));
  }
  const auto all = at::stack(rows);
  const double spread = all.var(0).sum().item<double>();  // of a batch's mean
  const double off = (all.mean(0) - exact).square().sum().item<double>();
  const double size = norm_of(exact);
  // The distance of the mean is bias and noise together; the noise is known.
  return {std::sqrt(std::max(0.0, off - spread / static_cast<double>(batches))) / size,
          std::sqrt(spread * static_cast<double>(batch)) / size};
}

// The best that a threshold on the smallest of the largest entries can do: data have a one there.
double told_by_largest(const Tensor& rows, double threshold) {
  const auto largest = rows.view({-1, kLength, kSymbols}).amax(2).amin(1);
  return 0.5 + 0.5 * (largest < threshold).to(torch::kFloat64).mean().item<double>();
}

void gradient_part(Lab& lab) {
  const auto seeds = lab.integer("gradient_seeds"), batches = lab.integer("batches"),
             batch = lab.integer("draws"), width = lab.integer("width");
  const auto count = static_cast<double>(seeds);
  double through_argmax = 0, changed = 0, identity = 0, ratio = 0, baseline = 0;
  Estimator reinforce, reinforce_baseline;
  std::vector<Estimator> relaxed(kTemperatures.size()), straight(kTemperatures.size());
  std::vector<double> told(kTemperatures.size()), told_roughly(kTemperatures.size());
  double told_hard = 0;
  const auto add = [&](Estimator& sum, const Estimator& one) {
    sum.bias += one.bias / count;
    sum.noise += one.noise / count;
  };

  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    lab.say(fmt::format("gradients, seed {} of {}", seed, seeds));
    auto generator = sequence_generator(seed);
    const auto set = sequences(lab.number("contrast"), generator);
    const auto model = std::make_shared<SequenceModel>(width, generator);
    Opponent opponent(width, lab.number("rate"), generator);
    for (std::int64_t i = 0; i < lab.integer("opponent_steps"); ++i) {
      const auto fake = model->draw(gumbel_noise(256, generator), SymbolPath::hard, 1).detach();
      opponent.learn(drawn_from(set, 256, generator), fake);
    }
    const auto weights = model->parameters();

    // The truth: 64 terms. Each sequence's cost and the gradient of its logarithm.
    const auto cost = opponent.cost(set.hot).detach().to(torch::kFloat64);
    const auto logarithms = model->log_probability(set.hot);
    const auto p = logarithms.detach().to(torch::kFloat64).exp();
    const auto exact = flat_gradient((logarithms.exp() * cost.to(torch::kFloat)).sum(), weights, true);
    std::vector<Tensor> rows;
    for (std::int64_t s = 0; s < p.size(0); ++s) rows.push_back(flat_gradient(logarithms[s], weights, true));
    const auto scores = at::stack(rows);  // [S, D]
    const auto squares = scores.square().sum(1);

    // REINFORCE: expectation and variance by enumeration.
    const auto size = norm_of(exact);
    const auto expected = at::matmul(p * cost, scores);
    identity = std::max(identity, norm_of(expected - exact) / size);
    const auto variance = [&](const Tensor& reward) {
      return ((p * reward.square() * squares).sum() - at::matmul(p * reward, scores).square().sum())
          .item<double>();
    };
    const double plain = variance(cost), less = variance(cost - (p * cost).sum());
    add(reinforce, {0, std::sqrt(plain) / size});
    add(reinforce_baseline, {0, std::sqrt(less) / size});
    baseline += less / plain / count;
    // And by draws: the squared error of a mean of n draws is the variance over n, if nothing is biased.
    constexpr std::int64_t repeats = 100, n = 1000;
    for (std::int64_t i = 0; i < repeats; ++i) {
      const auto picked = at::multinomial(p, n, true, generator);
      const auto mean =
          at::matmul((torch::bincount(picked, {}, p.size(0)).to(torch::kFloat64) / n) * cost, scores);
      ratio += (mean - exact).square().sum().item<double>() / (plain / n) / repeats / count;
    }

    const auto noise = gumbel_noise(batch * 16, generator);
    const auto hard = model->draw(noise, SymbolPath::hard, 1);
    told_hard += told_by_largest(hard, 1) / count;
    for (std::size_t i = 0; i < kTemperatures.size(); ++i) {
      const double temperature = kTemperatures[i];
      add(relaxed[i], measured_estimator(*model, opponent, SymbolPath::relaxed, temperature, exact, batches,
                                         batch, generator));
      add(straight[i], measured_estimator(*model, opponent, SymbolPath::straight_through, temperature, exact,
                                          batches, batch, generator));
      const torch::NoGradGuard looking;
      const auto soft = model->draw(noise, SymbolPath::relaxed, temperature);
      told[i] += told_by_largest(soft, 1) / count;
      told_roughly[i] += told_by_largest(soft, 0.99) / count;
    }

    // argmax: what autograd says, and what happens to the draws when all weights move a little.
    through_argmax = std::max(through_argmax, norm_of(flat_gradient(opponent.cost(hard).mean(), weights)));
    const torch::NoGradGuard moving;
    for (auto weight : weights) weight += lab.number("nudge") * torch::randn(weight.sizes(), generator);
    const auto after = model->draw(noise, SymbolPath::hard, 1);
    changed += (after != hard).any(1).to(torch::kFloat64).mean().item<double>() / count;
  }

  lab.measure("argmax_gradient", through_argmax);
  lab.measure("argmax_steps", changed);
  lab.measure("reinforce_mean", identity);
  lab.measure("reinforce_draws", ratio);
  lab.measure("baseline", baseline);
  lab.measure("relaxed_bias", relaxed.front().bias / relaxed.back().bias);
  lab.measure("relaxed_noise", relaxed.front().noise / relaxed.back().noise);
  const auto less_biased = [](const Estimator& a, const Estimator& b) { return a.bias < b.bias; };
  lab.measure("straight_bias", std::min_element(straight.begin(), straight.end(), less_biased)->bias);
  lab.measure("straight_over_relaxed", straight.front().bias / relaxed.front().bias);
  lab.measure("told_soft", told[2]);
  lab.measure("told_hard", told_hard);

  LabTable table{{"estimator", "temperature", "bias", "noise of one draw"}, {}};
  const auto row = [&](const std::string& name, const std::string& temperature, const Estimator& found) {
    table.rows.push_back(
        {name, temperature, fmt::format("{:.3f}", found.bias), fmt::format("{:.2f}", found.noise)});
  };
  table.rows.push_back({"through argmax", "–", "1 (it is always 0)", "0"});
  row("REINFORCE", "–", reinforce);
  row("REINFORCE, mean cost as baseline", "–", reinforce_baseline);
  LabSeries bias_relaxed{"Gumbel-softmax", {}, {}}, bias_straight{"straight-through", {}, {}};
  LabSeries noise_relaxed{"Gumbel-softmax", {}, {}}, noise_straight{"straight-through", {}, {}};
  LabTable by_largest{{"temperature", "any entry below 1", "any largest entry below 0.99"}, {}};
  for (std::size_t i = 0; i < kTemperatures.size(); ++i) {
    const double temperature = kTemperatures[i];
    for (const bool soft : {true, false}) {
      const auto& found = soft ? relaxed[i] : straight[i];
      row(soft ? "Gumbel-softmax" : "straight-through", fmt::format("{}", temperature), found);
      auto& bias = soft ? bias_relaxed : bias_straight;
      auto& noise = soft ? noise_relaxed : noise_straight;
      bias.x.push_back(temperature);
      bias.y.push_back(found.bias);
      noise.x.push_back(temperature);
      noise.y.push_back(found.noise);
    }
    by_largest.rows.push_back({fmt::format("{}", temperature), fmt::format("{:.1f} %", 100 * told[i]),
                               fmt::format("{:.1f} %", 100 * told_roughly[i])});
  }
  by_largest.rows.push_back({"argmax, straight-through", fmt::format("{:.1f} %", 100 * told_hard), "50.0 %"});
  const auto flat = [&](double value) {
    return LabSeries{"REINFORCE with baseline",
                     {kTemperatures.front(), kTemperatures.back()},
                     {value, value},
                     LabSeries::Style::line,
                     true};
  };
  lab.table("Four estimates of one gradient",
            fmt::format("The gradient of a generator's cost against a trained discriminator, mean over {} "
                        "seeds. Bias and noise are relative to the norm of the true gradient, which is a sum "
                        "over all {} sequences.",
                        seeds, 64),
            std::move(table));
  lab.chart("Bias", "What is left of the error after infinitely many draws.",
            {{"temperature", true},
             {"bias over the norm of the gradient"},
             {bias_relaxed, bias_straight, flat(0)}});
  lab.chart("Noise", "Root of the variance of one draw.",
            {{"temperature", true},
             {"noise over the norm of the gradient", true},
             {noise_relaxed, noise_straight, flat(reinforce_baseline.noise)}});
  lab.table("A discriminator that looks at nothing but the largest entries",
            "How many of data and samples it classifies correctly: half of them would be guessing.",
            std::move(by_largest));
}

struct SequenceMethod {
  std::string name;
  enum class Kind { argmax, reinforce, relaxed, straight_through, likelihood } kind;
};

const std::vector<SequenceMethod>& sequence_methods() {
  static const std::vector<SequenceMethod> all = {
      {"through argmax", SequenceMethod::Kind::argmax},
      {"REINFORCE", SequenceMethod::Kind::reinforce},
      {"Gumbel-softmax", SequenceMethod::Kind::relaxed},
      {"straight-through", SequenceMethod::Kind::straight_through},
      {"likelihood", SequenceMethod::Kind::likelihood}};
  return all;
}

struct LearntSequences {
  std::vector<double> at, distance;  // step, total variation
  Tensor probabilities;              // [S], mean over the last quarter
  double final_distance = 0;         // mean over the last quarter
  double divergence = 0;             // the same of KL(p || p_model)
  double accuracy = 0;               // of the discriminator at the end
};

LearntSequences learn_sequences(const Lab& lab, const SequenceMethod& method, const SequenceSet& set,
                                std::int64_t seed) {
  auto generator = sequence_generator(100 + seed);
  const auto steps = lab.integer("steps"), batch = lab.integer("batch"), width = lab.integer("width");
  const auto model = std::make_shared<SequenceModel>(width, generator);
  Opponent opponent(width, lab.number("rate"), generator);
  torch::optim::Adam optimiser(model->parameters(),
                               torch::optim::AdamOptions(lab.number("rate")).betas({0.5, 0.999}));
  using Kind = SequenceMethod::Kind;
  const auto path = method.kind == Kind::relaxed            ? SymbolPath::relaxed
                    : method.kind == Kind::straight_through ? SymbolPath::straight_through
                                                            : SymbolPath::hard;
  const double temperature = lab.number("temperature");
  LearntSequences learnt;
  learnt.probabilities = torch::zeros_like(set.probabilities);
  const auto every = std::max<std::int64_t>(1, steps / 80);
  std::int64_t late = 0;
  for (std::int64_t step = 0; step <= steps; ++step) {
    if (step % every == 0 || step == steps) {
      const torch::NoGradGuard looking;
      const auto logarithms = model->log_probability(set.hot).to(torch::kFloat64);
      const double distance = 0.5 * (logarithms.exp() - set.probabilities).abs().sum().item<double>();
      learnt.at.push_back(static_cast<double>(step));
      learnt.distance.push_back(distance);
      if (4 * step >= 3 * steps) {
        ++late;
        learnt.final_distance += distance;
        learnt.divergence +=
            (set.probabilities * (set.probabilities.log() - logarithms)).sum().item<double>();
        learnt.probabilities += logarithms.exp();
      }
    }
    if (step == steps) break;
    const auto real = drawn_from(set, batch, generator);
    optimiser.zero_grad();
    if (method.kind == Kind::likelihood) {
      (-model->log_probability(real).mean()).backward();
      optimiser.step();
      continue;
    }
    const auto fake = model->draw(gumbel_noise(batch, generator), path, temperature);
    opponent.learn(real, fake.detach());
    const auto cost = opponent.cost(fake);
    if (method.kind == Kind::reinforce) {
      const auto reward = cost.detach();
      ((reward - reward.mean()) * model->log_probability(fake)).mean().backward();
    } else if (fake.requires_grad()) {
      optimiser.zero_grad();
      cost.mean().backward();
    }
    // Through argmax there is no gradient, and the optimiser has nothing to follow.
    optimiser.step();
  }
  learnt.final_distance /= static_cast<double>(late);
  learnt.divergence /= static_cast<double>(late);
  learnt.probabilities /= static_cast<double>(late);
  const torch::NoGradGuard looking;
  const auto fake = model->draw(gumbel_noise(4096, generator), path, temperature);
  const auto right = (opponent.network->forward(drawn_from(set, 4096, generator)) > 0).sum() +
                     (opponent.network->forward(fake) <= 0).sum();
  learnt.accuracy = right.item<double>() / 8192;
  return learnt;
}

void training_games(Lab& lab) {
  const auto seeds = lab.integer("seeds");
  LabChart chart{{"training step"}, {"total variation from the data", true}, {}, {}};
  LabChart shares{{"sequence, the most frequent first"}, {"probability"}, {}, {}};
  LabTable table{{"trained by", "total variation", "over seeds", "$\\mathrm{KL}(p\\,\\|\\,p_\\theta)$, nats",
                  "discriminator is right"},
                 {}};
  std::map<std::string, double> worst, best, mean, start;
  auto generator = sequence_generator(lab.integer("data_seed"));
  const auto set = sequences(lab.number("contrast"), generator);
  const auto order = std::get<1>(set.probabilities.sort(0, true));
  const auto ranks = [&](const std::string& name, const Tensor& p) {
    LabSeries series{name, {}, values_of(p.index_select(0, order)), LabSeries::Style::steps};
    for (std::size_t i = 0; i < series.y.size(); ++i) series.x.push_back(static_cast<double>(i + 1));
    return series;
  };
  shares.series.push_back(ranks("data", set.probabilities));
  shares.series.back().dashed = true;
  for (const auto& method : sequence_methods()) {
    double divergence = 0, accuracy = 0;
    for (std::int64_t seed = 1; seed <= seeds; ++seed) {
      lab.say(fmt::format("{}, seed {} of {}", method.name, seed, seeds));
      const auto learnt = learn_sequences(lab, method, set, seed);
      const auto found = learnt.final_distance;
      worst[method.name] = seed == 1 ? found : std::max(worst[method.name], found);
      best[method.name] = seed == 1 ? found : std::min(best[method.name], found);
      mean[method.name] += found / static_cast<double>(seeds);
      start[method.name] += learnt.distance.front() / static_cast<double>(seeds);
      divergence += learnt.divergence / static_cast<double>(seeds);
      accuracy += learnt.accuracy / static_cast<double>(seeds);
      if (seed == 1) {
        chart.series.push_back({method.name, learnt.at, learnt.distance});
        shares.series.push_back(ranks(method.name, learnt.probabilities));
      }
    }
    table.rows.push_back(
        {method.name, fmt::format("{:.3f}", mean[method.name]),
         fmt::format("{:.3f} … {:.3f}", best[method.name], worst[method.name]),
         fmt::format("{:.3f}", divergence),
         method.kind == SequenceMethod::Kind::likelihood ? "–" : fmt::format("{:.0f} %", 100 * accuracy)});
  }
  lab.measure("gan_argmax", mean.at("through argmax") / start.at("through argmax"));
  lab.measure("gan_reinforce", worst.at("REINFORCE"));
  lab.measure("gan_straight", worst.at("straight-through"));
  lab.measure("gan_relaxed", best.at("Gumbel-softmax") / worst.at("REINFORCE"));
  lab.measure("likelihood", worst.at("likelihood"));
  lab.measure("likelihood_lead",
              std::min({best.at("REINFORCE"), best.at("straight-through"), best.at("Gumbel-softmax")}) /
                  worst.at("likelihood"));
  lab.table("Five ways to train one model",
            "Mean over the last quarter of the steps. The discriminator judges what its generator gives it: "
            "soft rows of Gumbel-softmax, one-hot rows of the others.",
            std::move(table));
  lab.chart("On the way", "Seed 1. The distance is exact: a sum over all sequences.", std::move(chart));
  lab.chart("What was learnt", "Seed 1, mean over the last quarter of the steps.", std::move(shares));
}

}  // namespace

void discrete(Lab& lab) {
  const OneThread one;
  gradient_part(lab);
  training_games(lab);
}

}  // namespace belamy::labs
