#include "studio/studio.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "belamy/error.h"
#include "belamy/recipe.h"

#include "core/contradictions.h"
#include "core/env.h"
#include "core/fields_json.h"
#include "core/text.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "data/environment.h"
#include "data/image.h"
#include "data/weights.h"
#include "embedded.h"
#include "embedded_studio.h"
#include "labs/lab.h"
#include "report/comparison.h"
#include "report/lab_page.h"
#include "store/run_folder.h"
#include "studio/explorer.h"
#include "studio/http.h"
#include "studio/jobs.h"
#include "studio/plane.h"
#include "studio/runs.h"
#include "train/commands.h"
#include "train/machine.h"
#include "train/run_report.h"

namespace belamy::studio {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook(300),
    kSign(8000);  // of streams: between looks, between signs of life
constexpr int kMostStreams = 16;
constexpr std::int64_t kMostSteps = 1'000'000'000;

struct Asset {
  std::string_view name, type, text;
};

// The page's files, by their names below /assets/.
const std::vector<Asset>& assets() {
  constexpr std::string_view script = "text/javascript", style = "text/css";
  static const std::vector<Asset> all = {
      {"colours.css", style, embedded_colours_css}, {"charts.js", script, embedded_charts_js},
      {"studio.css", style, embedded_studio_css},   {"app.js", script, embedded_app_js},
      {"api.js", script, embedded_api_js},          {"ui.js", script, embedded_ui_js},
      {"curves.js", script, embedded_curves_js},    {"runs.js", script, embedded_runs_js},
      {"run.js", script, embedded_run_js},          {"compare.js", script, embedded_compare_js},
      {"new.js", script, embedded_new_js},          {"latents.js", script, embedded_latents_js},
      {"draw.js", script, embedded_draw_js},        {"map.js", script, embedded_map_js},
      {"plane.js", script, embedded_plane_js},      {"labs.js", script, embedded_labs_js},
      {"data.js", script, embedded_data_js},        {"chart.js", script, embedded_chart_js},
      {"katex.js", script, embedded_katex_js},      {"pick.js", script, embedded_pick_js},
  };
  return all;
}

// Pages of reports and labs hold their scripts inside. They may run, but see nothing of the studio.
Reply sealed_page(std::string html) {
  return {
      .type = "text/html; charset=utf-8",
      .body = std::move(html),
      .headers = {
          {"Content-Security-Policy",
           "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
           "img-src data:; font-src data:; frame-ancestors 'self'"}}};
}

Reply json_reply(const Json& json, int status = 200) {
  return {.status = status, .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Reply picture_reply(std::string bytes) {
  const bool png = bytes.starts_with("\x89PNG");
  return {.type = png ? "image/png" : "image/webp", .body = std::move(bytes)};
}

// An error as the command line shows it: what, and what to do.
Reply error_reply(const std::string& what, const std::string& cure, int status) {
  return json_reply({{"error", what}, {"cure", cure}}, status);
}
Reply error_reply(const Error& error) {
  const std::string what = error.message(), all = error.what();
  const auto cure = all.size() > what.size() + 3 ? all.substr(what.size() + 3) : std::string();
  return error_reply(what, cure, error.code() == ExitCode::storage ? 500 : 422);
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}
std::int64_t number_in(const Json& json, const char* key, std::int64_t otherwise) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}
std::vector<std::string> texts_in(const Json& json, const char* key) {
  std::vector<std::string> texts;
  for (const auto& each : json.value(key, Json::array())) {
    if (!each.is_string() || each.get<std::string>().find('\n') != std::string::npos)
      throw usage_error(fmt::format("'{}' must be a list of texts", key));
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

// A name for a folder below the first one.
void check_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (name.empty() || name.size() > 80 || name[0] == '.' || name[0] == '-' || !plain)
    throw usage_error(fmt::format("'{}' cannot be the name of a run", name),
                      "use letters, digits, '-', '_' and '.', with a letter or digit first");
}

fs::path runtime_folder() {
  if (const auto* folder = variable("XDG_RUNTIME_DIR")) return fs::path(folder) / "belamy";
  return cache_folder() / "studio";
}

Json job_json(const Job& job) {
  return {{"job", job.number},
          {"kind", job.kind},
          {"title", job.title},
          {"command", job.command},
          {"running", job.running},
          {"code", job.code},
          {"page", !job.out.empty() && fs::exists(job.out / "index.html")}};
}

}  // namespace

struct Studio::Parts {
  StudioOptions options;
  Runs runs;
  Jobs jobs;
  Explorer explorer{runs};
  PlaneGame plane;
  std::unique_ptr<Guard> guard;
  std::unique_ptr<HttpServer> server;
  fs::path runtime_file;
  std::atomic<bool> ended = false;
  std::atomic<int> streams = 0;

  explicit Parts(const StudioOptions& asked)
      : options(asked), runs(asked.folders), jobs(runtime_folder() / fmt::format("jobs-{}", ::getpid())) {}

  // --- What the page asks for ---

  Json session() {
    auto facts = Json::array();
    for (const auto& [name, value] : machine_facts()) facts.push_back({name, value});
    auto folders = Json::array();
    for (const auto& folder : options.folders) folders.push_back(folder.string());
    return {{"facts", facts}, {"folders", folders}, {"read_only", options.read_only}};
  }

  Json recipes() {
    auto list = Json::array();
    for (const auto& recipe : all_recipes())
      list.push_back({{"name", recipe.name}, {"title", recipe.title}, {"model", recipe.model}});
    auto models = Json::array();
    for (const auto& model : all_models())
      models.push_back({{"name", model.name},
                        {"summary", model.summary},
                        {"family", model.family},
                        {"paper", model.paper}});
    return {{"recipes", list}, {"models", models}};
  }

  // By name only: a path would be a file of the user's that a page could name.
  static std::unique_ptr<Recipe> known_recipe(const std::string& name,
                                              const std::vector<std::string>& settings = {}) {
    const auto all = all_recipes();
    const bool known =
        std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
    if (!known) find_model(name);
    auto recipe = Recipe::load(name, settings);
    refuse_contradictions(recipe->fields(), settings);
    return recipe;
  }

  bool is_own(const fs::path& path) const {
    std::error_code code;
    const auto place = fs::weakly_canonical(path, code);
    return !code && std::any_of(options.folders.begin(), options.folders.end(), [&](const auto& folder) {
      const auto base = fs::weakly_canonical(folder, code);
      const auto [end, rest] = std::mismatch(base.begin(), base.end(), place.begin(), place.end());
      return !code && end == base.end();
    });
  }

  // A page may name known sets, known networks and runs that are shown here, but no other files.
  void check_places(const Recipe& recipe) const {
    if (options.any_data) return;
    std::vector<std::string> sets;
    for (const auto& set : known_sets()) sets.push_back(set.name);
    for (const auto& source : {recipe.data.source, recipe.data.target}) {
      if (source.empty() || source == "cifar10" || std::find(sets.begin(), sets.end(), source) != sets.end())
        continue;
      if (!is_own(source))
        throw usage_error(fmt::format("'{}' is no known data set", source),
                          "choose one of the list, or start the studio with --any-data");
    }
    const auto names = weights_names();
    for (const auto& [parent, place] : recipe.parents) {
      if (std::find(names.begin(), names.end(), place) == names.end() && !is_own(place))
        throw usage_error(fmt::format("from.{} = '{}' is no run that is shown here", parent, place),
                          "choose a run below the studio's folders");
    }
    if (!recipe.train.commands.empty() || !recipe.train.thread_plan.empty())
      throw usage_error("files of commands and of threads cannot be named here", "use the command line");
  }

  Json settings(const std::string& name) {
    const auto recipe = known_recipe(name);
    return {{"name", recipe->name},
            {"title", recipe->title},
            {"model", recipe->model->name},
            {"summary", recipe->model->summary},
            {"paper", recipe->model->paper},
            {"steps", recipe->total_steps(0)},
            {"fields", fields_json(recipe->fields())}};
  }

  Json checked(const Json& asked) {
    const auto settings = texts_in(asked, "settings");
    const auto recipe = known_recipe(text_in(asked, "recipe"), settings);
    check_places(*recipe);
    auto advice = Json::array();
    if (recipe->model->advise) {
      for (const auto& line : recipe->model->advise(*recipe)) advice.push_back(line);
    }
    return {{"resolved", recipe->resolved()}, {"steps", recipe->total_steps(0)}, {"advice", advice}};
  }

  Json plan(const Json& asked) {
    checked(asked);
    std::vector<std::string> arguments = {"plan", text_in(asked, "recipe")};
    for (const auto& setting : texts_in(asked, "settings"))
      arguments.insert(arguments.end(), {"--set", setting});
    return {{"job", jobs.start("plan", text_in(asked, "recipe"), arguments)}};
  }

  Json start(const Json& asked) {
    checked(asked);
    const auto name = text_in(asked, "name");
    check_name(name);
    const auto out = runs.home() / name;
    if (fs::exists(out)) throw usage_error(fmt::format("'{}' exists", out.string()), "choose another name");
    std::vector<std::string> arguments = {"train", text_in(asked, "recipe")};
    for (const auto& setting : texts_in(asked, "settings"))
      arguments.insert(arguments.end(), {"--set", setting});
    arguments.insert(arguments.end(), {"--out", out.string()});
    const auto job = jobs.start("train", name, arguments, out);
    return {{"job", job}, {"run", wait_for_run(out, job)}};
  }

  // The id of a run that a job is about to begin; null if the job ends before.
  Json wait_for_run(const fs::path& out, std::int64_t job) {
    for (int i = 0; i < 200; ++i) {
      if (fs::exists(out / RunFolder::settings_file)) return runs.id_of(out);
      if (!jobs.find(job).running) return nullptr;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return nullptr;
  }

  Json steer(const Json& asked) {
    const auto folder = runs.folder(text_in(asked, "run"));
    const auto recipe = recipe_in(RunFolder::read(Env::real(), folder));
    const auto command = parse_command(text_in(asked, "command"));
    check_command(command, *recipe);
    RunFolder::leave_request(Env::real(), folder, command_text(command) + "\n");
    return {{"command", fmt::format("belamy steer {} ...", folder.string())}};
  }

  Json resume(const Json& asked) {
    const auto folder = runs.folder(text_in(asked, "run"));
    if (RunFolder::is_held(folder)) throw usage_error("this run is being trained");
    std::vector<std::string> arguments = {"train", "--resume", "--out", folder.string()};
    if (const auto steps = number_in(asked, "steps", 0); steps != 0) {
      if (steps < 1 || steps > kMostSteps)
        throw usage_error("the number of steps must be between 1 and 1,000,000,000");
      arguments.insert(arguments.end(), {"--steps", std::to_string(steps)});
    }
    return {{"job", jobs.start("train", folder.filename().string(), arguments, folder)}};
  }

  Json evaluate(const Json& asked) {
    const auto folder = runs.folder(text_in(asked, "run"));
    if (RunFolder::is_held(folder))
      throw usage_error("this run is being trained", "evaluate it when it has ended");
    const auto samples = std::clamp<std::int64_t>(number_in(asked, "samples", 2000), 100, 100'000);
    return {{"job", jobs.start("evaluate", folder.filename().string(),
                               {"evaluate", folder.string(), "-n", std::to_string(samples)}, folder)}};
  }

  Json lab_list() {
    auto list = Json::array();
    for (const auto& entry : all_labs()) {
      const auto sheet = load_lab(entry);
      list.push_back({{"name", entry.name}, {"title", sheet.title}, {"source", sheet.source}});
    }
    return list;
  }

  Json lab(const std::string& name) {
    const Lab lab(load_lab(find_lab(name)), false, {});
    auto claims = Json::array();
    for (const auto& claim : lab.sheet().claims)
      claims.push_back({{"text", claim.text}, {"expected", claim.bounds.text()}});
    return {{"name", name},
            {"title", lab.sheet().title},
            {"source", lab.sheet().source},
            {"html", render_markdown(lab.sheet().text)},
            {"fields", fields_json(lab.fields())},
            {"claims", claims}};
  }

  Json run_lab(const Json& asked) {
    const auto name = text_in(asked, "name");
    const auto settings = texts_in(asked, "settings");
    const bool tiny = asked.value("tiny", false);
    Lab(load_lab(find_lab(name)), tiny, settings);  // says what is wrong with them
    const auto out = jobs.folder() / fmt::format("lab-{}-{}", name, jobs.all().size() + 1);
    std::vector<std::string> arguments = {"lab", name, "--out", out.string()};
    for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    if (tiny) arguments.emplace_back("--tiny");
    return {{"job", jobs.start("lab", name, arguments, out)}};
  }

  Json sets() {
    auto list = Json::array();
    for (const auto& set : known_sets())
      list.push_back({{"name", set.name},
                      {"description", set.description},
                      {"present", set.available},
                      {"where", set.where}});
    return list;
  }

  void check_set(const std::string& name) {
    const auto recipe = Recipe::load("gan");
    recipe->data.source = name;
    check_places(*recipe);
  }

  Json doctor(const Json& asked) {
    const auto name = text_in(asked, "data");
    check_set(name);
    return {{"job", jobs.start("doctor", name, {"data", "doctor", name, "--json"})}};
  }

  // What a doctor has found out; nothing if it failed, which its words then explain.
  Json diagnosis(const std::string& number) {
    const auto job = jobs.find(belamy::number_in<std::int64_t>(number).value_or(0));
    if (job.kind != "doctor") throw usage_error("this job is no doctor");
    const auto text = Env::real().read(job.log);
    const auto start = text.starts_with("{") ? 0 : text.find("\n{");
    if (job.running || start == std::string::npos) return nullptr;
    const auto found =
        Json::parse(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), nullptr, false);
    return found.is_discarded() ? Json() : found;
  }

  Json set_pictures(const std::string& name) {
    check_set(name);
    DataOptions options;
    options.source = name;
    options.limit = 64;
    const auto set = load_dataset(options, Split::train);
    Json json = {{"name", set.name},           {"count", set.count},
                 {"width", set.width},         {"height", set.height},
                 {"channels", set.channels},   {"dimension", set.dimension},
                 {"classes", set.class_names}, {"attributes", set.attribute_names}};
    auto captions = Json::array();
    for (std::size_t i = 0; i < std::min<std::size_t>(8, set.captions.size()); ++i)
      captions.push_back(set.captions[i]);
    json["captions"] = captions;
    auto notes = Json::array();
    for (const auto& note : set.notes) notes.push_back(note);
    json["notes"] = notes;
    if (!set.is_images()) {
      auto points = Json::array();
      for (std::size_t i = 0; i + 1 < set.points.size() && set.dimension == 2; i += 2)
        points.push_back({set.points[i], set.points[i + 1]});
      json["points"] = points;
    }
    return json;
  }

  std::string set_sheet(const std::string& name) {
    check_set(name);
    DataOptions options;
    options.source = name;
    options.limit = 64;
    const auto set = load_dataset(options, Split::train);
    if (!set.is_images()) throw usage_error("these data are points");
    std::vector<Image> images;
    const auto plane = static_cast<std::size_t>(set.width * set.height),
               c = static_cast<std::size_t>(set.channels);
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::min<std::int64_t>(64, set.count)); ++i) {
      Image image{
          static_cast<int>(set.width), static_cast<int>(set.height), static_cast<int>(set.channels), {}};
      image.pixels.resize(plane * c);
      for (std::size_t p = 0; p < plane; ++p) {
        for (std::size_t k = 0; k < c; ++k) image.pixels[p * c + k] = set.pixels[(i * c + k) * plane + p];
      }
      images.push_back(std::move(image));
    }
    return encode_png(contact_sheet(images, 16, 2, set.width <= 32 ? 2 : 1));
  }

  Json compare(const std::string& ids) {
    std::vector<ComparedRun> chosen;
    auto names = Json::array();
    for (const auto& id : split_at_commas(ids)) {
      const auto folder = runs.folder(id);
      chosen.push_back(compared_run(folder));
      names.push_back(Json{{"id", id}, {"name", folder.filename().string()}});
      if (chosen.size() > 12) throw usage_error("these are more than 12 runs");
    }
    if (chosen.size() < 2) throw usage_error("a comparison needs two runs or more");
    const auto found = comparison_of(chosen);
    auto scores = Json::array(), refused = Json::array();
    for (const auto& score : found.scores) {
      auto values = Json::array();
      for (const double value : score.values) values.push_back(std::isfinite(value) ? Json(value) : Json());
      scores.push_back({{"name", score.name},
                        {"values", values},
                        {"best", std::isfinite(score.best) ? Json(score.best) : Json()}});
    }
    for (const auto& [name, why] : found.refused) refused.push_back({name, why});
    return {{"runs", names}, {"settings", found.settings}, {"scores", scores}, {"refused", refused}};
  }

  // What a browser is told of a run: "changed" whenever it has changed, and a comment now and then.
  class Watch {
   public:
    Watch(Parts& parts, std::string id) : parts_(parts), id_(std::move(id)) { ++parts_.streams; }
    ~Watch() { --parts_.streams; }
    Watch(const Watch&) = delete;

    std::optional<std::string> next() {
      try {
        if (mark_) std::this_thread::sleep_for(kLook);
        auto now = parts_.runs.mark(id_);
        if (!mark_ || !(now == *mark_)) {
          mark_ = std::move(now);
          said_ = Clock::now();
          return fmt::format("event: changed\ndata: {}\n\n", mark_->state);
        }
        if (Clock::now() - said_ < kSign) return "";
        said_ = Clock::now();
        return ": here\n\n";
      } catch (const std::exception&) {
        return std::nullopt;  // the run is gone
      }
    }

   private:
    Parts& parts_;
    const std::string id_;
    std::optional<Runs::Mark> mark_;
    Clock::time_point said_ = Clock::now();
  };

  Reply events(const std::string& id) {
    runs.folder(id);
    if (streams >= kMostStreams) return error_reply("too many pages watch", "close some of them", 503);
    const auto watch = std::make_shared<Watch>(*this, id);
    return {.type = "text/event-stream", .stream = [watch] { return watch->next(); }};
  }

  // --- Routes ---

  using Route = std::function<Reply(const Request&)>;

  Route asks(Json (Parts::*what)(const Json&)) {
    return [this, what](const Request& request) { return json_reply((this->*what)(body_of(request))); };
  }

  static Json body_of(const Request& request) {
    auto json = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) throw usage_error("the request is no JSON object");
    return json;
  }

  std::map<std::string, Route> routes() {
    std::map<std::string, Route> all;
    const auto gives = [&](const char* path, std::function<Json(const Request&)> what) {
      all[std::string("GET /api/1/") + path] = [what](const Request& request) {
        return json_reply(what(request));
      };
    };
    gives("session", [this](const Request&) { return session(); });
    gives("runs", [this](const Request&) { return runs.list(); });
    gives("run", [this](const Request& r) { return runs.details(r.value("id")); });
    gives("curves", [this](const Request& r) {
      return runs.curves(
          r.value("id"),
          static_cast<std::size_t>(belamy::number_in<std::int64_t>(r.value("points")).value_or(1000)));
    });
    gives("compare", [this](const Request& r) { return compare(r.value("runs")); });
    gives("recipes", [this](const Request&) { return recipes(); });
    gives("settings", [this](const Request& r) { return settings(r.value("recipe")); });
    gives("abilities", [this](const Request& r) { return explorer.abilities(r.value("id")); });
    gives("labs", [this](const Request&) { return lab_list(); });
    gives("lab", [this](const Request& r) { return lab(r.value("name")); });
    gives("sets", [this](const Request&) { return sets(); });
    gives("set", [this](const Request& r) { return set_pictures(r.value("name")); });
    gives("jobs", [this](const Request&) {
      auto list = Json::array();
      for (const auto& job : jobs.all()) list.push_back(job_json(job));
      return list;
    });
    gives("doctor", [this](const Request& r) { return diagnosis(r.value("job")); });
    gives("job", [this](const Request& r) {
      const auto number = belamy::number_in<std::int64_t>(r.value("job")).value_or(0);
      auto json = job_json(jobs.find(number));
      json["printed"] = jobs.printed(number);
      return json;
    });
    all["GET /api/1/sample"] = [this](const Request& r) {
      return picture_reply(
          runs.sample(r.value("id"), belamy::number_in<std::int64_t>(r.value("step")).value_or(-1)));
    };
    all["GET /api/1/picture"] = [this](const Request& r) {
      return picture_reply(runs.picture(r.value("id"), r.value("name")));
    };
    all["GET /api/1/set-sheet"] = [this](const Request& r) {
      return picture_reply(set_sheet(r.value("name")));
    };
    all["GET /api/1/report"] = [this](const Request& r) { return sealed_page(runs.report(r.value("id"))); };
    all["GET /api/1/lab-page"] = [this](const Request& r) {
      const auto job = jobs.find(belamy::number_in<std::int64_t>(r.value("job")).value_or(0));
      if (job.kind != "lab") throw usage_error("this job is no lab");
      return sealed_page(Env::real().read(job.out / "index.html"));
    };
    all["GET /api/1/events"] = [this](const Request& r) { return events(r.value("id")); };

    // What is wrong is an answer here, not a failure.
    all["POST /api/1/ask/check"] = [this](const Request& r) {
      try {
        return json_reply(checked(body_of(r)));
      } catch (const Error& error) {
        auto reply = error_reply(error);
        reply.status = 200;
        return reply;
      }
    };
    all["POST /api/1/ask/samples"] = [this](const Request& r) {
      return picture_reply(explorer.samples(body_of(r)));
    };
    all["POST /api/1/ask/decoded"] = [this](const Request& r) {
      return picture_reply(explorer.decoded(body_of(r)));
    };
    all["POST /api/1/ask/path"] = [this](const Request& r) {
      return picture_reply(explorer.path(body_of(r)));
    };
    all["POST /api/1/ask/manifold"] = [this](const Request& r) {
      return picture_reply(explorer.manifold(body_of(r)));
    };
    all["POST /api/1/ask/arithmetic"] = [this](const Request& r) {
      return picture_reply(explorer.arithmetic(body_of(r)));
    };
    all["POST /api/1/ask/picture"] = [this](const Request& r) {
      return json_reply(explorer.answer(body_of(r)));
    };
    all["POST /api/1/ask/keep"] = [this](const Request& r) {
      return json_reply(explorer.keep_picture(body_of(r)));
    };
    all["POST /api/1/ask/map"] = [this](const Request& r) { return json_reply(explorer.map(body_of(r))); };
    all["POST /api/1/ask/plane-begin"] = [this](const Request& r) {
      return json_reply(plane.begin(body_of(r)));
    };
    all["POST /api/1/ask/plane-step"] = [this](const Request& r) {
      return json_reply(plane.step(body_of(r)));
    };

    all["POST /api/1/do/plan"] = asks(&Parts::plan);
    all["POST /api/1/do/start"] = asks(&Parts::start);
    all["POST /api/1/do/steer"] = asks(&Parts::steer);
    all["POST /api/1/do/resume"] = asks(&Parts::resume);
    all["POST /api/1/do/evaluate"] = asks(&Parts::evaluate);
    all["POST /api/1/do/lab"] = asks(&Parts::run_lab);
    all["POST /api/1/do/doctor"] = asks(&Parts::doctor);
    all["POST /api/1/do/stop-job"] = [this](const Request& r) {
      jobs.stop(number_in(body_of(r), "job", 0));
      return json_reply(Json::object());
    };
    all["POST /api/1/do/shutdown"] = [this](const Request&) {
      ended = true;
      return json_reply(Json::object());
    };
    all["POST /api/1/new-login"] = [this](const Request&) {
      return json_reply({{"token", guard->new_login()}});
    };
    all["POST /api/1/login"] = [this](const Request& r) {
      const auto session = guard->log_in(text_in(body_of(r), "token"));
      if (!session)
        return error_reply("this address was used before", "open the one that 'belamy studio --url' prints",
                           401);
      auto reply = json_reply(Json::object());
      reply.headers.emplace_back("Set-Cookie", fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/",
                                                           guard->cookie_name(), *session));
      return reply;
    };
    return all;
  }

  Reply answer(const Request& request, const std::map<std::string, Route>& known) {
    if (request.method == "GET" && request.path == "/")
      return {.type = "text/html; charset=utf-8", .body = std::string(embedded_index_html)};
    if (request.method == "GET" && request.path == "/assets/katex.css") {
      static const auto style = katex_style();
      return {
          .type = "text/css",
          .body = style,
          .headers = {{"Content-Security-Policy", "default-src 'none'"}, {"Cache-Control", "max-age=3600"}}};
    }
    if (request.method == "GET" && request.path.starts_with("/assets/")) {
      for (const auto& asset : assets()) {
        if (request.path.substr(8) == asset.name)
          return {.type = fmt::format("{}; charset=utf-8", asset.type), .body = std::string(asset.text)};
      }
    }
    const auto found = known.find(request.method + " " + request.path);
    if (found == known.end()) return error_reply("there is nothing at this address", "", 404);
    try {
      return found->second(request);
    } catch (const Error& error) {
      return error_reply(error);
    } catch (const std::exception& error) {
      return error_reply(fmt::format("internal error: {}", first_line(error.what())), "please report it",
                         500);
    }
  }

  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
};

Studio::Studio(const StudioOptions& options) : parts_(std::make_unique<Parts>(options)) {
  auto& parts = *parts_;
  const auto gate = [&parts](const RequestHead& head) -> std::optional<Reply> {
    if (!parts.guard) return error_reply("the studio is starting", "try again", 503);
    const auto refusal = parts.guard->check(head);
    if (!refusal) return std::nullopt;
    return error_reply(refusal->why, refusal->cure, refusal->status);
  };
  const auto answer = [&parts, known = parts.routes()](const Request& request) {
    return parts.answer(request, known);
  };
  parts.server = std::make_unique<HttpServer>(options.port, gate, answer);
  parts.guard = std::make_unique<Guard>(parts.server->port(), options.read_only, options.forwarded);
  // For `belamy studio --url`, readable by this user alone.
  parts.runtime_file = runtime_folder() / fmt::format("studio-{}.json", parts.server->port());
  const Json facts = {
      {"port", parts.server->port()}, {"process", ::getpid()}, {"bearer", parts.guard->bearer()}};
  Env::real().create_folders(runtime_folder());
  fs::permissions(runtime_folder(), fs::perms::owner_all);
  write_atomically(Env::real(), parts.runtime_file, facts.dump() + "\n");
  fs::permissions(parts.runtime_file, fs::perms::owner_read | fs::perms::owner_write);
}

Studio::~Studio() {
  parts_->server.reset();
  std::error_code code;
  fs::remove(parts_->runtime_file, code);
}

int Studio::port() const {
  return parts_->server->port();
}

std::string Studio::address() {
  return fmt::format("http://127.0.0.1:{}/#/login/{}", port(), parts_->guard->new_login());
}

bool Studio::ended() const {
  return parts_->ended;
}

namespace {

// A new token of the studio on this port; empty if it does not answer.
std::string new_token(int port, const std::string& bearer) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return "";
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string reply;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const auto request = fmt::format(
        "POST /api/1/new-login HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nX-Belamy: 1\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
        port, bearer);
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request.size())) {
      char bytes[4096];
      for (ssize_t got; reply.size() < 65536 && (got = ::recv(socket, bytes, sizeof bytes, 0)) > 0;)
        reply.append(bytes, static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  const auto body = reply.find("\r\n\r\n");
  if (body == std::string::npos) return "";
  return text_in(Json::parse(reply.substr(body + 4), nullptr, false), "token");
}

}  // namespace

std::string address_of_running_studio() {
  auto& env = Env::real();
  if (env.exists(runtime_folder())) {
    for (const auto& path : env.list(runtime_folder())) {
      const auto name = path.filename().string();
      if (!name.starts_with("studio-") || !name.ends_with(".json")) continue;
      const auto facts = Json::parse(env.read(path), nullptr, false);
      const auto port = static_cast<int>(number_in(facts, "port", 0));
      if (const auto token = new_token(port, text_in(facts, "bearer")); !token.empty())
        return fmt::format("http://127.0.0.1:{}/#/login/{}", port, token);
    }
  }
  throw usage_error("no studio is running", "start one with: belamy studio runs");
}

}  // namespace belamy::studio
