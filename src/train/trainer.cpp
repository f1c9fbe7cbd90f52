#include "belamy/trainer.h"

#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "belamy/error.h"

#include "data/dataset.h"
#include "metrics/diversity.h"
#include "metrics/modes.h"
#include "store/run_folder.h"
#include "train/changes.h"
#include "train/domain_pictures.h"
#include "train/machine.h"
#include "train/match_pictures.h"
#include "train/pictures.h"
#include "train/point_pictures.h"
#include "train/run_report.h"
#include "train/session.h"
#include "train/threads.h"
#include "train/training_data.h"
#include "train/watch.h"

namespace belamy {
namespace {

constexpr std::int64_t kDiversityBatch = 128;
constexpr std::int64_t kModesBatch = 2500;  // as many as PacGAN counts

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The examples go to the batches; `data` keeps what describes them.
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
        session_(recipe_, hand_over(data_), device_),
        folder_(open(out, resume)),
        threads_(static_cast<int>(allowed_cores())) {
    if (const auto& plan = recipe.train.thread_plan; !plan.empty())
      given_plan_ = ThreadPlan::parse(Env::real().read(plan), plan);
    std::vector<std::string> changes;
    for (const auto& note : data_.notes) hear(note);
    if (recipe_.model->advise) {
      for (const auto& advice : recipe_.model->advise(recipe_)) hear(advice);
    }
    if (resume && !folder_.checkpoints().empty()) {
      std::int64_t step = 0;
      const auto file = folder_.load_newest([&](const std::string& text) { hear(text); }, &step);
      session_.load(file, checkpoint_name(step));
      check_length(out);
      hear(fmt::format("going on from step {}", step));
      const auto before = Recipe::parse(folder_.read_settings(), (out / RunFolder::settings_file).string());
      changes = changes_since(*before, recipe_, file.metadata, {data_.count, digest_});
      length_before_ = length_of(*before, file.metadata);
    }
    // The first file of a new run: without it, whatever else a killed process leaves makes the folder a
    // stranger's.
    folder_.write_settings(settings_for_anywhere(recipe_));
    if (resume) {
      folder_.rewind(session_.step());
      if (const auto rows = folder_.read_metrics(); !rows.empty()) seconds_before_ = rows.back().seconds;
      messages_ = read_messages(folder_, session_.step());
      if (const auto path = folder_.path() / RunFolder::threads_file; folder_.env().exists(path)) {
        plan_ = ThreadPlan::parse(folder_.env().read(path), path.string());
        plan_.rewind(session_.step());
      }
    }
    tell(changes);
    write_about(folder_, data_, legend());
  }

  TrainingOutcome run() {
    begin_ = last_tick_ = now();
    last_tick_step_ = saved_ = first_ = session_.step();
    last_tick_examples_ = session_.examples();
    bool stopped = false;
    while (!session_.finished() && !stopped) {
      step_once();
      const auto step = session_.step();
      if (step == first_ + 1) tell_length();
      const bool last = session_.finished();
      if (last || now() - last_tick_ >= recipe_.train.log_seconds) tick();
      if (last || step % recipe_.train.sample_every == 0) show();
      stopped = !last && hooks_.stop && hooks_.stop();
      if (last || stopped || step % recipe_.train.checkpoint_every == 0) save();
    }
    if (session_.step() != saved_) save();
    picture("Markov chains", chain_picture(session_.state()));
    if (session_.finished()) show_unseen();
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
  static std::string checkpoint_name(std::int64_t step) {
    return fmt::format("the checkpoint of step {}", step);
  }

  void check_length(const fs::path& out) const {
    if (session_.step() <= session_.length()) return;
    throw usage_error(fmt::format("'{}' has made {} steps already, more than the {} that are asked for",
                                  out.string(), session_.step(), session_.length()),
                      "ask for more steps, or leave the length out");
  }

  // What follows the length of a run takes another course when the length changes.
  void tell_length() {
    if (!length_before_ || *length_before_ == session_.length() || !session_.follows_length()) return;
    tell({fmt::format(
        "the run has {} steps now, and had {} before: what follows its length, such as a schedule of the "
        "learning rate, takes another course than in a run of {} steps from the start",
        session_.length(), *length_before_, session_.length())});
  }

  // With the number of threads that the plan says or that is fastest now. What is asked for by number stays.
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

  void hear(const std::string& text) {
    if (hooks_.message) hooks_.message(text);
  }

  void tell(const std::vector<std::string>& said) {
    for (const auto& text : said) {
      hear(text);
      messages_.push_back({session_.step(), text});
    }
    if (!said.empty()) write_messages(folder_, messages_);
  }

  // Of the pictures of points and of pairs; other images need none.
  std::vector<std::pair<std::string, std::string>> legend() {
    if (data_.is_images() && data_.matches) return match_legend();
    if (data_.is_images() || data_.dimension > 2) return {};
    return points_legend(data_.dimension, session_.state().model().scorer());
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
    // Smoothed, because a line may contain a checkpoint or a grid.
    pace_ = pace_ == 0 ? elapsed / static_cast<double>(std::max<std::int64_t>(steps, 1))
                       : 0.8 * pace_ + 0.2 * elapsed / static_cast<double>(std::max<std::int64_t>(steps, 1));
    tick.seconds_left = pace_ * static_cast<double>(tick.total - tick.step);
    tick.memory = resident_bytes();
    auto values = tick.values;
    values.emplace_back("speed/examples-per-second", tick.examples_per_second);
    folder_.append_metrics(tick.step, tick.seconds, values);
    if (hooks_.tick) hooks_.tick(tick);
    tell(watch_.observe(tick.values));
    last_tick_ = time;
    last_tick_step_ = session_.step();
    last_tick_examples_ = session_.examples();
  }

  void show() {
    std::vector<Tensor> domains;
    for (std::size_t i = 0; i < session_.batches().domains(); ++i)
      domains.push_back(session_.batches().head(std::max<std::int64_t>(recipe_.train.samples, 1024), i));
    const auto& data = domains[0];
    auto picture = progress_picture(session_.state(), recipe_.train.samples, domains);
    if (picture.pixels.empty() && data_.matches)
      picture = match_picture(session_.state(), session_.batches().at(0), recipe_.train.samples);
    if (!picture.pixels.empty()) folder_.write_sample(session_.step(), encode_png(picture));
    auto* sampler = session_.state().model().sampler();
    if (!sampler) return;
    const ModelState::Evaluation evaluation(session_.state());
    auto generator = session_.state().generator().clone();  // a copy: looking must not change the run
    const auto samples = sampler->sample({data_.mixture ? kModesBatch : kDiversityBatch, generator});
    const auto n = std::min(kDiversityBatch, data.size(0));
    if (n < 2) return;
    const auto done = static_cast<double>(session_.step()) / static_cast<double>(session_.length());
    const auto ratio =
        diversity_ratio(samples.narrow(0, 0, kDiversityBatch).flatten(1), data.narrow(0, 0, n).flatten(1))
            .item<double>();
    std::vector<std::pair<std::string, double>> seen = {{"diversity/ratio", ratio}};
    if (data_.mixture) {
      const auto modes = mode_coverage(samples, *data_.mixture);
      seen.emplace_back("modes/covered", static_cast<double>(modes.covered));
      seen.emplace_back("modes/high-quality", modes.high_quality_share);
      folder_.append_metrics(session_.step(), seconds(), seen);
      tell(watch_.observe_modes({modes.covered, modes.modes, modes.high_quality_share, ratio}, done));
    } else {
      folder_.append_metrics(session_.step(), seconds(), seen);
      tell(watch_.observe_diversity(ratio, done));
    }
  }

  void picture(const std::string& name, const Image& image) {
    if (!image.pixels.empty()) folder_.write_picture(name, encode_png(image));
  }

  // What only test data show; without any, nothing.
  void show_unseen() {
    auto& state = session_.state();
    const bool adapts = state.model().encoder() && !data_.others.empty() && !data_.paired;
    if (!adapts && !data_.matches) return;
    auto options = recipe_.data;
    options.flip = options.affine = false;
    options.shift = 0;
    try {
      const auto test = load_dataset(options, Split::test);
      picture("Codes of test images, left by class, right the source blue and the target orange",
              domain_picture(state, test));
      if (!data_.matches) return;
      Batches pairs(test, options, recipe_.train.samples, recipe_.train.seed, device_);
      picture("Pairs of test images", match_picture(state, pairs.at(0), recipe_.train.samples));
    } catch (const Error& error) {
      const std::string why = error.what();
      hear("no pictures of test data: " + why.substr(0, why.find('\n')));
    }
  }

  void save() {
    auto snapshot = session_.save();  // no clock in it: same run, same bytes
    snapshot.metadata["data-digest"] = digest_;
    folder_.save_checkpoint(session_.step(), snapshot.arrays, snapshot.metadata,
                            static_cast<int>(recipe_.train.keep));
    if (!plan_.empty()) folder_.write_file(RunFolder::threads_file, plan_.text());
    saved_ = session_.step();
  }

  const TrainingHooks& hooks_;
  torch::Device device_;
  TrainingData found_;
  const Recipe& recipe_;
  Dataset& data_;
  std::string digest_;  // of data_, while it still held the examples
  Session session_;
  RunFolder folder_;
  ThreadChooser threads_;
  ThreadPlan plan_, given_plan_;  // of this run so far, and of one that is repeated
  Watch watch_;
  std::vector<ReportMessage> messages_;
  double seconds_before_ = 0, begin_ = 0, last_tick_ = 0, pace_ = 0;
  std::int64_t last_tick_step_ = 0, last_tick_examples_ = 0, saved_ = 0, first_ = 0;
  std::optional<std::int64_t> length_before_;  // in steps, of a run that goes on
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

  Session whole(settled, data, device);
  steps(whole, first + second);
  Session half(settled, data, device);
  steps(half, first);
  Session rest(settled, data, device);
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
