// The settings that every run has, whatever its model: data, training, each player's optimiser, stages. No
// torch here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "belamy/config.h"

namespace belamy {

/// What a model asks of the sides of its images, in pixels. Images of two domains have one size for all
/// models.
struct ImageSides {
  bool square = false;
  std::int64_t smallest = 1;  ///< of the shorter side
  std::int64_t largest = 0;   ///< of the longer side; 0: any
};

/// The [data] table of a recipe.
struct DataOptions {
  std::string source = "glyphs";   ///< name of a known set, or a path
  std::string target;              ///< a second domain, unpaired: a known set, or a path; empty: none
  std::int64_t target_limit = 0;   ///< use at most this many training images of the target; 0: all
  std::string pairs = "none";      ///< where the two sides of a pair come from
  std::vector<std::string> sides;  ///< pairs = "classes": the classes that are A and B
  bool unpaired = false;           ///< forget which belong together
  double different = 1;            ///< pairs = "random": pairs of two classes for each pair of one class
  double near = 0;                 ///< pairs = "random": share of pairs of two classes that lie in one folder
  bool flip = false;               ///< training: mirrored left to right, half of the time
  std::int64_t shift = 0;          ///< training: moved by up to so many pixels along both axes
  bool affine = false;             ///< training: turned, sheared, scaled and moved a little
  std::int64_t size = 0;           ///< side of the square images; 0: as they are, or chosen (ImageSides)
  std::int64_t channels = 0;       ///< 1 or 3; 0: as they are, or chosen where they differ
  std::string fit = "crop";
  std::vector<std::string> classes;     ///< names or numbers: only these, in every split; empty: all
  std::vector<std::string> attributes;  ///< names of attributes: only these; empty: all
  std::string binarize = "none";  ///< "threshold" at half, "sample": one seeded Bernoulli draw of each value
  std::int64_t limit = 0;         ///< use at most this many training images (seeded choice); 0: all
  double holdout = 0.1;           ///< share kept as test set where the source has none of its own
  /// Training examples kept aside for Split::validation (a seeded choice, the same for any `classes`); not
  /// needed, and without effect, where the source has a validation set of its own.
  std::int64_t validation = 0;
  std::int64_t labelled = 0;  ///< semi-supervised: labels kept, as many of each class; 0: all
  std::int64_t seed = 1;      ///< of limit, hold-out, validation, labelled, binarize and synthetic sets
  /// Size or channels were not set, and Belamy has chosen them: the data's notes say so. No setting.
  bool chosen = false;

  void fields(Fields& f);
};

/// The [train] table.
struct TrainOptions {
  std::int64_t steps = 0;    ///< 0: `epochs` decides
  std::int64_t epochs = 10;  ///< passes over the training set, where `steps` is 0
  std::int64_t batch = 64;
  std::int64_t seed = 1;
  std::string device = "auto";
  std::string precision = "f32";
  std::int64_t threads = 0;             ///< 0: what is fastest now, tried while the training runs
  std::string thread_plan;              ///< threads.csv of a run that is to be repeated, instead of trying
  std::string commands;                 ///< commands.csv of a steered run that is to be repeated
  bool fast = true;                     ///< layers take Belamy's own faster paths where there are some
  double log_seconds = 2.0;             ///< time between two lines; 0: every step
  std::int64_t checkpoint_every = 500;  ///< steps
  std::int64_t keep = 2;                ///< checkpoints
  std::int64_t sample_every = 250;      ///< steps between two sample grids
  std::int64_t samples = 64;            ///< images in a grid

  void fields(Fields& f);
};

/// How one player's parameters move: the table [optimizer.NAME].
struct PlayerOptions {
  std::string optimizer = "adam";
  double lr = 1e-3;
  double beta1 = 0.9;  ///< of Adam; momentum of SGD
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< decoupled (AdamW), times lr
  double clip = 0;          ///< gradients are scaled down to this norm; 0: off
  std::string schedule = "constant";
  double schedule_start = 0;  ///< share of the stage after which the schedule begins
  std::int64_t warmup = 0;    ///< steps of linear warm-up
  double average = 0;         ///< decay of the exponential moving average of the weights; 0: none

  void fields(Fields& f);
};

/// One [[stage]] of a recipe: the model's step sees its name; the settings given in it hold from its first
/// step on.
struct StageOptions {
  std::string name = "main";
  std::int64_t steps = 0;
  std::int64_t batch = 0;             ///< examples a step; 0: train.batch
  std::vector<std::string> settings;  ///< "optimizer.generator.lr=1e-5": what differs from the run's
};

/// A player as a model declares it: its name and the optimiser its paper uses.
struct PlayerInfo {
  std::string name;
  PlayerOptions defaults;
};

/// A model's own settings: the table [model].
class ModelConfig {
 public:
  virtual ~ModelConfig() = default;
  virtual void fields(Fields& f) = 0;
  /// Settings that matter only when a trained run is used, such as the steps of a sampler: the table [use]. A
  /// verb that opens a run may set them anew.
  virtual void use_fields(Fields& f) {}
};

}  // namespace belamy
