// The verb `localise`: shows where in images a class is.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "metrics/localisation.h"
#include "pictures/localisation.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/localisation.h"

namespace belamy::cli {
namespace {

struct LocaliseRequest {
  RunRequest run;
  std::string data, name, out = "localisation.png", boxes;
  double threshold = 0.2;
  std::int64_t n = 16;
};

constexpr std::int64_t kMapColumns = 8;

std::string csv_of(const Dataset& set, const Localisation& found, const std::vector<std::string>& names) {
  std::string csv = "name,class,belief,left,top,right,bottom\n";
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto& box = found.boxes[static_cast<std::size_t>(i)];
    csv += fmt::format("{},{},{:.6f},", quoted(set.name_of(i)),
                       quoted(names[static_cast<std::size_t>(found.classes[i].item<std::int64_t>())]),
                       found.beliefs[i].item<float>());
    csv += box ? fmt::format("{},{},{},{}\n", box->left, box->top, box->right, box->bottom)
               : std::string(",,,\n");
  }
  return csv;
}

void tell_overlap(const Dataset& set, const Localisation& found) {
  if (set.boxes.empty()) return;
  double sum = 0;
  std::int64_t half = 0;
  for (std::size_t i = 0; i < set.boxes.size(); ++i) {
    const auto overlap = found.boxes[i] ? overlap_of(*found.boxes[i], set.boxes[i]) : 0;
    sum += overlap;
    half += overlap >= 0.5;
  }
  fmt::print("overlap with the true boxes (IoU): {:.3f} on average, 0.5 or more in {} of {}\n",
             sum / static_cast<double>(set.count), format_count(half), format_count(set.count));
}

ExitCode localise_classes(const LocaliseRequest& request) {
  const auto run = request.run.open();
  require_capability(run->model().localiser(), *run, Capability::localiser);
  const auto& names = run->shape().class_names;
  std::optional<std::int64_t> asked;
  if (!request.name.empty()) asked = class_numbers({request.name}, names, run->recipe().name).at(0);
  const bool foreign = !request.data.empty() && request.data != run->recipe().data.source;
  const auto options = foreign ? whole_options(*run, request.data) : fitted_options(*run, request.data);
  const auto inputs = inputs_of(request.run, options);
  const auto picture = picture_output("--out", request.out, inputs);
  const auto boxes = optional_output("--boxes", request.boxes, OutputKind::csv, inputs);
  const auto set = load_dataset(options, Split::test);
  check_fits(*run, set);
  for (const auto& note : set.notes) warn(note);
  const auto data = data_tensor(set);
  const auto found = localise(*run, data, request.threshold, asked);
  const auto n = std::min(request.n, set.count);
  const auto known =
      set.boxes.empty() ? std::vector<Box>() : std::vector<Box>(set.boxes.begin(), set.boxes.begin() + n);
  write_picture(picture,
                localisation_picture(to_model_range(data.narrow(0, 0, n)), found.maps.narrow(0, 0, n),
                                     found.boxes, known, std::min(kMapColumns, n)));
  fmt::print(
      "{} of {} in {}: images, and below them the maps of {} with boxes\n", counted(n, "image"), set.name,
      request.out,
      asked ? fmt::format("class '{}'", names[static_cast<std::size_t>(*asked)]) : "the class that is named");
  if (boxes) {
    write_output(*boxes, csv_of(set, found, names));
    fmt::print("boxes of {} in {}\n", counted(set.count, "image"), request.boxes);
  }
  tell_overlap(set, found);
  return ExitCode::ok;
}

}  // namespace

void add_localise(Verb program) {
  auto request = std::make_shared<LocaliseRequest>();
  auto verb = program.verb("localise", "Show where in images a class is");
  add_run(verb, request->run);
  add_test_data_or_all(verb, request->data);
  verb.option("--class", request->name, "Class to look for, by name or number [the one that the run names]");
  verb.option("--threshold", request->threshold,
              "Share of a map's greatest value that places of the box have at least")
      .between(0, 1);
  verb.option("-n,--count", request->n, "Number of images in the picture").between(1, 10'000);
  verb.option("--out", request->out, "F.png: images, and below them the maps with boxes");
  verb.option("--boxes", request->boxes, "F.csv: name, class, belief and box of every image, in pixels");
  verb.does([request] { return localise_classes(*request); });
}

}  // namespace belamy::cli
