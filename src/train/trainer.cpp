#include "belamy/trainer.h"

#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <sstream>
#include <utility>

#include "belamy/error.h"

#include "data/dataset.h"
#include "pictures/views.h"
#include "store/run_folder.h"
#include "train/alarms.h"
#include "train/changes.h"
#include "train/machine.h"
#include "train/run_report.h"
#include "train/sample_check.h"
#include "train/session.h"
#include "train/threads.h"
#include "train/training_data.h"

namespace belamy {
namespace {

constexpr double kLookSeconds = 0.5;            // between two checks for requests of `belamy steer`
constexpr std::int64_t kSampleSeed = 20140610;  // every picture of a run shows the same latents

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Moves the examples out of `data`, which keeps their description.
Dataset hand_over(Dataset& data) {
  std::vector<Dataset> others;
  for (auto& other : data.others) others.push_back(hand_over(other));
  auto pixels = std::exchange(data.pixels, {});
  auto points = std::exchange(data.points, {});
  auto names = std::exchange(data.names, {});
  Dataset examples = data;
  examples.others = std::move(others);
  examples.pixels = std::move(pixels);
  examples.points = std::move(points);
  examples.names = std::move(names);
  return examples;
}

// One training in one folder.
class Training {
 public:
  Training(const Recipe& recipe, const fs::path& out, bool resume, const TrainingHooks& hooks)
      : hooks_(hooks),
        device_(prepare_machine(recipe.train)),
        found_(training_data(recipe)),
        recipe_(*found_.recipe),
        data_(found_.data),
        digest_(digest_of(data_)),
        session_(recipe_, hand_over(data_), device_, kept_parents(recipe_, out, resume, device_)),
        folder_(open(out, resume)),
        threads_(static_cast<int>(allowed_cores())),
        view_(progress_view(*recipe_.model, session_.state().shape())) {
    if (const auto& plan = recipe.train.thread_plan; !plan.empty())
      given_plan_ = ThreadPlan::parse(Env::real().read(plan), plan);
    if (const auto& file = recipe.train.commands; !file.empty())
      log_ = CommandLog::parse(Env::real().read(file), file);
    if (const auto path = folder_.path() / RunFolder::commands_file; resume && folder_.env().exists(path))
      log_ = CommandLog::parse(folder_.env().read(path), path.string());
    session_.follow(log_);
    std::vector<std::string> changes;
    for (const auto& note : data_.notes) notify(note);
    if (recipe_.model->advise) {
      for (const auto& advice : recipe_.model->advise(recipe_)) notify(advice);
    }
    if (resume && !folder_.checkpoints().empty()) {
      std::int64_t step = 0;
      const auto file = folder_.load_newest([&](const std::string& text) { notify(text); }, &step);
      session_.load(file, checkpoint_name(step));
      check_length(out);
      notify(fmt::format("resuming from step {}", step));
      const auto before = recipe_in(folder_);
      changes = changes_since(*before, recipe_, file.metadata, {data_.count, digest_});
      length_before_ = length_of(*before, file.metadata);
      // A length that the user asks for now overrides earlier commands.
      if (const auto now = recipe_.total_steps(data_.count); !log_.empty() && now != *length_before_)
        follow({Command::Kind::steps, std::to_string(now)});
    }
    // Written first: if the process is killed, a folder without this file would not be recognised as a run,
    // and a restart would refuse it.
    folder_.write_settings(settings_for_anywhere(recipe_));
    if (!log_.empty()) folder_.write_file(RunFolder::commands_file, log_.text());
    if (resume) {
      folder_.rewind(session_.step());
      if (const auto rows = folder_.read_metrics(); !rows.empty()) seconds_before_ = rows.back().seconds;
      messages_ = read_messages(folder_, session_.step());
      if (const auto path = folder_.path() / RunFolder::threads_file; folder_.env().exists(path)) {
        plan_ = ThreadPlan::parse(folder_.env().read(path), path.string());
        plan_.rewind(session_.step());
      }
    }
    warn(changes);
    write_about(folder_, data_, view_ ? view_->title : "", legend());
  }

  TrainingOutcome run() {
    begin_ = last_tick_ = now();
    last_tick_step_ = saved_ = first_ = session_.step();
    last_tick_examples_ = session_.examples();
    bool stopped = false;
    while (!session_.finished() && !stopped) {
      step_once();
      const auto step = session_.step();
      if (step == first_ + 1) warn_of_length();
      const bool last = session_.finished();
      if (last || now() - last_tick_ >= recipe_.train.log_seconds) tick();
      if (last || step % recipe_.train.sample_every == 0) show();
      stopped = !last && ((hooks_.stop && hooks_.stop()) || take_commands());
      if (last || stopped || step % recipe_.train.checkpoint_every == 0) save();
    }
    if (session_.step() != saved_) save();
    show_end();
    write_run_report(folder_, recipe_);
    TrainingOutcome outcome{
        session_.step(), session_.step() - first_, session_.finished(), now() - begin_, {}};
    for (const auto& message : messages_) outcome.messages.push_back(message.text);
    return outcome;
  }

 private:
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
    throw usage_error(fmt::format("'{}' has made {} steps already, more than the requested {}", out.string(),
                                  session_.step(), session_.length()),
                      "ask for more steps, or leave out the length");
  }

  // Schedules, and models that use the length of the run, behave differently if the length changes.
  void warn_of_length() {
    if (!length_before_ || *length_before_ == session_.length() || !session_.follows_length()) return;
    warn({fmt::format(
        "the length of the run has changed from {} to {} steps: the learning rate or the model depends on "
        "it, so the result differs from that of a run of {} steps from the start",
        *length_before_, session_.length(), session_.length())});
  }

  // Uses the number of threads of the plan, or else the fastest. Without a plan, a number that the user has
  // set stays.
  void step_once() {
    const bool chooses = recipe_.train.threads == 0 && device_.is_cpu();
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

  // Follows the commands of the hook and of `belamy steer`. Returns whether the training must stop.
  bool take_commands() {
    auto commands = hooks_.commands ? hooks_.commands() : std::vector<Command>();
    if (const auto time = now(); time - last_look_ >= kLookSeconds) {
      last_look_ = time;
      for (const auto& text : folder_.take_requests()) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
          try {
            commands.push_back(parse_command(line));
          } catch (const Error& error) {
            notify(error.message());
          }
        }
      }
    }
    bool stops = false;
    for (const auto& command : commands) stops |= follow(command);
    return stops;
  }

  // Applies a command before the next step and stores it. Returns whether the training must stop.
  bool follow(const Command& command) {
    try {
      session_.take(command);
    } catch (const Error& error) {
      notify(fmt::format("command not followed: {}: {}", command_text(command), error.message()));
      return false;
    }
    log_.note(session_.step(), command);
    folder_.write_file(RunFolder::commands_file, log_.text());
    warn({fmt::format("command: {}", command_text(command))});
    if (command.kind == Command::Kind::save) save();
    if (command.kind == Command::Kind::sample) show();
    return command.kind == Command::Kind::stop;
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
    folder_.append_metrics(tick.step, tick.seconds, values);
    if (hooks_.tick) hooks_.tick(tick);
    warn(alarms_.observe(tick.values));
    last_tick_ = time;
    last_tick_step_ = session_.step();
    last_tick_examples_ = session_.examples();
  }

  ViewContext view_context() {
    auto& state = session_.state();
    auto generator = state.generator().clone();  // a copy: pictures must not change the run
    generator.set_current_seed(kSampleSeed);
    return {
        .model = state.model(),
        .shape = state.shape(),
        .device = device_,
        .generator = generator,
        .count = recipe_.train.samples,
        .examples = [&](std::int64_t n, std::size_t domain) { return session_.batches().head(n, domain); },
        .batch =
            [&](Split split) {
              if (split == Split::train) return session_.batches().at(0);
              return Batches(test_data(), without_augmentation(recipe_.data), recipe_.train.samples,
                             recipe_.train.seed, device_)
                  .at(0);
            },
        .test = [&]() -> const Dataset& { return test_data(); }};
  }

  const Dataset& test_data() {
    if (!test_) test_ = load_dataset(without_augmentation(recipe_.data), Split::test);
    return *test_;
  }

  void show() {
    const ModelState::Evaluation evaluation(session_.state());
    if (view_) {
      const auto image = view_->draw(view_context());
      if (!image.pixels.empty()) {
        const auto png = encode_png(image);
        folder_.write_sample(session_.step(), png);
        if (hooks_.picture) hooks_.picture(session_.step(), view_->title, png);
      }
    }
    auto* sampler = session_.state().model().sampler();
    if (!sampler) return;
    const auto done = static_cast<double>(session_.step()) / static_cast<double>(session_.length());
    const auto found = check_samples(*sampler, session_.state().generator().clone(),
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
        const auto image = view.draw(view_context());
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
    snapshot.metadata["data-digest"] = digest_;
    folder_.save_checkpoint(session_.step(), snapshot.arrays, snapshot.metadata,
                            static_cast<int>(recipe_.train.keep));
    if (!plan_.empty()) folder_.write_file(RunFolder::threads_file, plan_.text());
    saved_ = session_.step();
    if (hooks_.checkpoint) hooks_.checkpoint(saved_);
  }

  const TrainingHooks& hooks_;
  torch::Device device_;
  TrainingData found_;
  const Recipe& recipe_;
  Dataset& data_;
  std::string digest_;  // of data_, before its examples were moved out
  Session session_;
  RunFolder folder_;
  ThreadChooser threads_;
  ThreadPlan plan_, given_plan_;  // of this run so far, and of the run to repeat
  CommandLog log_;                // commands of this run so far, and planned ones of later steps
  TrainingAlarms alarms_;
  const View* view_;  // of the progress; null if none fits
  std::optional<Dataset> test_;
  std::vector<RunMessage> messages_;
  double last_look_ = 0;  // the last check for requests
  double seconds_before_ = 0, begin_ = 0, last_tick_ = 0, pace_ = 0;
  std::int64_t last_tick_step_ = 0, last_tick_examples_ = 0, saved_ = 0, first_ = 0;
  std::optional<std::int64_t> length_before_;  // in steps, of a resumed run
};

}  // namespace

TrainingOutcome train(const Recipe& recipe, const fs::path& out, bool resume, const TrainingHooks& hooks) {
  return Training(recipe, out, resume, hooks).run();
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

  CommandLog commands;
  if (const auto& file = recipe.train.commands; !file.empty())
    commands = CommandLog::parse(Env::real().read(file), file);

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
