#include "belamy/options.h"

namespace belamy {

using Names = std::vector<std::string>;

void TrainOptions::fields(Fields& f) {
  f.add("steps", steps, {0, 1'000'000'000}, "length of the run in steps; 0: as many as epochs needs");
  f.add("epochs", epochs, {1, 1'000'000}, "passes over the training set, if steps is 0");
  f.add("batch", batch, {1, 65536}, "examples per step");
  f.add("seed", seed, {0, 1'000'000'000'000},
        "seed of weights, order and noise; the same seed gives the same run");
  f.add("device", device, Names{"auto", "cpu", "cuda"}, "device to compute on; auto: cuda if available");
  f.add("precision", precision, Names{"f32", "bf16"},
        "number format; bf16: products in bfloat16, weights and losses in f32");
  f.add("threads", threads, {0, 1024},
        "number of threads; 0: the fastest, found by trials during the training, at most one per core");
  f.add("commands", commands,
        "commands.csv of a run that 'belamy steer' has changed, to repeat it bit for bit");
  f.add("thread_plan", thread_plan,
        "threads.csv of an earlier run, to use the same numbers of threads and repeat it bit for bit");
  f.add("fast", fast,
        "use Belamy's own code for layers where it is faster than LibTorch's; results agree up to rounding");
  f.add("log_seconds", log_seconds, {0, 86400}, "time between two log lines; 0: one line per step",
        "seconds");
  f.add("checkpoint_every", checkpoint_every, {1, 1'000'000'000}, "steps between two checkpoints");
  f.add("keep", keep, {1, 1'000'000}, "number of newest checkpoints to keep");
  f.add("sample_every", sample_every, {1, 1'000'000'000}, "steps between two sample grids");
  f.add("samples", samples, {1, 4096}, "number of images in a sample grid");
}

void PlayerOptions::fields(Fields& f) {
  f.add("optimizer", optimizer, Names{"adam", "sgd", "rmsprop"}, "optimisation algorithm");
  f.add("lr", lr, {0, 100}, "learning rate");
  f.add("beta1", beta1, {0, 0.999999}, "decay of Adam's first moment; momentum of SGD");
  f.add("beta2", beta2, {0, 0.99999999}, "decay of the second moment of Adam and RMSprop");
  f.add("epsilon", epsilon, {0, 1}, "number added to the root of the second moment");
  f.add("weight_decay", weight_decay, {0, 100},
        "decoupled weight decay: weights shrink by lr * weight_decay per step");
  f.add("clip", clip, {0, 1e9}, "norm to which larger gradients are scaled down; 0: off");
  f.add("schedule", schedule, Names{"constant", "linear", "cosine"},
        "course of the learning rate over the stage; linear and cosine fall to zero");
  f.add("schedule_start", schedule_start, {0, 1},
        "share of the stage at the full learning rate, before the schedule begins");
  f.add("warmup", warmup, {0, 1'000'000'000},
        "first steps of the stage, in which the learning rate rises linearly from zero");
  f.add("average", average, {0, 0.9999999},
        "decay of the moving average of the weights, used for samples; 0: none");
}

}  // namespace belamy
