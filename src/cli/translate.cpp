#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/progress.h"
#include "data/dataset.h"
#include "train/batches.h"
#include "train/pictures.h"
#include "train/run_batches.h"

namespace belamy::cli {
namespace {

struct TranslateRequest {
  std::string run, data, out = "translated/", direction, sheet, device = "auto";
};

constexpr std::size_t kAtOnce = 128;
constexpr std::int64_t kColumns = 8, kSheet = 32;

std::string direction_of(const TranslateRequest& request, Translator& translator) {
  const auto known = translator.directions();
  if (request.direction.empty()) return known.front();
  if (std::find(known.begin(), known.end(), request.direction) == known.end()) {
    throw usage_error(fmt::format("--direction {}: this run does not go there", request.direction),
                      fmt::format("it knows {}", fmt::join(known, ", ")));
  }
  return request.direction;
}

// A file of the user's, and where its translation goes.
struct Job {
  fs::path file, out;
  Image image;
};

// All files below the folder; the names keep their place in it. Two that differ by their endings alone keep
// these.
std::vector<Job> jobs_in(const fs::path& folder, const fs::path& out) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    if (it->is_regular_file(code) && it->path().filename().string()[0] != '.') files.push_back(it->path());
  }
  if (code) throw data_error(fmt::format("{}: cannot be read: {}", folder.string(), code.message()));
  std::sort(files.begin(), files.end());
  std::map<fs::path, int> uses;
  const auto plain = [&](const fs::path& file) {
    return out / fs::relative(file, folder).replace_extension(".png");
  };
  for (const auto& file : files) ++uses[plain(file)];
  std::vector<Job> jobs;
  for (const auto& file : files) {
    auto to = plain(file);
    if (uses[to] > 1) to = out / (fs::relative(file, folder).string() + ".png");
    jobs.push_back({file, to, {}});
  }
  return jobs;
}

// The first inputs and what became of them.
class Sheet {
 public:
  void add(const Tensor& input) {
    if (!input_.defined()) {
      input_ = input.narrow(0, 0, std::min(kSheet, input.size(0)));
    } else if (input_.size(0) < kSheet) {
      input_ = torch::cat({input_, input.narrow(0, 0, std::min(kSheet - input_.size(0), input.size(0)))});
    }
  }
  void write(const TranslateRequest& request, const Run& run, Translator& translator,
             const std::string& direction) {
    const auto columns = std::min(kColumns, input_.size(0));
    const auto picture =
        translation_picture(translator, direction, to_model_range(input_).to(run.device()), {}, columns);
    write_output(request.sheet, encode_png(picture));
    fmt::print("inputs above translations: {}\n", request.sheet);
  }

 private:
  Tensor input_;  // uint8
};

ExitCode translate_folder(const TranslateRequest& request, const Run& run, Translator& translator,
                          const std::string& direction, const DataShape& from) {
  auto jobs = jobs_in(request.data, folder_argument(request.out));
  if (jobs.empty()) throw data_error(request.data + ": no files in it", "give a folder of images");
  Sheet sheet;
  Progress progress;
  std::size_t good = 0, stretched = 0;
  for (std::size_t begin = 0; begin < jobs.size(); begin += kAtOnce) {
    std::vector<Job*> ready;
    std::vector<Tensor> inputs;
    for (std::size_t i = begin; i < std::min(begin + kAtOnce, jobs.size()); ++i) {
      try {
        jobs[i].image = decode_image(Env::real().read(jobs[i].file), jobs[i].file.string());
      } catch (const Error& error) {
        progress.line(fmt::format("left out: {}", error.what()));
        continue;
      }
      stretched += jobs[i].image.width * from.height != jobs[i].image.height * from.width;
      const auto coloured = convert_channels(jobs[i].image, static_cast<int>(from.channels));
      inputs.push_back(
          tensor_of(resize(coloured, static_cast<int>(from.width), static_cast<int>(from.height))));
      ready.push_back(&jobs[i]);
    }
    if (ready.empty()) continue;
    const auto input = torch::stack(inputs);
    const auto made = to_images(
        in_batches(run, input, [&](const Tensor& x) { return translator.translate(x, direction); }));
    for (std::size_t i = 0; i < ready.size(); ++i) {
      write_output(ready[i]->out, encode_png(resize(made[i], ready[i]->image.width, ready[i]->image.height)));
      ready[i]->image = {};
    }
    good += ready.size();
    sheet.add(input);
    progress.update(fmt::format(
        "{} of {} images", format_count(static_cast<std::int64_t>(std::min(begin + kAtOnce, jobs.size()))),
        format_count(static_cast<std::int64_t>(jobs.size()))));
  }
  progress.finish();
  if (good == 0)
    throw data_error(fmt::format("{}: {} files, none of them a readable image", request.data, jobs.size()));
  fmt::print("{} of {} files translated {} into {}\n", good, jobs.size(), direction, request.out);
  if (stretched > 0) {
    fmt::print("{} of them are of another shape than the run's {}x{}: stretched to it, and back afterwards\n",
               stretched, from.width, from.height);
  }
  if (!request.sheet.empty()) sheet.write(request, run, translator, direction);
  return good == jobs.size() ? ExitCode::ok : ExitCode::data;
}

ExitCode translate(const TranslateRequest& request) {
  const auto run = Run::open(request.run, request.device, warn);
  auto& translator = *need(run->model().translator(), *run, Capability::translator);
  const auto direction = direction_of(request, translator);
  const bool first = direction.front() == 'a';
  const auto& shape = run->shape();
  const auto& from = first || shape.others.empty() ? shape : shape.others[0];
  if (fs::is_directory(request.data)) return translate_folder(request, *run, translator, direction, from);

  auto options = fitted_options(*run, request.data);
  if (!request.data.empty()) ask_for(options, from);
  auto set = load_dataset(options, Split::test);
  if (request.data.empty() && !first && !set.others.empty()) set = Dataset(set.others[0]);
  const auto out = Output::parse(request.out);
  const auto input = data_tensor(set);
  out.write(in_batches(*run, input, [&](const Tensor& x) { return translator.translate(x, direction); }));
  fmt::print("{} images of {} translated {} into {}\n", set.count, set.name, direction, request.out);
  if (!request.sheet.empty()) {
    Sheet sheet;
    sheet.add(input);
    sheet.write(request, *run, translator, direction);
  }
  return ExitCode::ok;
}

}  // namespace

void add_translate(Verb program) {
  auto request = std::make_shared<TranslateRequest>();
  auto verb = program.verb("translate", "Carry images from one domain of a run to the other");
  verb.option("run", request->run, "Folder of the run").required();
  verb.option(
      "--data", request->data,
      "Folder of images, with all below it; or a known set, whose test split is used [the run's own]");
  verb.option("--out", request->out,
              "DIR/: PNG files with the names and sizes of the folder's; for a set also F.png or F.npz");
  verb.option("--direction", request->direction, "a2b or b2a [the run's first]");
  verb.option("--sheet", request->sheet, "F.png: the first images above their translations");
  verb.option("--device", request->device, "auto, cpu or cuda");
  verb.does([request] { return translate(*request); });
}

}  // namespace belamy::cli
