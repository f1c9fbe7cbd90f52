#include <c10/util/Exception.h>
#include <cstdio>
#include <exception>
#include <fmt/format.h>

#include "cli/verbs.h"
#include "train/machine.h"

namespace belamy::cli {

void warn(const std::string& text) {
  fmt::print(stderr, "belamy: warning: {}\n", text);
}

namespace {

std::string version_text() {
  prepare_machine("auto");
  std::string text;
  for (const auto& [key, value] : machine_facts()) text += fmt::format("{:<10} {}\n", key, value);
  if (const auto slow = blas_warning(); !slow.empty()) text += "warning: " + slow + "\n";
  text.pop_back();
  return text;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Belamy: generative and unsupervised models of the lectures, on real data", "belamy");
  app.require_subcommand(0, 1);
  app.option_defaults()->always_capture_default();
  bool version = false;
  app.add_flag("--version", version, "Print LibTorch, BLAS, threads, SIMD level and device");
  Work work;
  add_demo(app, work);
  add_train(app, work);
  add_sample(app, work);
  add_interpolate(app, work);
  add_reconstruct(app, work);
  add_evaluate(app, work);
  add_translate(app, work);
  add_classify(app, work);
  add_stylize(app, work);
  add_score(app, work);
  add_match(app, work);
  add_embed(app, work);
  add_reproduce(app, work);
  add_report(app, work);
  add_verify_resume(app, work);
  add_models(app, work);
  add_recipes(app, work);
  add_data(app, work);
  add_lab(app, work);
  add_completion(app, work);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    fmt::print(stderr, "belamy: {}\n  'belamy {}--help' tells what is allowed\n", error.what(),
               app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " ");
    return static_cast<int>(ExitCode::usage);
  }
  if (version) {
    fmt::print("{}\n", version_text());
    return 0;
  }
  if (!work) {
    fmt::print("{}", app.help());
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(work());
}

int report_defect(const char* what) {
  fmt::print(stderr,
             "belamy: internal error: {}\n  this is a defect of Belamy; please report it with the command\n",
             what);
  return static_cast<int>(ExitCode::internal);
}

}  // namespace belamy::cli

int main(int argc, char** argv) {
  try {
    return belamy::cli::run(argc, argv);
  } catch (const belamy::Error& error) {
    fmt::print(stderr, "belamy: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const c10::Error& error) {  // its what() adds a stack trace
    return belamy::cli::report_defect(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return belamy::cli::report_defect(error.what());
  }
}
