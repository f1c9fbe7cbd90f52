#include "store/run_folder.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "belamy/config.h"

#include "core/shell.h"
#include "store/event_writer.h"

namespace belamy {

namespace {

using nlohmann::ordered_json;

constexpr const char* lock_name = ".lock";
constexpr const char* requests_name = "requests";
constexpr const char* metrics_name = "metrics.jsonl";
constexpr const char* samples_folder = "samples";
constexpr const char* pictures_folder = "pictures";
constexpr const char* checkpoints_folder = "checkpoints";
constexpr const char* checkpoint_ending = ".safetensors";
constexpr const char* picture_ending = ".png";

std::string step_name(std::int64_t step, std::string_view ending) {
  return fmt::format("step-{:08}{}", step, ending);
}

/// The files of `folder` that step_name named, by rising step.
std::vector<std::pair<std::int64_t, fs::path>> step_files(Env& env, const fs::path& folder,
                                                          std::string_view ending) {
  std::vector<std::pair<std::int64_t, fs::path>> files;
  if (!env.exists(folder)) return files;
  for (const fs::path& path : env.list(folder)) {
    const std::string name = path.filename().string();
    std::int64_t step = 0;
    if (name.starts_with("step-")) std::from_chars(name.data() + 5, name.data() + name.size(), step);
    if (name == step_name(step, ending)) files.emplace_back(step, path);
  }
  std::sort(files.begin(), files.end());  // by number: names sort differently from step 100,000,000 on
  return files;
}

/// A storage error if a new run may not start here.
void check_is_free(Env& env, const fs::path& path) {
  if (env.exists(path / RunFolder::settings_file)) {
    throw storage_error(fmt::format("'{}' already holds a run", path.string()),
                        "resume it with --resume, or choose another folder with --out");
  }
  for (const fs::path& entry : env.list(path)) {
    // A process that died before write_settings may have left these.
    if (entry.filename() == lock_name || is_temporary(entry)) continue;
    throw storage_error(
        fmt::format("'{}' is not empty: it holds '{}'", path.string(), entry.filename().string()),
        "choose an empty or a new folder with --out");
  }
}

/// The run beside `path` with the most similar name; empty if none is similar.
std::string nearest_run(Env& env, const fs::path& path) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : ".";
  if (!env.exists(parent)) return "";
  std::vector<std::string> runs;
  for (const fs::path& beside : env.list(parent)) {
    if (env.exists(beside / RunFolder::settings_file)) runs.push_back(beside.filename().string());
  }
  const auto near = nearest(path.filename().string(), runs);
  return near.empty() ? "" : (path.parent_path() / near).string();
}

void check_is_run(Env& env, const fs::path& path) {
  if (env.exists(path / RunFolder::settings_file)) return;
  const auto near = nearest_run(env, path);
  throw storage_error(
      env.exists(path)
          ? fmt::format("'{}' is not a run: it has no {}", path.string(), RunFolder::settings_file)
          : fmt::format("there is no run '{}'", path.string()),
      near.empty() ? "give a folder that 'belamy train' has made" : fmt::format("did you mean '{}'?", near));
}

/// Nothing if the line is not a row of metrics.
std::optional<RunFolder::MetricRow> parse_row(std::string_view line) {
  const ordered_json json = ordered_json::parse(line.begin(), line.end(), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  RunFolder::MetricRow row;
  bool has_step = false;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_number() && !value.is_null()) return std::nullopt;
    const double number = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
    if (name == "step") {
      if (!value.is_number_integer()) return std::nullopt;
      row.step = value.get<std::int64_t>();
      has_step = true;
    } else if (name == "time") {
      row.seconds = number;
    } else {
      row.values.emplace_back(name, number);
    }
  }
  return has_step ? std::optional(row) : std::nullopt;
}

/// Calls `use(line, row)` for every whole line that is a row.
template <typename Use>
void for_each_row(std::string_view text, Use use) {
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (const auto row = parse_row(text.substr(0, end))) use(text.substr(0, end), *row);
    text.remove_prefix(end + 1);
  }
}

// Throws a storage error if the file is damaged.
Safetensors read_checkpoint(Env& env, const CheckpointFile& file) {
  auto content = decode_safetensors(env.read(file.path), file.path.string(), true);
  const auto written = content.metadata.find("step");
  if (written == content.metadata.end() || written->second != std::to_string(file.step))
    throw storage_error(
        fmt::format("'{}' is not the checkpoint of the step in its name", file.path.string()));
  return content;
}

}  // namespace

RunFolder::RunFolder(Env& env, fs::path path) : env_(&env), path_(std::move(path)) {}
RunFolder::RunFolder(RunFolder&&) noexcept = default;
RunFolder& RunFolder::operator=(RunFolder&&) noexcept = default;
RunFolder::~RunFolder() = default;

RunFolder RunFolder::create(Env& env, const fs::path& path) {
  RunFolder run(env, path);
  env.create_folders(path);
  check_is_free(env, path);  // before locking, which would leave a file in a folder that is not Belamy's
  run.lock();
  check_is_free(env, path);  // another process may have used the folder in between
  remove_leftovers(env, path);
  return run;
}

RunFolder RunFolder::open(Env& env, const fs::path& path) {
  check_is_run(env, path);
  RunFolder run(env, path);
  run.lock();
  for (const fs::path& folder : {path, path / checkpoints_folder, path / samples_folder}) {
    if (env.exists(folder)) remove_leftovers(env, folder);
  }
  return run;
}

RunFolder RunFolder::read(Env& env, const fs::path& path) {
  check_is_run(env, path);
  return RunFolder(env, path);
}

void RunFolder::lock() {
  lock_ = env_->try_lock(path_ / lock_name);
  if (!lock_) {
    throw storage_error(fmt::format("'{}' is in use by another process", path_.string()),
                        "wait until it has ended, or choose another folder with --out");
  }
}

std::vector<fs::path> RunFolder::files() const {
  std::vector<fs::path> files;
  for (const auto& entry : env_->list(path_)) {
    const auto name = entry.filename().string();
    const auto ending = entry.extension();
    if (ending == ".toml" || ending == ".json" || ending == ".jsonl" || name == report_file ||
        name == threads_file || name == commands_file || name.starts_with("events."))
      files.push_back(entry);
  }
  for (const auto* name : {samples_folder, pictures_folder, checkpoints_folder}) {
    if (!env_->exists(path_ / name)) continue;
    for (const auto& entry : env_->list(path_ / name)) files.push_back(entry);
  }
  return files;
}

void RunFolder::discard() noexcept {
  try {
    metrics_.reset();
    events_.reset();
    for (const auto& file : files()) env_->remove(file);
    env_->remove(path_ / lock_name);
    lock_.reset();
    for (const auto* name : {samples_folder, pictures_folder, checkpoints_folder, requests_name}) {
      if (env_->exists(path_ / name) && env_->list(path_ / name).empty()) env_->remove(path_ / name);
    }
    if (env_->list(path_).empty()) env_->remove(path_);
  } catch (const Error&) {
    // What cannot be removed stays.
  }
}

std::vector<std::string> RunFolder::take_requests() {
  std::vector<std::string> texts;
  const auto folder = path_ / requests_name;
  if (!env_->exists(folder)) return texts;
  auto files = env_->list(folder);
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    if (is_temporary(file)) continue;
    texts.push_back(env_->read(file));
    env_->remove(file);
  }
  return texts;
}

bool RunFolder::is_held(const fs::path& path) {
  return is_locked(path / lock_name);
}

void RunFolder::leave_request(Env& env, const fs::path& path, const std::string& text) {
  check_is_run(env, path);
  if (!is_held(path))
    throw usage_error(fmt::format("no training is running in '{}'", path.string()),
                      "start it with: belamy train --resume --out " + shell_word(path.string()));
  env.create_folders(path / requests_name);
  // The names rise with the time, so that requests are taken in their order.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto name = fmt::format("{:020}-{}.txt", std::chrono::nanoseconds(now).count(), ::getpid());
  write_atomically(env, path / requests_name / name, text);
}

void RunFolder::write_settings(std::string_view resolved_toml) {
  write_file(settings_file, resolved_toml);
}

std::string RunFolder::read_settings() const {
  return env_->read(path_ / settings_file);
}

void RunFolder::write_file(const fs::path& relative, std::string_view bytes) {
  const fs::path path = path_ / relative;
  const fs::path folder = path.parent_path();
  if (!env_->exists(folder)) {
    env_->create_folders(folder);
    env_->sync_folder(path_);
  }
  write_atomically(*env_, path, bytes);
}

void RunFolder::save_checkpoint(std::int64_t step, const ArrayMap& arrays, StringMap metadata, int keep) {
  metadata["step"] = std::to_string(step);
  try {
    write_file(fs::path(checkpoints_folder) / step_name(step, checkpoint_ending),
               encode_safetensors(arrays, metadata));
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("the checkpoint of step {} could not be saved; the older ones are untouched: {}",
                            step, error.what()));
  }
  try {
    std::vector<CheckpointFile> files = checkpoints();
    const std::size_t excess =
        files.size() - std::min(files.size(), static_cast<std::size_t>(std::max(keep, 1)));
    for (std::size_t i = 0; i < excess; ++i) {
      if (files[i].step != step) env_->remove(files[i].path);
    }
  } catch (const Error&) {
    // The checkpoint is safe, and the next save tries again.
  }
}

std::vector<CheckpointFile> RunFolder::checkpoints() const {
  std::vector<CheckpointFile> files;
  for (const auto& [step, path] : step_files(*env_, path_ / checkpoints_folder, checkpoint_ending)) {
    files.push_back({step, path});
  }
  return files;
}

Safetensors RunFolder::load_step(std::int64_t step) const {
  std::vector<std::int64_t> kept;
  for (const auto& file : checkpoints()) {
    if (file.step == step) return read_checkpoint(*env_, file);
    kept.push_back(file.step);
  }
  throw usage_error(
      fmt::format("the run '{}' has no checkpoint of step {}", path_.string(), step),
      kept.empty() ? "it ended before its first checkpoint was saved"
                   : fmt::format("it keeps those of steps {}; a training with --set train.keep=N keeps N",
                                 fmt::join(kept, ", ")));
}

Safetensors RunFolder::load_newest(const std::function<void(const std::string&)>& warn,
                                   std::int64_t* step) const {
  const std::vector<CheckpointFile> files = checkpoints();
  if (files.empty()) {
    throw storage_error(fmt::format("the run '{}' has no checkpoint", path_.string()),
                        "train it again; it ended before its first checkpoint was saved");
  }
  std::string faults;
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    try {
      Safetensors content = read_checkpoint(*env_, *file);
      if (step != nullptr) *step = file->step;
      return content;
    } catch (const Error& error) {
      warn(fmt::format("checkpoint skipped: {}", error.message()));
      faults += "\n  " + error.message();
    }
  }
  throw storage_error(
      fmt::format("the run '{}' has no checkpoint that can be used:{}", path_.string(), faults),
      "restore a good copy of one of them, or train again into another folder with --out");
}

EventWriter& RunFolder::events() {
  if (!events_) events_ = std::make_unique<EventWriter>(*env_, path_);
  return *events_;
}

void RunFolder::append_metrics(std::int64_t step, double seconds,
                               const std::vector<std::pair<std::string, double>>& values) {
  ordered_json row = {{"step", step}, {"time", seconds}};
  for (const auto& [name, value] : values) row[name] = value;
  const fs::path path = path_ / metrics_name;
  try {
    if (!metrics_) {
      // The next row would be appended to a torn last line.
      if (env_->exists(path)) {
        const std::string text = env_->read(path);
        const std::size_t whole = text.rfind('\n') + 1;
        if (whole < text.size()) env_->truncate(path, whole);
      }
      metrics_ = env_->open(path, Env::Mode::append);
    }
    metrics_->append(row.dump() + '\n');
    events().write_scalars(step, values);
  } catch (const Error&) {
    // Half-written files must not be appended to.
    metrics_.reset();
    events_.reset();
    throw;
  }
}

std::vector<RunFolder::MetricRow> RunFolder::read_metrics() const {
  std::vector<MetricRow> rows;
  const fs::path path = path_ / metrics_name;
  if (!env_->exists(path)) return rows;
  for_each_row(env_->read(path), [&](std::string_view, const MetricRow& row) { rows.push_back(row); });
  return rows;
}

std::vector<RunFolder::MetricRow> RunFolder::read_new_metrics(std::uint64_t& from) const {
  std::vector<MetricRow> rows;
  if (!env_->exists(metrics_path())) return rows;
  auto text = env_->read_from(metrics_path(), from);
  text.resize(text.rfind('\n') + 1);
  from += text.size();
  for_each_row(text, [&](std::string_view, const MetricRow& row) { rows.push_back(row); });
  return rows;
}

fs::path RunFolder::metrics_path() const {
  return path_ / metrics_name;
}

void RunFolder::rewind(std::int64_t step) {
  metrics_.reset();
  const fs::path path = path_ / metrics_name;
  if (env_->exists(path)) {
    std::string kept;
    for_each_row(env_->read(path), [&](std::string_view line, const MetricRow& row) {
      if (row.step <= step) kept += std::string(line) + '\n';
    });
    write_atomically(*env_, path, kept);
  }
  for (const auto& [sample_step, sample] : samples()) {
    if (sample_step > step) env_->remove(sample);
  }
  for (const CheckpointFile& file : checkpoints()) {
    if (file.step > step) env_->rename(file.path, file.path.string() + ".damaged");
  }
  events_ = std::make_unique<EventWriter>(*env_, path_, step + 1);
}

void RunFolder::write_sample(std::int64_t step, std::string_view png) {
  write_file(fs::path(samples_folder) / step_name(step, picture_ending), png);
  try {
    events().write_image(step, "samples", png);
  } catch (const Error&) {
    events_.reset();
    throw;
  }
}

std::vector<std::pair<std::int64_t, fs::path>> RunFolder::samples() const {
  return step_files(*env_, path_ / samples_folder, picture_ending);
}

void RunFolder::write_picture(const std::string& name, std::string_view png) {
  write_file(fs::path(pictures_folder) / (name + picture_ending), png);
}

std::vector<std::pair<std::string, fs::path>> RunFolder::pictures() const {
  std::vector<std::pair<std::string, fs::path>> found;
  const auto folder = path_ / pictures_folder;
  if (!env_->exists(folder)) return found;
  for (const auto& path : env_->list(folder)) {
    if (path.extension() == picture_ending) found.emplace_back(path.stem().string(), path);
  }
  return found;
}

}  // namespace belamy
