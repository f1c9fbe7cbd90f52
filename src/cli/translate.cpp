// The verb `translate`: translates pictures to the other domain.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/output_paths.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "data/formats.h"
#include "data/walk.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"
#include "use/in_tiles.h"

namespace belamy::cli {
namespace {

struct TranslateRequest {
  RunRequest run;
  std::string data, out = "translated/", direction, sheet;
};

constexpr std::size_t kAtOnce = 128;
constexpr std::int64_t kColumns = 8, kSheet = 32;

Direction direction_of(const TranslateRequest& request, const Translator& translator) {
  const auto known = translator.directions();
  if (request.direction.empty()) return known.front();
  const auto direction = direction_called(request.direction);
  if (!direction || !translator.knows(*direction)) {
    std::vector<std::string> names;
    for (const auto each : known) names.push_back(direction_name(each));
    throw usage_error(fmt::format("--direction {}: this run has no such direction", request.direction),
                      fmt::format("choose one of {}", fmt::join(names, ", ")));
  }
  return *direction;
}

// An image file, and the path of its translation.
struct Job {
  fs::path file;
  OutputPath out;
  Image image;
};

// A picture of the first inputs and their translations.
class Sheet {
 public:
  void add(const Tensor& input) {
    if (!input_.defined()) {
      input_ = input.narrow(0, 0, std::min(kSheet, input.size(0)));
    } else if (input_.size(0) < kSheet) {
      input_ = torch::cat({input_, input.narrow(0, 0, std::min(kSheet - input_.size(0), input.size(0)))});
    }
  }
  void write(const OutputPath& file, const Run& run, Translator& translator, Direction direction) {
    const auto columns = std::min(kColumns, input_.size(0));
    const auto picture =
        translation_picture(translator, direction, to_model_range(input_).to(run.device()), {}, columns);
    write_picture(file, picture);
    fmt::print("inputs above translations: {}\n", file.string());
  }

 private:
  Tensor input_;  // uint8
};

// Translates all images below a folder. The translations keep the names, and the sizes unless the model enlarges.
class FolderTranslation {
 public:
  FolderTranslation(const TranslateRequest& request, const Run& run, Translator& translator,
                    Direction direction, const DataShape& from)
      : request_(request), run_(run), translator_(translator), direction_(direction), from_(from) {
    auto found = walk_folder(request.data);
    auto inputs = inputs_of(request.run);
    inputs.add_folder(request.data);
    add_files(inputs, request.data, found);
    const auto out = OutputPath::named("--out", request.out, {OutputKind::folder}, inputs);
    sheet_path_ = optional_output("--sheet", request.sheet, OutputKind::png, inputs);
    others_ = std::erase_if(found.names, is_company);
    const auto names = names_with_ending(found.names, ".png");
    for (std::size_t i = 0; i < names.size(); ++i)
      jobs_.push_back({fs::path(request.data) / found.names[i], out.below(names[i], png_mark, inputs), {}});
    if (jobs_.empty() && found.problems.empty())
      throw data_error(request.data + ": no images in it", "give a folder of images");
    for (const auto& problem : found.problems) leave_out(problem.file + ": " + problem.reason);
  }

  ExitCode run() {
    for (std::size_t begin = 0; begin < jobs_.size(); begin += kAtOnce) {
      const auto end = std::min(begin + kAtOnce, jobs_.size());
      translate({jobs_.begin() + static_cast<std::ptrdiff_t>(begin),
                 jobs_.begin() + static_cast<std::ptrdiff_t>(end)});
      progress_.update(fmt::format("{} of {}", format_count(static_cast<std::int64_t>(end)),
                                   counted(jobs_.size(), "image")));
    }
    progress_.finish();
    if (good_ == 0 && lost_ == 0)
      throw data_error(
          fmt::format("{}: no readable image among {}", request_.data, counted(jobs_.size(), "file")));
    if (good_ == 0) throw storage_error(last_loss_);
    tell();
    if (sheet_path_) sheet_.write(*sheet_path_, run_, translator_, direction_);
    return lost_ > 0 ? ExitCode::storage : left_out_ > 0 ? ExitCode::data : ExitCode::ok;
  }

 private:
  void leave_out(const std::string& why) {
    progress_.line("left out: " + why);
    ++left_out_;
  }

  // uint8 [C, H, W], of the run's shape unless the model takes any. The job keeps the image, for its size.
  std::optional<Tensor> read(Job& job) {
    try {
      job.image = decode_image(Env::real().read(job.file), job.file.string());
    } catch (const Error& error) {
      leave_out(error.what());
      return std::nullopt;
    }
    const auto coloured = convert_channels(job.image, static_cast<int>(from_.channels));
    if (translator_.any_size()) return image_tensor(coloured);
    stretched_ += job.image.width * from_.height != job.image.height * from_.width;
    return image_tensor(resize(coloured, static_cast<int>(from_.width), static_cast<int>(from_.height)));
  }

  void translate(std::vector<Job> jobs) {
    std::vector<const Job*> ready;
    std::vector<Tensor> inputs;
    for (auto& job : jobs) {
      if (auto input = read(job)) {
        inputs.push_back(*input);
        ready.push_back(&job);
      }
    }
    if (ready.empty()) return;
    const auto translation = [&](const Tensor& x) { return translator_.translate(x, direction_); };
    if (translator_.any_size()) {
      for (std::size_t i = 0; i < ready.size(); ++i) {
        const auto image = inputs[i].unsqueeze(0);
        sheet_.add(fitted_to_run(image));
        write(*ready[i], to_images(in_batches(run_, image, [&](const Tensor& x) {
          return in_tiles(x, translator_.enlargement(), translation);
        }))[0]);
      }
      return;
    }
    const auto input = torch::stack(inputs);
    const auto made = to_images(in_batches(run_, input, translation));
    for (std::size_t i = 0; i < ready.size(); ++i) write(*ready[i], made[i]);
    sheet_.add(input);
  }

  // The same image with the size of the run's, for the sheet: bytes [1, C, H, W].
  Tensor fitted_to_run(const Tensor& image) const {
    const auto whole = to_images(to_model_range(image))[0];
    return image_tensor(resize(whole, static_cast<int>(from_.width), static_cast<int>(from_.height)))
        .unsqueeze(0);
  }

  // A failed write does not stop the other ones, but kAtOnce failures in a row do, as on a full disk.
  void write(const Job& job, const Image& made) {
    try {
      const auto times = static_cast<int>(translator_.enlargement());
      write_picture(job.out, resize(made, times * job.image.width, times * job.image.height));
      ++good_;
      lost_in_a_row_ = 0;
    } catch (const Error& error) {
      if (++lost_in_a_row_ == kAtOnce) throw;
      ++lost_;
      last_loss_ = error.what();
      progress_.line("not written: " + last_loss_);
    }
  }

  void tell() const {
    fmt::print("{} of {} translated {} into {}\n", good_, counted(jobs_.size(), "file"),
               direction_name(direction_), request_.out);
    if (translator_.enlargement() > 1)
      fmt::print("each {} times as wide and high\n", translator_.enlargement());
    if (stretched_ > 0) {
      fmt::print(
          "{} of them have another aspect ratio than the run's {}x{}: stretched to it, and back afterwards\n",
          stretched_, from_.width, from_.height);
    }
    if (others_ > 0) fmt::print("{} left out: not named as an image\n", counted(others_, "other file"));
    if (lost_ > 0) fmt::print("{} could not be written\n", counted(lost_, "translation"));
  }

  const TranslateRequest& request_;
  const Run& run_;
  Translator& translator_;
  Direction direction_;
  const DataShape& from_;
  std::vector<Job> jobs_;
  std::optional<OutputPath> sheet_path_;
  Sheet sheet_;
  Progress progress_;
  std::size_t good_ = 0, stretched_ = 0, others_ = 0, left_out_ = 0, lost_ = 0, lost_in_a_row_ = 0;
  std::string last_loss_;
};

ExitCode translate(const TranslateRequest& request) {
  const auto run = request.run.open();
  auto& translator = *require_capability(run->model().translator(), *run, Capability::translator);
  const auto direction = direction_of(request, translator);
  const bool first = direction == Direction::a2b;
  const auto& shape = run->shape();
  const auto& from = first || shape.others.empty() ? shape : shape.others[0];
  if (fs::is_directory(request.data))
    return FolderTranslation(request, *run, translator, direction, from).run();

  auto options = fitted_options(*run, request.data);
  if (!request.data.empty()) ask_for(options, from);
  const auto inputs = inputs_of(request.run, options);
  const Output out(request.out, inputs);
  const auto sheet_path = optional_output("--sheet", request.sheet, OutputKind::png, inputs);
  auto set = load_dataset(options, Split::test);
  if (request.data.empty() && !first && !set.others.empty()) set = Dataset(set.others[0]);
  check_fits(*run, set, from);
  const auto input = data_tensor(set);
  out.write(in_batches(*run, input, [&](const Tensor& x) { return translator.translate(x, direction); }));
  fmt::print("{} of {} translated {} into {}\n", counted(set.count, "image"), set.name,
             direction_name(direction), request.out);
  if (sheet_path) {
    Sheet sheet;
    sheet.add(input);
    sheet.write(*sheet_path, *run, translator, direction);
  }
  return ExitCode::ok;
}

}  // namespace

void add_translate(Verb program) {
  auto request = std::make_shared<TranslateRequest>();
  auto verb = program.verb("translate", "Translate images from one domain of a run to the other");
  add_run(verb, request->run);
  verb.option("--data", request->data,
              "Folder of images, sub-folders included, or a known data set: its test split [the run's data]");
  verb.option(
      "--out", request->out,
      "DIR/: PNG files with the names of the inputs, and their sizes unless the model enlarges; for a data "
      "set also F.png or F.npz");
  verb.option("--direction", request->direction, "Direction: a2b or b2a [the run's first]");
  verb.option("--sheet", request->sheet, "F.png: the first images above their translations");
  verb.does([request] { return translate(*request); });
}

}  // namespace belamy::cli
