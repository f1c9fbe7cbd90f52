// Belamy's side of the benchmark: works on request from standard input, so that it and a peer can take turns
// in short pieces.
//
//   bench_worker train RECIPE [SETTING ...]         N: trains N steps
//   bench_worker sample RECIPE [SETTING ...]        N: draws N images from fresh weights
//   bench_worker statistics                         N: mean and covariance of the features of N images
//   bench_worker peak                               N: N matrix products of 1024 x 1024
//   bench_worker trace FILE N RECIPE [SETTING ...]  trains N steps; saves weights, data, records
//
// It first prints {"load": seconds, "flops": operations in the products of one unit of work}; then for each
// line N the seconds it took, and for the line "memory" its peak memory in bytes.

#include <ATen/record_function.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <iostream>

#include "belamy/error.h"

#include "core/env.h"
#include "data/dataset.h"
#include "metrics/classifier.h"
#include "nn/products.h"
#include "tensors/arrays.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/machine.h"
#include "train/session.h"

namespace belamy {
namespace {

constexpr std::int64_t kSide = 1024;  // of the matrices whose product measures the machine's peak
constexpr std::int64_t kSampleBatch = 500;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t most_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

std::atomic<double> counted{0};

double elements(at::IntArrayRef sizes) {
  double all = 1;
  for (const auto size : sizes) all *= static_cast<double>(size);
  return all;
}

// A multiplication and an addition are two operations.
std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
  const std::string name = function.name();
  const auto inputs = function.inputs();
  const auto tensor = [&](std::size_t i) { return inputs[i].toTensor(); };
  if (name == "aten::addmm" || name == "aten::addmm_" || name == "aten::mm") {
    const std::size_t first = name == "aten::mm" ? 0 : 1;
    counted = counted + 2 * elements(tensor(first).sizes()) * static_cast<double>(tensor(first + 1).size(1));
  } else if (name == "aten::convolution") {
    const auto x = tensor(0), weight = tensor(1);
    double places = static_cast<double>(x.size(0));
    const bool transposed = inputs[6].toBool();
    for (std::int64_t d = 2; d < x.dim(); ++d) {
      const auto at = static_cast<std::size_t>(d - 2);
      const auto of = [&](std::size_t i) {
        const auto all = inputs[i].toIntVector();
        return all[std::min(at, all.size() - 1)];
      };
      places *= static_cast<double>(
          transposed ? x.size(d) : (x.size(d) + 2 * of(4) - of(5) * (weight.size(d) - 1) - 1) / of(3) + 1);
    }
    counted = counted + 2 * places * elements(weight.sizes());
  } else if (name == "aten::convolution_backward") {
    const auto gradient = tensor(0), x = tensor(1), weight = tensor(2);
    const auto& at = inputs[7].toBool() ? x : gradient;  // transposed
    const auto each = 2 * elements(at.sizes()) / static_cast<double>(at.size(1)) * elements(weight.sizes());
    const auto wanted = inputs[10].toBoolList();
    counted = counted + each * (wanted[0] + wanted[1]);
  }
  return nullptr;
}

template <class F>
double products_of(F work) {
  counted = 0;
  const bool fast = nn::fast_paths();
  nn::set_fast_paths(false);  // so that LibTorch computes, and counts, all products
  const auto handle = at::addGlobalCallback(at::RecordFunctionCallback(count).needsInputs(true));
  work();
  at::removeCallback(handle);
  nn::set_fast_paths(fast);
  return counted;
}

template <class F>
void serve(double load, double products, F work) {
  std::cout << fmt::format("{{\"load\": {}, \"flops\": {}}}\n", load, products) << std::flush;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "memory") {
      std::cout << most_memory() << std::endl;
      continue;
    }
    const auto begin = now();
    work(std::stoll(line));
    std::cout << now() - begin << std::endl;
  }
}

std::unique_ptr<Recipe> recipe_of(const std::vector<std::string>& words) {
  return Recipe::load(words.at(0), {words.begin() + 1, words.end()});
}

void serve_training(const Recipe& recipe) {
  const auto device = prepare_machine(recipe.train);
  const auto begin = now();
  auto data = load_dataset(recipe.data, Split::train);
  Session session(recipe, std::move(data), device);
  const auto load = now() - begin;
  // As the trainer does between two lines of its log.
  const auto steps = [&](std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) session.run_step();
    session.take_records();
  };
  steps(3);
  serve(load, products_of([&] { steps(1); }), steps);
}

void serve_sampling(const Recipe& recipe) {
  const auto device = prepare_machine(recipe.train);
  const auto begin = now();
  const auto data = load_dataset(recipe.data, Split::train);
  ModelState state(recipe, shape_of(data), device);
  const auto load = now() - begin;
  const auto draw = [&](std::int64_t n) {
    const ModelState::Evaluation evaluation(state);
    for (std::int64_t left = n; left > 0; left -= kSampleBatch)
      to_bytes(state.model().sampler()->sample({std::min(left, kSampleBatch), state.generator()}));
  };
  draw(kSampleBatch);
  serve(load, products_of([&] { draw(1); }), draw);
}

void serve_statistics() {
  prepare_machine("auto");
  FeatureClassifier classifier(1, 28, 10);
  const torch::NoGradGuard no_grad;
  const auto measure = [&](std::int64_t n) {
    const auto x = classifier.features(torch::randint(256, {n, 1, 28, 28}, torch::kByte)).to(torch::kDouble);
    const auto centred = x - x.mean(0);
    return centred.t().mm(centred) / static_cast<double>(n - 1);
  };
  measure(1000);
  serve(0, products_of([&] { measure(1000); }) / 1000, measure);
}

void serve_peak() {
  prepare_machine("auto");
  const torch::NoGradGuard no_grad;
  const auto a = torch::rand({kSide, kSide}), b = torch::rand({kSide, kSide});
  const auto product = nn::product(a, b);
  const auto multiply = [&](std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) nn::add_product(product, 0, 1, a, b);
  };
  serve(0, products_of([&] { multiply(1); }), multiply);
}

void trace(const std::string& file, int steps, const Recipe& recipe) {
  const auto device = prepare_machine(recipe.train);
  const auto data = load_dataset(recipe.data, Split::train);
  Session session(recipe, data, device);
  Snapshot all;
  const auto keep = [&](const std::string& prefix, const Snapshot& snapshot) {
    for (const auto& [name, array] : snapshot.arrays) all.add(prefix + name, array_tensor(array).clone());
  };
  keep("start/", session.save());
  for (int i = 0; i < steps; ++i) {
    const auto batch = session.batches().at(i);
    all.add(fmt::format("data/{}", i), batch.data);
    for (const auto* other : {&batch.partner, &batch.labelled}) {
      if (other->data.defined()) all.add(fmt::format("other/{}", i), other->data);
    }
    session.run_step();
    for (const auto& [name, value] : session.take_records())
      all.add(fmt::format("record/{}/{}", i, name), torch::tensor(value, torch::kDouble));
  }
  keep("end/", session.save());
  write_atomically(Env::real(), file, encode_safetensors(all.arrays, all.metadata));
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) throw usage_error("bench_worker needs a task", "see bench/worker.cpp for the tasks");
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "train") {
    serve_training(*recipe_of(rest));
  } else if (words[0] == "sample") {
    serve_sampling(*recipe_of(rest));
  } else if (words[0] == "statistics") {
    serve_statistics();
  } else if (words[0] == "peak") {
    serve_peak();
  } else if (words[0] == "trace") {
    if (rest.size() < 3) throw usage_error("trace needs FILE N RECIPE");
    trace(rest[0], std::stoi(rest[1]), *recipe_of({rest.begin() + 2, rest.end()}));
  } else {
    throw usage_error("bench_worker has no task '" + words[0] + "'", "see bench/worker.cpp for the tasks");
  }
  return 0;
}

}  // namespace
}  // namespace belamy

int main(int argc, char** argv) {
  try {
    return belamy::run({argv + 1, argv + argc});
  } catch (const belamy::Error& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
