// Uses the installed headers and library as another project would: settings, the list of models, samples of
// an untrained model, errors. Prints one line for consumer_test.sh.

#include <iostream>
#include <torch/types.h>

#include "belamy/config.h"
#include "belamy/error.h"
#include "belamy/model.h"

int main() {
  const auto& info = belamy::find_model("gan");
  const auto config = info.config();
  belamy::Fields fields;
  config->fields(fields);
  fields.set_text("latent=8");

  belamy::DataShape plane;
  plane.dimension = 2;
  const auto generator = at::detail::createCPUGenerator(1);
  const auto model = info.make(plane, *config, generator, {});
  model->eval();
  const auto points = model->sampler()->sample({5, generator});
  if (!torch::isfinite(points).all().item<bool>()) return 1;

  try {
    belamy::find_model("gam");
  } catch (const belamy::Error& error) {
    std::cout << "points " << points.size(0) << "x" << points.size(1) << ", exit code "
              << static_cast<int>(error.code()) << "\n";
  }
}
