// The pictures that a training draws of its model: a table of views, one line each in views.def.
#pragma once

#include <functional>
#include <string>
#include <torch/types.h>
#include <utility>
#include <vector>

#include "belamy/model.h"

#include "data/dataset.h"
#include "data/image.h"

namespace belamy {

/// What a view may draw from. The model is in evaluation mode, gradients are off. Data are fetched only when a
/// view asks for them.
struct ViewContext {
  Model& model;
  const DataShape& shape;
  torch::Device device;
  at::Generator generator;  ///< same seed for every picture of a run, so that grids show the same latents
  std::int64_t count = 0;   ///< approximate number of images in a picture (train.samples)
  /// The first training examples of a domain, in the model's range.
  std::function<Tensor(std::int64_t count, std::size_t domain)> examples;
  /// A batch of the training data, or of test data.
  std::function<Batch(Split)> batch;
  /// The test data. Throws a data error if the run has none.
  std::function<const Dataset&()> test;
  /// Told the share of the drawing that is done, if drawing takes many steps. False: draw no further. May be empty.
  std::function<bool(double done)> progress = {};

  /// A request for `count` samples of this picture.
  SampleRequest request(std::int64_t count) const { return {count, generator, {}, progress}; }
};

/// Colours as "#rrggbb" and what each stands for.
using Legend = std::vector<std::pair<std::string, std::string>>;

struct View {
  std::string key;    ///< "samples"
  std::string title;  ///< "Samples": the heading in the report, and the name of a picture made at the end
  /// `progress`: drawn every train.sample_every steps, by the first such view of the table that fits.
  /// `end`: drawn once, when the training stops. `end_unseen`: the same, from test data.
  enum class Time { progress, end, end_unseen } time;
  std::function<bool(const ModelInfo&, const DataShape&)> fits;
  std::function<Image(const ViewContext&)> draw;           ///< no pixels: nothing to show
  std::function<Legend(Model&, const DataShape&)> legend;  ///< may be empty
};

/// All views, in the order of views.def.
const std::vector<View>& all_views();

/// The first view of a run's progress that fits; null if there is none.
const View* progress_view(const ModelInfo& model, const DataShape& shape);

}  // namespace belamy
