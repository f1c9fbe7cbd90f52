// The verb `train`: trains a recipe.
#include <csignal>
#include <filesystem>
#include <fmt/format.h>

#include "belamy/group.h"
#include "belamy/recipe.h"
#include "belamy/trainer.h"

#include "cli/launch.h"
#include "cli/outputs.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "core/contradictions.h"
#include "core/cores.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/shell.h"
#include "core/text.h"
#include "data/dataset.h"
#include "store/run_folder.h"
#include "train/machine.h"
#include "train/run_report.h"
#include "train/session.h"
#include "train/training_data.h"

namespace belamy::cli {
namespace {

std::string tick_line(const Tick& tick) {
  std::string line =
      fmt::format("step {}/{}  epoch {:.2f}", format_count(tick.step), format_count(tick.total), tick.epoch);
  for (const auto& [name, value] : tick.values) {
    if (name.rfind("loss/", 0) == 0) line += fmt::format("  {} {:.4g}", name.substr(5), value);
  }
  return line + fmt::format("  {}/s  left {}  {}", format_rate(tick.examples_per_second),
                            format_duration(tick.seconds_left), format_bytes(tick.memory));
}

// A resumed run takes its settings from its folder. The command may name the recipe again and override
// some of them.
std::unique_ptr<Recipe> recipe_of(const TrainRequest& request, const fs::path& out, bool going_on) {
  if (!going_on) return Recipe::load(request.recipe, request.overrides);
  auto recipe = recipe_in(RunFolder::read(Env::real(), out), request.overrides);
  if (!request.recipe.empty()) {
    const auto named = Recipe::load(request.recipe);
    if (named->name != recipe->name || named->model != recipe->model) {
      throw usage_error(
          fmt::format("{} holds a run of '{}', not of '{}'", out.string(), recipe->name, named->name),
          fmt::format("resume it with: belamy train --resume --out {}; or choose another --out",
                      shell_word(out.string())));
    }
  }
  return recipe;
}

}  // namespace

TrainingOutcome train_in_folder(const Recipe& recipe, const fs::path& out, bool resume, Progress& progress,
                                Group& group) {
  const StopSignals signals;
  TrainingHooks hooks;
  hooks.tick = [&](const Tick& tick) { progress.update(tick_line(tick)); };
  hooks.message = [&](const std::string& text) { progress.line("note: " + text); };
  hooks.stop = [&] { return signals.came(); };
  return train(recipe, out, resume, hooks, group);
}

namespace {

// Process 0, or the only one.
ExitCode train_first(const TrainRequest& request, Group& group) {
  if (request.recipe.empty() && !request.resume) {
    throw usage_error("train needs a recipe or a model", "'belamy recipes' and 'belamy models' list them");
  }
  if (request.recipe.empty() && request.out.empty()) {
    throw usage_error("--resume needs --out DIR, or the recipe of the run");
  }
  const auto named =
      request.out.empty() ? "runs/" + Recipe::load(request.recipe, request.overrides)->name : request.out;
  const auto out = OutputPath::named("--out", named, {OutputKind::folder}).path();
  const bool going_on = request.resume && Env::real().exists(out / RunFolder::settings_file);
  if (request.resume && !going_on) {
    if (request.recipe.empty()) RunFolder::read(Env::real(), out);  // says what is wrong with the folder
    warn(fmt::format("{} holds no run to resume; a new run starts", out.string()));
  }
  const auto recipe = recipe_of(request, out, going_on);
  refuse_contradictions(recipe->fields(), request.overrides, request.typed);
  // Pictures written among the data would become data of the next run.
  if (!going_on) OutputPath::named("--out", named, {OutputKind::folder}, inputs_of(recipe->data));

  if (request.dry_run) {
    const auto device = prepare_machine(recipe->train);
    const auto [settled, data] = training_data(*recipe);
    Session session(*settled, data, device);
    for (const auto& note : data.notes) fmt::print("# {}\n", note);
    fmt::print("{}\n", settled->resolved());
    for (const auto& player : session.state().players()) {
      std::int64_t count = 0;
      for (const auto& p : player->parameters()) count += p.numel();
      fmt::print("# player {}: {}\n", player->name(), counted(count, "parameter"));
    }
    fmt::print("# {}, {}, would be written to {}\n", counted(data.count, "example"),
               counted(recipe->total_steps(data.count), "step"), out.string());
    return ExitCode::ok;
  }

  Progress progress;
  if (const auto slow = blas_warning(); !slow.empty()) progress.line("warning: " + slow);
  if (const auto threads = recipe->train.threads; threads > allowed_cores()) {
    progress.line(
        fmt::format("warning: train.threads={}, but only {} may be used; threads that share a core wait",
                    threads, counted(allowed_cores(), "core")));
  }
  progress.line(fmt::format("{}: {}; folder {}", recipe->name, recipe->model->summary, out.string()));
  if (!group.is_single())
    progress.line(
        fmt::format("{} processes, each with {} and its part of the batch of {}", group.size(),
                    counted(recipe->train.threads > 0 ? recipe->train.threads : group.threads(), "thread"),
                    recipe->train.batch));
  group.exchange(recipe->resolved());
  const auto outcome = train_in_folder(*recipe, out, request.resume, progress, group);
  progress.finish();
  if (!outcome.finished) {
    say_error(fmt::format(
        "stopped after step {}, everything is saved; resume with: belamy train --resume --out {}\n",
        format_count(outcome.step), shell_word(out.string())));
    return ExitCode::interrupted;
  }
  if (outcome.steps == 0) {
    fmt::print("nothing to do: the run is complete after {}\n", counted(outcome.step, "step"));
  } else {
    fmt::print("done: {} in {}\n", counted(outcome.steps, "step"), format_duration(outcome.seconds));
  }
  fmt::print("  report  {}\n  use     {}\n", (out / RunFolder::report_file).string(),
             use_of(*recipe->model, out));
  return ExitCode::ok;
}

// Any other process. It takes the settings of process 0, and prints nothing.
ExitCode train_other(Group& group) {
  const StopSignals signals;
  TrainingHooks hooks;
  hooks.stop = [&] { return signals.came(); };
  const auto recipe = Recipe::parse(group.exchange("")[0], "the settings of process 0");
  return train(*recipe, {}, false, hooks, group).finished ? ExitCode::ok : ExitCode::interrupted;
}

}  // namespace

ExitCode train_and_tell(const TrainRequest& request) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of the output may exit before training starts
  if (request.dry_run || request.processes == 1) return train_first(request, Group::single());
  if (request.processes > 1 && !is_one_of_several()) return run_in_processes(request.processes);
  const auto group =
      Group::join([](const std::string& text) { say_error(fmt::format("belamy: {}\n", text)); });
  if (!group) return train_first(request, Group::single());
  try {
    return telling_failure(
        *group, [&] { return group->is_first() ? train_first(request, *group) : train_other(*group); });
  } catch (const Error& error) {
    if (group->is_first()) throw;
    if (is_one_of_several()) return error.code();  // process 0 has said it on the same terminal
    throw Error(error.code(),
                fmt::format("process {} of {}: {}", group->rank(), group->size(), error.what()));
  }
}

void add_train(Verb program) {
  auto verb = program.verb("train", "Train a recipe or a model");
  auto request = std::make_shared<TrainRequest>();
  auto data = std::make_shared<std::string>();
  auto steps = std::make_shared<std::int64_t>(0), epochs = std::make_shared<std::int64_t>(0);
  auto device = std::make_shared<std::string>();
  verb.option("recipe", request->recipe, "Recipe, TOML file or model ('belamy recipes', 'belamy models')");
  verb.option("--data", *data, "Known data set, folder or archive ('belamy data list')");
  auto settings = std::make_shared<std::vector<std::string>>();
  verb.option("--set", *settings, "KEY=VALUE: any setting ('belamy models NAME' lists them)");
  verb.option("--out", request->out, "Folder of the run [runs/RECIPE]");
  const auto s = verb.option("--steps", *steps, "Length of the run in steps").between(1, 1'000'000'000);
  verb.option("--epochs", *epochs, "Length of the run in passes over the data")
      .between(1, 1'000'000)
      .excludes(s);
  verb.option("--device", *device, "Device: auto, cpu or cuda");
  verb.option("--processes", request->processes,
              "Number of processes that share each batch; without it, those of torchrun, mpirun or srun")
      .between(1, 1024);
  verb.flag("--resume", request->resume,
            "Resume from the newest checkpoint, bit for bit; start afresh if there is none");
  verb.flag("--dry-run", request->dry_run, "Check settings and data, print all settings, train nothing");
  verb.does([=] {
    const auto add = [&](const std::string& setting, const std::string& typed) {
      request->overrides.push_back(setting);
      request->typed[setting] = typed;
    };
    if (!data->empty()) add("data.source=" + *data, "--data " + *data);
    if (*steps > 0) add(fmt::format("train.steps={}", *steps), fmt::format("--steps {}", *steps));
    if (*epochs > 0) {
      add("train.steps=0", fmt::format("--epochs {}", *epochs));
      add(fmt::format("train.epochs={}", *epochs), fmt::format("--epochs {}", *epochs));
    }
    if (!device->empty()) add("train.device=" + *device, "--device " + *device);
    request->overrides.insert(request->overrides.end(), settings->begin(), settings->end());
    return train_and_tell(*request);
  });
}

}  // namespace belamy::cli
