// The verb `arithmetic`: adds and subtracts groups of latents or codes.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "evaluate/judge_classifier.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"

namespace belamy::cli {
namespace {

constexpr std::int64_t kCandidates = 2000;  // latents to search for those of a class
constexpr std::int64_t kCodes = 200;        // codes of an operand
constexpr std::int64_t kLatents = 3;  // latents of an operand: Radford, Metz & Chintala 2016, section 6.3.2

struct ArithmeticRequest {
  RunRequest run;
  std::vector<std::string> plus, minus;
  std::string out = "arithmetic.png";
  std::int64_t each = 0, variations = 8, seed = 1;
  double noise = 0.25;
};

// One operand: its codes [N, Z].
struct Group {
  std::string name;
  double sign = 1;
  Tensor codes;

  Tensor mean() const { return codes.mean(0, /*keepdim=*/true); }
};

// Finds the codes of an operand: those of training images if the run has an encoder for its decoder's
// latents, else latents whose images a classifier of the run's data assigns to the class.
class Operands {
 public:
  Operands(Run& run, const ArithmeticRequest& request)
      : run_(run),
        request_(request),
        decoder_(require_capability(run.model().decoder(), run, Capability::decoder)) {
    auto* encoder = run.model().encoder();
    if (encoder && encoder->code_size() == decoder_->latent_size()) encoder_ = encoder;
  }

  Group find(const std::string& text, double sign) {
    const auto& names = run_.shape().class_names;
    const bool is_class = std::find(names.begin(), names.end(), text) != names.end();
    if (is_class) return {text, sign, encoder_ ? codes_of_class(text) : latents_of_class(text)};
    if (std::filesystem::exists(text)) return {text, sign, codes_of_pictures(text)};
    if (const auto number = number_in<std::size_t>(text); number && *number < names.size())
      return find(names[*number], sign);
    throw usage_error(
        fmt::format("'{}' is neither a class of {} nor a path to pictures", text, run_.recipe().name),
        names.empty() ? "name a folder of pictures; the data have no classes"
                      : fmt::format("choose one of its classes: {}", fmt::join(names, ", ")));
  }
  Decoder& decoder() { return *decoder_; }

 private:
  std::int64_t wanted() const { return request_.each > 0 ? request_.each : encoder_ ? kCodes : kLatents; }

  Tensor encode(const Tensor& data) const {
    const auto some = data.narrow(0, 0, std::min(wanted(), data.size(0)));
    return in_batches(run_, some, [&](const Tensor& x) { return encoder_->encode(x); });
  }

  Tensor codes_of_class(const std::string& name) const {
    auto options = run_.recipe().data;
    options.classes = {name};
    return encode(data_tensor(load_dataset(options, Split::train)));
  }

  Tensor codes_of_pictures(const std::string& path) const {
    if (!encoder_) {
      throw usage_error(fmt::format("{} cannot find the latents of pictures", run_.recipe().model->name),
                        "name a class, or use a run with an encoder, such as one of vae or aae");
    }
    const auto set = load_dataset(whole_options(run_, path), Split::test);
    check_fits(run_, set);
    return encode(data_tensor(set));
  }

  Tensor latents_of_class(const std::string& name) {
    if (!candidates_.defined()) search();
    const auto& names = run_.shape().class_names;
    const auto k = std::find(names.begin(), names.end(), name) - names.begin();
    const auto [belief, places] = beliefs_.select(1, k).sort(0, /*descending=*/true);
    const auto found = std::min(wanted(), (belief > 0.5).sum().item<std::int64_t>());
    if (found == 0) {
      throw data_error(
          fmt::format("none of {} samples of {} shows {}", kCandidates, run_.recipe().name, name),
          "choose another class, or train longer");
    }
    return candidates_.index_select(0, places.narrow(0, 0, found));
  }

  void search() {
    Progress progress;
    const auto classifier =
        judge_classifier(load_dataset(run_.recipe().data, Split::train), run_.device(),
                         [&](const std::string& text) { progress.update_each_second(text); })
            .classifier;
    progress.finish();
    candidates_ = decoder_->draw_latent(kCandidates, run_.generator(request_.seed)).to(torch::kCPU);
    const auto images = in_batches(run_, candidates_, [&](const Tensor& z) { return decoder_->decode(z); });
    beliefs_ = classifier.logits(images).softmax(1).to(torch::kCPU);
  }

  Run& run_;
  const ArithmeticRequest& request_;
  Decoder* decoder_;
  Encoder* encoder_ = nullptr;
  Tensor candidates_, beliefs_;
};

// [rows * columns, Z]: a row for each group, its mean and some members; then a row with the sum, and the sum
// with noise.
Tensor rows_of(const std::vector<Group>& groups, const ArithmeticRequest& request, at::Generator generator) {
  std::vector<Tensor> rows;
  Tensor sum;
  for (const auto& group : groups) {
    const auto mean = group.mean();
    rows.push_back(mean);
    const auto members = torch::arange(request.variations) % group.codes.size(0);
    rows.push_back(group.codes.index_select(0, members));
    sum = sum.defined() ? sum + group.sign * mean : group.sign * mean;
  }
  rows.push_back(sum);
  const auto noise = torch::rand({request.variations, sum.size(1)}, generator).mul_(2).sub_(1);
  rows.push_back(sum + request.noise * noise);
  return torch::cat(rows);
}

ExitCode arithmetic(const ArithmeticRequest& request) {
  const auto run = request.run.open();
  if (!run->shape().is_images()) throw usage_error("arithmetic draws images, but this run makes points");
  const auto inputs = inputs_of(request.run);
  const auto out = picture_output("--out", request.out, inputs);
  Operands operands(*run, request);
  std::vector<Group> groups;
  for (const auto& text : request.plus) groups.push_back(operands.find(text, 1));
  for (const auto& text : request.minus) groups.push_back(operands.find(text, -1));

  const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(request.seed));
  const auto codes = rows_of(groups, request, generator);
  const auto images = in_batches(*run, codes, [&](const Tensor& z) { return operands.decoder().decode(z); });
  write_picture(out, image_grid(images, 1 + request.variations));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    fmt::print("row {}: {} {}, the mean of {}, then some of them\n", i + 1, groups[i].sign > 0 ? '+' : '-',
               groups[i].name, groups[i].codes.size(0));
  }
  fmt::print("row {}: the result, then with noise of up to {:g}\nall in {}\n", groups.size() + 1,
             request.noise, out.string());
  return ExitCode::ok;
}

}  // namespace

void add_arithmetic(Verb program) {
  auto request = std::make_shared<ArithmeticRequest>();
  auto verb =
      program.verb("arithmetic", "Add and subtract means of latents or codes: 'A - B + C' as pictures");
  add_run(verb, request->run);
  verb.option("--plus", request->plus,
              "Class of the run's data, its number, or path to pictures, to be added; may be repeated")
      .required();
  verb.option("--minus", request->minus, "Class or pictures to be subtracted; may be repeated");
  verb.option("--each", request->each,
              "Latents or codes to average per operand; 0: 3 latents, or 200 codes of an encoder")
      .between(0, 100'000);
  verb.option("--variations", request->variations, "Pictures beside the mean").between(1, 64);
  verb.option("--noise", request->noise, "Largest noise added to the variations of the result")
      .between(0, 100);
  verb.option("--seed", request->seed, "Seed of latents and noise");
  verb.option("--out", request->out, "F.png: one row per operand, and one for the result");
  verb.does([request] { return arithmetic(*request); });
}

}  // namespace belamy::cli
