// The verb `reconstruct`: reconstructs test data.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy::cli {

void add_reconstruct(Verb program) {
  struct Request {
    RunRequest run;
    std::string data, out = "reconstruction.png";
    std::int64_t n = 32;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("reconstruct", "Encode and decode data with a run, and measure the error");
  add_run(verb, request->run);
  add_test_data(verb, request->data);
  verb.option("-n,--count", request->n, "Number of examples").between(1, 10'000'000);
  verb.option("--out", request->out,
              "F.png: originals above reconstructions; F.npz or DIR/: reconstructions");
  verb.does([request] {
    const auto run = request->run.open();
    auto* reconstructor = require_capability(run->model().reconstructor(), *run, Capability::reconstructor);
    const auto options = fitted_options(*run, request->data);
    const Output out(request->out, inputs_of(request->run, options));
    const auto dataset = load_dataset(options, Split::test);
    check_fits(*run, dataset);
    const auto n = std::min(request->n, dataset.count);
    const auto original = to_model_range(data_tensor(dataset).narrow(0, 0, n));
    const auto copy =
        in_batches(*run, original, [&](const Tensor& x) { return reconstructor->reconstruct(x); });
    if (out.kind() == OutputKind::png && run->shape().is_images()) {
      const auto columns = std::min<std::int64_t>(n, 16);
      write_picture(out.path(), reconstruction_picture(original, copy, columns));
    } else {
      out.write(copy);
    }
    const auto error = (copy - original).square().flatten(1).sum(1).mean().item<double>() *
                       (run->shape().is_images() ? 0.25 : 1);
    fmt::print("{} in {}; squared error {:.3f} each (sum over values in [0, 1])\n",
               counted(n, "reconstruction"), request->out, error);
    if (n < request->n)
      fmt::print("--count asks for {}, but {} has no more examples\n", format_count(request->n),
                 dataset.name);
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
