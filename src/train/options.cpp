#include "belamy/options.h"

namespace belamy {

using Names = std::vector<std::string>;

void TrainOptions::fields(Fields& f) {
  f.add("steps", steps, {0, 1'000'000'000}, "steps of the run; 0: epochs decides");
  f.add("epochs", epochs, {1, 1'000'000}, "passes over the training set, where steps is 0");
  f.add("batch", batch, {1, 65536}, "examples a step");
  f.add("seed", seed, {0, 1'000'000'000'000}, "of weights, order and noise; same seed, same run");
  f.add("device", device, Names{"auto", "cpu", "cuda"}, "where to compute; auto: cuda where there is one");
  f.add("precision", precision, Names{"f32", "bf16"},
        "bf16: products in bfloat16, weights and losses in f32");
  f.add(
      "threads", threads, {0, 1024},
      "0: what is fastest, found by trying at the start and while the training runs, one for each core at most");
  f.add("commands", commands,
        "commands.csv of a steered run, to repeat it bit by bit ('belamy steer' gives commands)");
  f.add("thread_plan", thread_plan,
        "threads.csv of an earlier run: the numbers of threads that it took, to repeat it bit by bit");
  f.add("fast", fast,
        "layers take Belamy's own paths where these are faster than LibTorch's; the values agree up to "
        "rounding");
  f.add("log_seconds", log_seconds, {0, 86400}, "time between two lines; 0: a line a step", "seconds");
  f.add("checkpoint_every", checkpoint_every, {1, 1'000'000'000}, "steps between two checkpoints");
  f.add("keep", keep, {1, 1'000'000}, "newest checkpoints that are kept");
  f.add("sample_every", sample_every, {1, 1'000'000'000}, "steps between two sample grids");
  f.add("samples", samples, {1, 4096}, "images in a grid");
}

void PlayerOptions::fields(Fields& f) {
  f.add("optimizer", optimizer, Names{"adam", "sgd", "rmsprop"}, "how the weights follow the gradient");
  f.add("lr", lr, {0, 100}, "learning rate");
  f.add("beta1", beta1, {0, 0.999999}, "Adam's first moment, SGD's momentum");
  f.add("beta2", beta2, {0, 0.99999999}, "second moment of Adam and RMSprop");
  f.add("epsilon", epsilon, {0, 1}, "added to the root of the second moment");
  f.add("weight_decay", weight_decay, {0, 100}, "decoupled: weights shrink by lr * weight_decay a step");
  f.add("clip", clip, {0, 1e9}, "greatest norm of the gradient; 0: off");
  f.add("schedule", schedule, Names{"constant", "linear", "cosine"},
        "of the learning rate over the stage, to zero");
  f.add("schedule_start", schedule_start, {0, 1},
        "share of the stage with the whole learning rate, before the schedule begins");
  f.add("warmup", warmup, {0, 1'000'000'000}, "steps in which the learning rate rises from zero");
  f.add("average", average, {0, 0.9999999},
        "decay of the moving average of the weights, used for samples; 0: none");
}

}  // namespace belamy
