// The verb `match`: finds the images that are most alike.
#include <fmt/format.h>
#include <optional>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/text.h"
#include "data/dataset.h"
#include "data/fit_image.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/similarity.h"

namespace belamy::cli {
namespace {

struct MatchRequest {
  RunRequest run;
  std::string query, text, folder, out, sheet;
  std::vector<std::string> images;
  std::int64_t show = 10;
};

constexpr std::int64_t kMatchColumns = 8, kMatchSheet = 32;

// uint8 [1, C, H, W], with the run's size and channels.
Tensor read_image(const Run& run, const std::string& path) {
  if (fs::is_directory(path)) throw data_error(path + ": this is a folder", "give an image file");
  if (!fs::exists(path)) throw data_error(path + ": there is no such file", "give an image file");
  const auto data = image_tensor(fitted(decode_image(Env::real().read(path), path), fitted_options(run)));
  return data.unsqueeze(0);
}

ExitCode match_two(const MatchRequest& request, const Run& run, const Similarity& similarity) {
  const auto found =
      similarity.between(read_image(run, request.images[0]), read_image(run, request.images[1]));
  fmt::print("{:.6g}  {}: {}, {}\n", found.item<double>(), similarity.how(), request.images[0],
             request.images[1]);
  return ExitCode::ok;
}

// Ranks a folder by its likeness to the query: a picture, or a text.
ExitCode match_folder(const MatchRequest& request, Run& run, const std::optional<Similarity>& similarity) {
  const auto options = whole_options(run, request.folder);
  auto inputs = inputs_of(request.run, options);
  if (!request.query.empty()) inputs.add_file(request.query);
  const auto ranks = optional_output("--out", request.out, OutputKind::csv, inputs);
  const auto sheet = optional_output("--sheet", request.sheet, OutputKind::png, inputs);
  const bool by_text = !similarity;
  const auto query = by_text ? asked_captions({request.text}, run) : read_image(run, request.query);
  const auto set = load_dataset(options, Split::test);
  check_fits(run, set);
  for (const auto& note : set.notes) warn(note);
  const auto data = data_tensor(set);
  Tensor found;
  std::string how = "cosine of text and image";
  if (by_text) {
    found = caption_similarity(run, query, data);
  } else {
    found = similarity->between(query, data);
    how = similarity->how();
  }
  found = found.squeeze(0).contiguous();
  const auto order = ranked(found);
  fmt::print("{} of {} by {}; the most similar first\n", format_count(set.count), set.name, how);
  tell_ranks(set, found, order, "similarity", request.show, ranks);
  if (sheet) {
    const auto n = std::min(kMatchSheet - !by_text, set.count);
    const std::vector<std::int64_t> best(order.begin(), order.begin() + n);
    auto shown = data.index_select(0, torch::tensor(best));
    if (!by_text) shown = torch::cat({query, shown});
    write_picture(*sheet, image_grid(to_model_range(shown), kMatchColumns));
    fmt::print("{}{} most similar: {}\n", by_text ? "the " : "the query and the ", n, request.sheet);
  }
  return ExitCode::ok;
}

ExitCode match(const MatchRequest& request) {
  const bool search =
      request.query.empty() != request.text.empty() && !request.folder.empty() && request.images.empty();
  const bool two =
      request.images.size() == 2 && request.query.empty() && request.text.empty() && request.folder.empty();
  if (!search && !two)
    throw usage_error(
        "match compares two images, or ranks a folder by an image or a text",
        "use match RUN A B, match RUN --query F --folder DIR, or match RUN --text T --folder DIR");
  const auto run = request.run.open();
  std::optional<Similarity> similarity;  // of images
  if (request.text.empty()) similarity.emplace(*run);
  if (!run->shape().is_images())
    throw usage_error(run->recipe().name + " was trained on points, not on images");
  return two ? match_two(request, *run, *similarity) : match_folder(request, *run, similarity);
}

}  // namespace

void add_match(Verb program) {
  auto request = std::make_shared<MatchRequest>();
  auto verb = program.verb("match", "Measure by a run how similar two images are, or rank a folder");
  add_run(verb, request->run);
  verb.option("images", request->images, "A B: two image files").values(0, 2);
  verb.option("--query", request->query, "Image file to search the folder for");
  verb.option("--text", request->text, "Text to search the folder for, with a run that learned captions");
  verb.option(
      "--folder", request->folder,
      "Folder or archive of images, or a known data set: its test split, or all of it if it has none");
  verb.option("-n,--count", request->show, "Number of lines to print").between(0, 10'000'000);
  verb.option("--out", request->out, "F.csv: rank, similarity, name and label of every image");
  verb.option("--sheet", request->sheet, "F.png: the query and the most similar images");
  verb.does([request] { return match(*request); });
}

}  // namespace belamy::cli
