#include "studio/runs.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>

#include "belamy/error.h"

#include "core/sha256.h"
#include "report/curves.h"
#include "store/run_records.h"
#include "train/run_report.h"

namespace belamy::studio {
namespace {

constexpr int kDepth = 2;               // folders below a given one in which runs are looked for
constexpr std::size_t kMostRuns = 500;  // that are listed
constexpr std::size_t kCoursePoints = 60;

std::string id_for(const fs::path& folder) {
  std::error_code code;
  const auto place = fs::canonical(folder, code);
  return sha256_hex((code ? fs::absolute(folder) : place).string()).substr(0, 12);
}

void find_runs(const fs::path& folder, int depth, std::vector<fs::path>& found) {
  std::error_code code;
  if (fs::exists(folder / RunFolder::settings_file, code)) {
    found.push_back(folder);
    return;
  }
  if (depth == 0) return;
  for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, code), end;
       !code && it != end && found.size() < kMostRuns; it.increment(code)) {
    std::error_code other;
    if (it->is_directory(other) && !it->path().filename().string().starts_with('.'))
      find_runs(it->path(), depth - 1, found);
  }
}

// The time of the last change as seconds since 1970; 0 if there is no such file.
double changed(const fs::path& path) {
  std::error_code code;
  const auto time = fs::last_write_time(path, code);
  if (code) return 0;
  const auto on_clock = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration<double>(on_clock).count();
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json score_json(const RunScore& score) {
  auto passport = Json::array();
  for (const auto& [key, value] : score.passport) passport.push_back({key, value});
  return {{"key", score.key},   {"name", score.name}, {"value", number(score.value)},
          {"unit", score.unit}, {"note", score.note}, {"passport", passport}};
}

}  // namespace

std::string state_of(const fs::path& folder, std::int64_t step, std::int64_t steps) {
  if (RunFolder::is_held(folder)) return "running";
  if (steps > 0 && step >= steps) return "finished";
  return step > 0 ? "stopped" : "empty";
}

Runs::Runs(std::vector<fs::path> folders) : folders_(std::move(folders)) {}

void Runs::scan() {
  std::vector<fs::path> found;
  for (const auto& folder : folders_) find_runs(folder, kDepth, found);
  const std::lock_guard lock(mutex_);
  std::map<std::string, Known> now;
  for (const auto& folder : found) {
    const auto id = id_for(folder);
    const auto before = runs_.find(id);
    now.emplace(id, before == runs_.end() ? Known{folder, 0, {}} : std::move(before->second));
  }
  runs_ = std::move(now);
}

std::string Runs::id_of(const fs::path& folder) {
  const std::lock_guard lock(mutex_);
  const auto id = id_for(folder);
  runs_.emplace(id, Known{folder, 0, {}});
  return id;
}

Runs::Known& Runs::known(const std::string& id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) throw usage_error("there is no such run", "go back to the list of runs");
  return found->second;
}

fs::path Runs::folder(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return known(id).folder;
}

const std::vector<RunFolder::MetricRow>& Runs::rows_of(Known& run) {
  const auto folder = RunFolder::read(Env::real(), run.folder);
  std::error_code code;
  const auto size = fs::file_size(folder.metrics_path(), code);
  if (code || size < run.size) {  // gone, or cut back by a resumed training
    run.rows.clear();
    run.size = 0;
  }
  if (!code && size > run.size) {
    for (auto& row : folder.read_new_metrics(run.size)) {
      // A training that went back to a checkpoint may have written as much again.
      if (!run.rows.empty() && row.step < run.rows.back().step) {
        run.size = 0;
        run.rows = folder.read_new_metrics(run.size);
        break;
      }
      run.rows.push_back(std::move(row));
    }
  }
  return run.rows;
}

Json Runs::summary(const std::string& id, Known& run, bool with_course) {
  const auto folder = RunFolder::read(Env::real(), run.folder);
  const auto recipe = recipe_in(folder);
  const auto& rows = rows_of(run);
  const auto about = read_about(folder);
  const auto steps = about.steps > 0 ? about.steps : recipe->total_steps(0);
  const auto samples = folder.samples();
  auto step = rows.empty() ? 0 : rows.back().step;
  if (const auto saved = folder.checkpoints(); !saved.empty()) step = std::max(step, saved.back().step);
  Json json = {
      {"id", id},
      {"name", run.folder.filename().string()},
      {"folder", run.folder.string()},
      {"recipe", recipe->name},
      {"title", recipe->title},
      {"model", recipe->model->name},
      {"data", about.data.empty() ? recipe->data.source : about.data},
      {"step", step},
      {"steps", steps},
      {"state", state_of(run.folder, step, steps)},
      {"seconds", rows.empty() ? 0 : rows.back().seconds},
      {"messages", read_messages(folder).size()},
      {"sample", samples.empty() ? Json() : Json(samples.back().first)},
      {"changed", std::max(changed(folder.metrics_path()), changed(run.folder / RunFolder::settings_file))}};
  if (with_course) {
    auto course = Json::array();
    const auto groups = group_curves(rows);
    if (!groups.empty() && !groups[0].curves.empty()) {
      json["curve"] = groups[0].name + "/" + groups[0].curves[0].name;
      for (const auto& point : thin_curve(groups[0].curves[0].points, kCoursePoints))
        course.push_back(number(point.mean));
    }
    json["course"] = course;
  }
  return json;
}

Json Runs::list() {
  scan();
  const std::lock_guard lock(mutex_);
  std::vector<Json> all;
  for (auto& [id, run] : runs_) {
    try {
      all.push_back(summary(id, run, true));
    } catch (const std::exception& error) {  // damaged, or gone since
      all.push_back({{"id", id},
                     {"name", run.folder.filename().string()},
                     {"folder", run.folder.string()},
                     {"state", "unreadable"},
                     {"fault", error.what()},
                     {"changed", changed(run.folder)}});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Json& a, const Json& b) { return a.at("changed") > b.at("changed"); });
  return all;
}

Json Runs::details(const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto& run = known(id);
  auto json = summary(id, run, false);
  const auto folder = RunFolder::read(Env::real(), run.folder);
  const auto recipe = recipe_in(folder);
  const auto about = read_about(folder);
  json["summary"] = recipe->model->summary;
  json["paper"] = recipe->model->paper;
  json["settings"] = folder.read_settings();
  json["shown"] = about.shown;
  auto capabilities = Json::array();
  for (const auto capability : recipe->model->capabilities)
    capabilities.push_back(capability_name(capability));
  json["capabilities"] = capabilities;
  auto players = Json::array();
  for (const auto& player : recipe->model->players) {
    const auto* rate = recipe->fields().find("optimizer." + player.name + ".lr");
    players.push_back({{"name", player.name}, {"lr", rate ? rate->get() : ""}});
  }
  json["players"] = players;
  json["staged"] = recipe->stages.size() > 1;
  auto facts = Json::array();
  for (const auto& [name, value] : about.environment) facts.push_back({name, value});
  json["environment"] = facts;
  auto legend = Json::array();
  for (const auto& [colour, meaning] : about.legend) legend.push_back({colour, meaning});
  json["legend"] = legend;
  auto messages = Json::array();
  for (const auto& message : read_messages(folder))
    messages.push_back({{"step", message.step}, {"text", message.text}});
  json["messages"] = messages;
  auto scores = Json::array();
  for (const auto& score : read_evaluation(folder)) scores.push_back(score_json(score));
  json["scores"] = scores;
  auto samples = Json::array();
  for (const auto& [step, path] : folder.samples()) samples.push_back(step);
  json["samples"] = samples;
  auto pictures = Json::array();
  for (const auto& [name, path] : folder.pictures()) pictures.push_back(name);
  json["pictures"] = pictures;
  auto checkpoints = Json::array();
  for (const auto& file : folder.checkpoints()) checkpoints.push_back(file.step);
  json["checkpoints"] = checkpoints;
  std::error_code code;
  json["report"] = fs::exists(run.folder / RunFolder::report_file, code);
  auto commands = Json::array();
  if (const auto path = run.folder / RunFolder::commands_file; fs::exists(path, code)) {
    const auto text = Env::real().read(path);
    for (std::size_t from = 0; from < text.size();) {
      const auto end = std::min(text.find('\n', from), text.size());
      if (const auto line = text.substr(from, end - from); !line.empty() && !line.starts_with("step,"))
        commands.push_back(line);
      from = end + 1;
    }
  }
  json["commands"] = commands;
  return json;
}

Json Runs::curves(const std::string& id, std::size_t points) {
  const std::lock_guard lock(mutex_);
  return curves_json(group_curves(rows_of(known(id))), std::clamp<std::size_t>(points, 4, 5000));
}

std::string Runs::sample(const std::string& id, std::int64_t step) {
  const auto place = folder(id);
  for (const auto& [at, path] : RunFolder::read(Env::real(), place).samples()) {
    if (at == step) return Env::real().read(path);
  }
  throw usage_error("there is no picture of this step");
}

std::string Runs::picture(const std::string& id, const std::string& name) {
  const auto place = folder(id);
  for (const auto& [known_name, path] : RunFolder::read(Env::real(), place).pictures()) {
    if (known_name == name) return Env::real().read(path);
  }
  throw usage_error("there is no such picture");
}

std::string Runs::report(const std::string& id) {
  return Env::real().read(folder(id) / RunFolder::report_file);
}

Runs::Mark Runs::mark(const std::string& id) {
  const auto place = folder(id);
  const auto read = RunFolder::read(Env::real(), place);
  std::error_code code;
  const auto size = fs::file_size(read.metrics_path(), code);
  return {code ? 0 : size, read.samples().size(), read_messages(read).size(),
          RunFolder::is_held(place) ? "running" : "still"};
}

}  // namespace belamy::studio
