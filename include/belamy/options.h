// The settings that every run has, whatever its model: data, training, each player's optimiser, stages.
// `fields` lists the choices and ranges. Does not need LibTorch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "belamy/config.h"

namespace belamy {

/// A model's requirements on the sides of its images, in pixels.
struct ImageSides {
  bool square = false;
  std::int64_t smallest = 1;  ///< least length of the shorter side
  std::int64_t largest = 0;   ///< greatest length of the longer side; 0: any
  /// Whether images of B must be a whole number of times, two or more, as large as those of A. Otherwise those of
  /// both domains must have one size.
  bool enlarges = false;
};

/// The [data] table of a recipe.
struct DataOptions {
  std::string source = "glyphs";   ///< name of a known set, or a path
  std::string target;              ///< a second domain, unpaired: a known set, or a path; empty: none
  std::int64_t target_limit = 0;   ///< use at most this many training images of the target; 0: all
  std::string pairs = "none";      ///< where the two sides of a pair come from
  std::vector<std::string> sides;  ///< pairs = "classes": the classes that are A and B
  std::int64_t factor = 4;         ///< pairs = "reduced" or "low-resolution": how much smaller A is than B
  bool unpaired = false;           ///< use pairs as two domains, without their correspondence
  double different = 1;            ///< pairs = "random": pairs of two classes for each pair of one class
  double near = 0;                 ///< pairs = "random": share of the pairs of two classes from one folder
  bool flip = false;               ///< in training, mirror half of the images left to right
  std::int64_t shift = 0;          ///< in training, move images by up to this many pixels along both axes
  bool affine = false;             ///< in training, rotate, shear, scale and move images a little
  std::int64_t size = 0;           ///< side of the square images; 0: as they are, or chosen (ImageSides)
  std::int64_t width = 0;          ///< with `height`: the size of images that are not square; 0: `size`
  std::int64_t height = 0;
  std::int64_t channels = 0;  ///< 1 or 3; 0: as they are, or chosen if they differ
  std::int64_t memory = 512;  ///< MiB of pixels that lie in memory; more lie in a file
  std::string fit = "crop";   ///< how an image of another shape gets that of the size
  std::string window;         ///< medical images: "CENTRE/WIDTH" of the values shown; empty: the file's
  std::int64_t axis = 3;      ///< NIfTI: volumes are cut into slices along this axis, 1 to 3
  std::vector<std::string> classes;     ///< names or numbers: only these, in every split; empty: all
  std::vector<std::string> attributes;  ///< names of attributes: only these; empty: all
  std::string binarize = "none";  ///< "threshold": at half; "sample": one seeded Bernoulli draw of each value
  std::int64_t limit = 0;         ///< use at most this many training images (seeded choice); 0: all
  double holdout = 0.1;           ///< share kept as test set if the source has none of its own
  /// Training examples set aside for Split::validation (a seeded choice, the same for any `classes`). Without
  /// effect if the source has a validation set of its own.
  std::int64_t validation = 0;
  std::int64_t labelled = 0;  ///< semi-supervised: labels kept, equally many of each class; 0: all
  std::int64_t seed = 1;      ///< seed of limit, holdout, validation, labelled, binarize and synthetic sets
  /// Not a setting: Belamy has chosen the size or the channels, which were not set.
  bool chosen = false;

  void fields(Fields& f);
};

/// The [train] table.
struct TrainOptions {
  std::int64_t steps = 0;    ///< 0: `epochs` decides
  std::int64_t epochs = 10;  ///< passes over the training set, if `steps` is 0
  std::int64_t batch = 64;
  std::int64_t seed = 1;
  std::string device = "auto";
  std::string precision = "f32";
  std::int64_t threads = 0;  ///< 0: the fastest number, found while the training runs
  std::string thread_plan;   ///< threads.csv of a run to repeat: its numbers of threads
  std::string commands;      ///< commands.csv of a steered run to repeat
  bool fast = true;          ///< use Belamy's own code for layers where it is faster than LibTorch's
  double log_seconds = 2.0;  ///< seconds between two log lines; 0: every step
  std::int64_t checkpoint_every = 500;  ///< steps
  std::int64_t keep = 2;                ///< number of newest checkpoints to keep
  std::int64_t sample_every = 250;      ///< steps between two sample grids
  std::int64_t samples = 64;            ///< images in a grid

  void fields(Fields& f);
};

/// The optimiser of one player: the table [optimizer.NAME].
struct PlayerOptions {
  std::string optimizer = "adam";
  double lr = 1e-3;
  double beta1 = 0.9;                 ///< decay of Adam's first moment; momentum of SGD
  double beta2 = 0.999;               ///< decay of the second moment of Adam and RMSprop
  double epsilon = 1e-8;              ///< added to the root of the second moment
  double weight_decay = 0;            ///< decoupled (AdamW), times lr
  double clip = 0;                    ///< gradients are scaled down to this norm; 0: off
  std::string schedule = "constant";  ///< of the learning rate; linear and cosine fall to zero over the stage
  double schedule_start = 0;          ///< share of the stage at the full learning rate, before the schedule
  std::int64_t warmup = 0;            ///< steps of linear warm-up
  double average = 0;                 ///< decay of the exponential moving average of the weights; 0: none

  void fields(Fields& f);
};

/// One [[stage]] of a recipe. The model's step sees its name, and its settings replace the run's during
/// the stage.
struct StageOptions {
  std::string name = "main";
  std::int64_t steps = 0;
  std::int64_t batch = 0;             ///< examples per step; 0: train.batch
  std::vector<std::string> settings;  ///< "optimizer.generator.lr=1e-5": changes to the run's settings
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
  /// Settings that matter only when a trained run is used, such as the steps of a sampler: the table [use].
  /// Run::open can change them.
  virtual void use_fields(Fields& f) {}
};

}  // namespace belamy
