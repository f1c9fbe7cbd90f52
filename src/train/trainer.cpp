#include "belamy/trainer.h"

#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "belamy/error.h"

#include "core/cores.h"
#include "core/text.h"
#include "data/dataset.h"
#include "nn/draws.h"
#include "pictures/views.h"
#include "store/run_folder.h"
#include "train/alarms.h"
#include "train/changes.h"
#include "train/machine.h"
#include "train/meeting.h"
#include "train/run_report.h"
#include "train/sample_check.h"
#include "train/session.h"
#include "train/steering.h"
#include "train/threads.h"
#include "train/training_data.h"

namespace belamy {
namespace {

constexpr std::uint64_t kSampleSeed = 20140610;  // every picture of a run shows the same latents

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What is still needed of the data after the session has taken them.
struct DataFacts {
  explicit DataFacts(const Dataset& data)
      : state{data.count, digest_of(data)},
        description(describe_data(data)),
        mixture(data.mixture),
        notes(data.notes) {}

  DataState state;
  std::string description;
  std::optional<Mixture> mixture;
  std::vector<std::string> notes;
};

// In how many processes the training ran that wrote a checkpoint.
int processes_in(const StringMap& metadata) {
  const auto found = metadata.find("processes");
  return found == metadata.end() ? 1 : number_in<int>(found->second).value_or(1);
}

// Processes that read different data would train a model of neither.
void check_data_of_all(Group& group, const DataState& data) {
  const auto texts = group.exchange(fmt::format("{} examples, digest {}", data.count, data.digest));
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    if (texts[rank] == texts[0]) continue;
    throw data_error(
        fmt::format("process {} has other data than process 0: {}, not {}", rank, texts[rank], texts[0]),
        "give all machines the same files; data.source must mean the same on each");
  }
}

// The part of a process that is not the first. It makes the same steps and decisions, and writes no file.
TrainingOutcome train_along(const Recipe& given, const TrainingHooks& hooks, Group& group) {
  const auto device = prepare_machine(given.train, group);
  auto found = training_data(given);
  const auto& recipe = *found.recipe;
  const DataFacts facts(found.data);
  Session session(recipe, std::move(found.data), device, std::nullopt, group);
  check_data_of_all(group, facts.state);
  session.spread();
  const auto begin = now();
  const auto first = session.step();
  auto saved = first;
  const auto save = [&] {
    session.save();
    saved = session.step();
  };
  bool stopped = false;
  Meeting wanted;
  while (!session.finished() && !stopped) {
    session.run_step();
    const bool last = session.finished();
    wanted.stop |= !last && hooks.stop && hooks.stop();
    const auto agreed =
        last || session.met() ? meet(group, std::exchange(wanted, {}), session.step()) : Meeting();
    if (wanted.wanted()) session.call();
    if (agreed.tick) session.take_records();
    stopped = !last && agreed.stop;
    for (const auto& command : agreed.commands) {
      try {
        session.take(command);
      } catch (const Error&) {  // the first process says why it cannot be followed
        continue;
      }
      if (command.kind == Command::Kind::save) save();
      stopped |= command.kind == Command::Kind::stop;
    }
    if (last || stopped || session.step() % recipe.train.checkpoint_every == 0) save();
  }
  if (session.step() != saved) save();
  return {session.step(), session.step() - first, session.finished(), now() - begin, {}};
}

// One training in one folder.
class Training {
 public:
  Training(const Recipe& recipe, const fs::path& out, bool resume, const TrainingHooks& hooks, Group& group)
      : hooks_(hooks),
        group_(group),
        device_(prepare_machine(recipe.train, group)),
        found_(training_data(recipe)),
        recipe_(*found_.recipe),
        data_(found_.data),
        session_(recipe_, std::move(found_.data), device_, kept_parents(recipe_, out, resume, device_),
                 group),
        folder_(open(out, resume)),
        threads_(static_cast<int>(allowed_cores())),
        steering_(recipe.train, resume, session_, folder_, hooks.commands,
                  {.tell = [this](const std::string& text) { notify(text); },
                   .note = [this](const std::string& text) { warn({text}); },
                   .save = [this] { save(); },
                   .sample = [this] { show(); }}),
        view_(progress_view(*recipe_.model, session_.state().shape())) {
    if (const auto& plan = recipe.train.thread_plan; !plan.empty())
      given_plan_ = ThreadPlan::parse(Env::real().read(plan), plan);
    std::vector<std::string> changes;
    for (const auto& note : data_.notes) notify(note);
    if (recipe_.model->advise) {
      for (const auto& advice : recipe_.model->advise(recipe_)) notify(advice);
    }
    advise_of_parts();
    fresh_ = !resume || folder_.checkpoints().empty();
    if (resume && fresh_) refuse_lost_checkpoints();
    if (!fresh_) {
      std::int64_t step = 0;
      const auto file = folder_.load_newest([&](const std::string& text) { notify(text); }, &step);
      session_.load(file, checkpoint_name(step));
      check_length(out);
      notify(fmt::format("resuming from step {}", step));
      const auto before = recipe_in(folder_);
      changes = changes_since(*before, recipe_, file.metadata, data_.state);
      if (const auto number = processes_in(file.metadata); number != group.size())
        changes.push_back(
            fmt::format("the run goes on with {}, not with {}: its random numbers differ from here on",
                        counted(group.size(), "process"), number));
      length_before_ = length_of(*before, file.metadata);
    }
    // Written first: if the process is killed, a folder without this file would not be recognised as a run,
    // and a restart would refuse it.
    folder_.write_settings(settings_for_anywhere(recipe_));
    steering_.write();
    if (resume) {
      folder_.rewind(session_.step());
      if (const auto rows = folder_.read_metrics(); !rows.empty()) seconds_before_ = rows.back().seconds;
      messages_ = read_messages(folder_, session_.step());
      if (const auto path = folder_.path() / RunFolder::threads_file; folder_.env().exists(path)) {
        read_plan(path);
      }
    }
    // A length that the user asks for now overrides earlier commands.
    if (const auto length = recipe_.total_steps(data_.state.count);
        length_before_ && length != *length_before_ && !steering_.empty())
      steering_.follow({Command::Kind::steps, std::to_string(length)});
    warn(changes);
    tell_about();
    check_data_of_all(group_, data_.state);
    session_.spread();
  }

  void tell_about() {
    write_about(folder_,
                {data_.description, machine_facts(), view_ ? view_->title : "", legend(), session_.length()});
    told_length_ = session_.length();
  }

  TrainingOutcome run() {
    begin_ = last_tick_ = now();
    last_tick_communication_ = group_.seconds();
    last_tick_step_ = saved_ = first_ = session_.step();
    last_tick_examples_ = session_.examples();
    bool stopped = false;
    Meeting wanted;
    while (!session_.finished() && !stopped) {
      step_once();
      const auto step = session_.step();
      if (step == first_ + 1) warn_of_length();
      const bool last = session_.finished();
      look(wanted, last);
      const auto agreed = last || session_.met() ? meet(group_, std::exchange(wanted, {}), step) : Meeting();
      if (wanted.wanted()) session_.call();
      if (agreed.tick) tick();
      if (last || step % recipe_.train.sample_every == 0) show();
      stopped = !last && agreed.stop;
      for (const auto& command : agreed.commands) stopped |= steering_.follow(command);
      if (last || stopped || step % recipe_.train.checkpoint_every == 0) save();
    }
    if (session_.step() != saved_) save();
    show_end();
    write_run_report(folder_, recipe_);
    steering_.refuse_rest();
    TrainingOutcome outcome{
        session_.step(), session_.step() - first_, session_.finished(), now() - begin_, {}};
    for (const auto& message : messages_) outcome.messages.push_back(message.text);
    return outcome;
  }

  // Adds what has become due since the last step.
  void look(Meeting& wanted, bool last) {
    wanted.tick |= last || now() - last_tick_ >= recipe_.train.log_seconds;
    if (last) return;
    wanted.stop |= stop_asked_ || (hooks_.stop && hooks_.stop());
    for (auto& command : steering_.new_commands()) wanted.commands.push_back(std::move(command));
  }

  // For a training that was refused in its first step: the folder is free again.
  void discard() {
    if (fresh_ && session_.step() == 0) folder_.discard();
  }

 private:
  // A run that ended, or made more steps than lie between two checkpoints, had one. Starting afresh would remove its
  // curves and pictures.
  void refuse_lost_checkpoints() const {
    const auto rows = folder_.read_metrics();
    const auto made = rows.empty() ? 0 : rows.back().step;
    const bool ended = folder_.env().exists(folder_.path() / RunFolder::report_file);
    if (!ended && made <= recipe_.train.checkpoint_every) return;
    throw storage_error(fmt::format("the run '{}' has made {}, but its checkpoints are gone",
                                    folder_.path().string(), counted(made, "step")),
                        "restore its folder 'checkpoints', or train into another folder with --out");
  }
  // The plan only serves to repeat the run: a damaged one must not end it.
  void read_plan(const fs::path& path) {
    try {
      plan_ = ThreadPlan::parse(folder_.env().read(path), path.string());
      plan_.rewind(session_.step());
    } catch (const Error& error) {
      notify(fmt::format(
          "the numbers of threads of earlier steps are lost, so this run cannot be repeated bit for bit: {}",
          error.message()));
    }
  }

  static RunFolder open(const fs::path& out, bool resume) {
    auto& env = Env::real();
    return resume && env.exists(out / RunFolder::settings_file) ? RunFolder::open(env, out)
                                                                : RunFolder::create(env, out);
  }
  // A resumed run takes its parents from its checkpoint, so that the runs that they came from are not needed.
  static std::optional<ParentModels> kept_parents(const Recipe& recipe, const fs::path& out, bool resume,
                                                  torch::Device device) {
    auto& env = Env::real();
    if (recipe.model->parents.empty() || !resume || !env.exists(out / RunFolder::settings_file))
      return std::nullopt;
    const auto folder = RunFolder::read(env, out);
    if (folder.checkpoints().empty()) return std::nullopt;
    std::int64_t step = 0;
    const auto file = folder.load_newest([](const std::string&) {}, &step);
    return parents_in(recipe, file, checkpoint_name(step), device);
  }
  static std::string checkpoint_name(std::int64_t step) {
    return fmt::format("the checkpoint of step {}", step);
  }

  void check_length(const fs::path& out) const {
    if (session_.step() <= session_.length()) return;
    throw usage_error(fmt::format("'{}' has made {} already, more than the requested {}", out.string(),
                                  counted(session_.step(), "step"), session_.length()),
                      "ask for more steps, or leave out the length");
  }

  // Schedules, and models that use the length of the run, behave differently if the length changes.
  void warn_of_length() {
    if (!length_before_ || *length_before_ == session_.length() || !session_.follows_length()) return;
    warn({fmt::format(
        "the length of the run has changed from {} to {}: the learning rate or the model depends on "
        "it, so the result differs from that of a run of {} from the start",
        *length_before_, counted(session_.length(), "step"), counted(session_.length(), "step"))});
  }

  // Batch normalisation and its kin see only the part of a batch that a process takes.
  void advise_of_parts() {
    constexpr std::int64_t enough = 16;
    const auto part = recipe_.train.batch / group_.size();
    if (group_.is_single() || part >= enough || session_.state().shared_means().empty()) return;
    notify(fmt::format(
        "this model uses statistics of a batch, and each process sees {} of its {} examples only; "
        "a larger train.batch or fewer processes may train better",
        part, recipe_.train.batch));
  }

  // Uses the number of threads of the plan, or else the fastest. Without a plan, a number that the user has
  // set stays.
  void step_once() {
    const bool chooses = recipe_.train.threads == 0 && device_.is_cpu() && group_.is_single();
    if (!chooses && given_plan_.empty()) return session_.run_step();
    const auto step = session_.step();
    const auto planned = given_plan_.at(step);
    const auto number = planned > 0 ? planned : threads_.threads();
    if (number != at::get_num_threads()) at::set_num_threads(number);
    plan_.note(step, number);
    const auto before = now();
    session_.run_step();
    threads_.took(now() - before);
  }

  void notify(const std::string& text) {
    if (hooks_.message) hooks_.message(text);
  }

  void warn(const std::vector<std::string>& said) {
    for (const auto& text : said) {
      notify(text);
      messages_.push_back({session_.step(), text});
    }
    if (!said.empty()) write_messages(folder_, messages_);
  }

  Legend legend() {
    return view_ && view_->legend ? view_->legend(session_.state().model(), session_.batches().shape())
                                  : Legend();
  }

  double seconds() const { return seconds_before_ + now() - begin_; }

  void tick() {
    Tick tick;
    tick.values = session_.take_records();  // waits for the device, so the clock is read after it
    const auto time = now();
    const auto steps = session_.step() - last_tick_step_;
    const double elapsed = std::max(time - last_tick_, 1e-9);
    tick.step = session_.step();
    tick.total = session_.length();
    tick.epoch = session_.epoch();
    tick.seconds = seconds();
    tick.examples_per_second = static_cast<double>(session_.examples() - last_tick_examples_) / elapsed;
    // Smoothed, because a checkpoint or a grid may fall between two lines.
    pace_ = pace_ == 0 ? elapsed / static_cast<double>(std::max<std::int64_t>(steps, 1))
                       : 0.8 * pace_ + 0.2 * elapsed / static_cast<double>(std::max<std::int64_t>(steps, 1));
    tick.seconds_left = pace_ * static_cast<double>(tick.total - tick.step);
    tick.memory = resident_bytes();
    auto values = tick.values;
    values.emplace_back("speed/examples-per-second", tick.examples_per_second);
    if (!group_.is_single()) {
      values.emplace_back("communication/share", (group_.seconds() - last_tick_communication_) / elapsed);
      last_tick_communication_ = group_.seconds();
    }
    folder_.append_metrics(tick.step, tick.seconds, values);
    if (session_.length() != told_length_) tell_about();
    if (hooks_.tick) hooks_.tick(tick);
    warn(alarms_.observe(tick.values));
    last_tick_ = time;
    last_tick_step_ = session_.step();
    last_tick_examples_ = session_.examples();
  }

  // For drawing that takes many steps: says from time to time how far it is, and whether to go on. A slow sampler can
  // need longer for a picture than for the rest of the training, so `stop` is asked here as well. A picture
  // that takes a moment is drawn all the same.
  std::function<bool(double)> watch(const std::string& title) {
    constexpr double moment = 5, between = 30;  // seconds
    return [this, title, moment_ends = now() + moment, next_note = now() + 2 * moment](double done) mutable {
      if (now() >= next_note) {
        next_note = now() + between;
        notify(fmt::format("drawing '{}': {:.0f} %", title, 100 * done));
      }
      stop_asked_ |= hooks_.stop && hooks_.stop();
      return !stop_asked_ || now() < moment_ends;
    };
  }

  ViewContext view_context(const std::string& title) {
    auto& state = session_.state();
    return {
        .model = state.model(),
        .shape = state.shape(),
        .device = device_,
        .generator = nn::seeded_like(state.generator(), kSampleSeed),
        .count = recipe_.train.samples,
        .examples = [&](std::int64_t n, std::size_t domain) { return session_.batches().head(n, domain); },
        .batch =
            [&](Split split) {
              if (split == Split::train) return session_.batches().at(0);
              return Batches(test_data(), without_augmentation(recipe_.data), recipe_.train.samples,
                             recipe_.train.seed, device_, session_.state().shape().vocabulary)
                  .at(0);
            },
        .test = [&]() -> const Dataset& { return test_data(); },
        .progress = watch(title)};
  }

  const Dataset& test_data() {
    if (!test_) test_ = load_dataset(without_augmentation(recipe_.data), Split::test);
    return *test_;
  }

  // The picture of the progress, and the checks of samples. A stop ends the drawing; then the training stops as at
  // any other step.
  void show() {
    try {
      draw_progress();
    } catch (const Error& error) {
      if (error.code() != ExitCode::interrupted) throw;
      notify(fmt::format("samples of step {} were not drawn: {}", session_.step(), error.message()));
    }
  }

  void draw_progress() {
    const ModelState::Evaluation evaluation(session_.state());
    if (view_) {
      const auto image = view_->draw(view_context(view_->title));
      if (!image.pixels.empty()) {
        const auto png = encode_png(image);
        folder_.write_sample(session_.step(), png);
        if (hooks_.picture) hooks_.picture(session_.step(), view_->title, png);
      }
    }
    auto* sampler = session_.state().model().sampler();
    if (!sampler) return;
    const auto done = static_cast<double>(session_.step()) / static_cast<double>(session_.length());
    const auto found = check_samples(
        *sampler, {.generator = session_.state().generator().clone(), .progress = watch("check of samples")},
        session_.batches().head(kDiversityBatch), data_.mixture, done, alarms_);
    if (!found.values.empty()) folder_.append_metrics(session_.step(), seconds(), found.values);
    warn(found.warnings);
  }

  // Test data are read for a picture only when the training is complete.
  void show_end() {
    const ModelState::Evaluation evaluation(session_.state());
    for (const auto& view : all_views()) {
      if (view.time == View::Time::progress || !view.fits(*recipe_.model, session_.state().shape())) continue;
      if (view.time == View::Time::end_unseen && !session_.finished()) continue;
      try {
        const auto image = view.draw(view_context(view.title));
        if (image.pixels.empty()) continue;
        const auto png = encode_png(image);
        folder_.write_picture(view.title, png);
        if (hooks_.picture) hooks_.picture(session_.step(), view.title, png);
      } catch (const Error& error) {
        notify(fmt::format("picture '{}' was not drawn: {}", view.title, error.message()));
      }
    }
  }

  void save() {
    auto snapshot = session_.save();  // holds no time, so that the same run gives the same bytes
    snapshot.metadata["data-digest"] = data_.state.digest;
    folder_.save_checkpoint(session_.step(), snapshot.arrays, snapshot.metadata,
                            static_cast<int>(recipe_.train.keep));
    if (!plan_.empty()) folder_.write_file(RunFolder::threads_file, plan_.text());
    saved_ = session_.step();
    if (hooks_.checkpoint) hooks_.checkpoint(saved_);
  }

  const TrainingHooks& hooks_;
  Group& group_;
  torch::Device device_;
  TrainingData found_;
  const Recipe& recipe_;
  const DataFacts data_;
  Session session_;
  RunFolder folder_;
  ThreadChooser threads_;
  ThreadPlan plan_, given_plan_;  // of this run so far, and of the run to repeat
  Steering steering_;
  TrainingAlarms alarms_;
  const View* view_;         // of the progress; null if none fits
  bool stop_asked_ = false;  // while a picture was drawn
  std::optional<Dataset> test_;
  std::vector<RunMessage> messages_;
  double seconds_before_ = 0, begin_ = 0, last_tick_ = 0, pace_ = 0, last_tick_communication_ = 0;
  std::int64_t last_tick_step_ = 0, last_tick_examples_ = 0, saved_ = 0, first_ = 0, told_length_ = 0;
  bool fresh_ = false;                         // it starts at step 0
  std::optional<std::int64_t> length_before_;  // in steps, of a resumed run
};

}  // namespace

TrainingOutcome train(const Recipe& recipe, const fs::path& out, bool resume, const TrainingHooks& hooks,
                      Group& group) {
  return telling_failure(group, [&] {
    if (!group.is_first()) return train_along(recipe, hooks, group);
    Training training(recipe, out, resume, hooks, group);
    try {
      return training.run();
    } catch (const Error& error) {
      // Some contradictions show only in a step.
      if (error.code() == ExitCode::usage) training.discard();
      throw;
    }
  });
}

std::vector<std::string> verify_resume(const Recipe& recipe, std::int64_t first, std::int64_t second) {
  const auto device = prepare_machine(recipe.train);
  const auto [made, data] = training_data(recipe);
  const auto& settled = *made;
  const auto steps = [](Session& session, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) session.run_step();
  };
  const auto through_bytes = [](const Session& session) {
    const auto snapshot = session.save();
    return decode_safetensors(encode_safetensors(snapshot.arrays, snapshot.metadata), "the checkpoint", true);
  };

  const auto commands = planned_commands(recipe.train);

  Session whole(settled, data, device);
  whole.follow(commands);
  steps(whole, first + second);
  Session half(settled, data, device);
  half.follow(commands);
  steps(half, first);
  Session rest(settled, data, device);
  rest.follow(commands);
  rest.load(through_bytes(half), "the checkpoint");
  steps(rest, second);

  const auto expected = through_bytes(whole), got = through_bytes(rest);
  std::vector<std::string> different;
  for (const auto& [name, array] : expected.arrays) {
    const auto other = got.arrays.find(name);
    if (other == got.arrays.end() || other->second.bytes != array.bytes ||
        std::memcmp(other->second.data, array.data, array.bytes) != 0) {
      different.push_back(name);
    }
  }
  return different;
}

}  // namespace belamy
