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
  Parser parser("belamy", "Belamy: generative and unsupervised models of the lectures, on real data");
  auto program = parser.program();
  bool version = false;
  program.flag("--version", version, "Print LibTorch, BLAS, threads, SIMD level and device");
  add_demo(program);
  add_train(program);
  add_sample(program);
  add_interpolate(program);
  add_reconstruct(program);
  add_evaluate(program);
  add_translate(program);
  add_classify(program);
  add_stylize(program);
  add_score(program);
  add_match(program);
  add_embed(program);
  add_reproduce(program);
  add_report(program);
  add_verify_resume(program);
  add_models(program);
  add_recipes(program);
  add_data(program);
  add_lab(program);
  add_completion(program);
  const auto [work, exit_code] = parser.parse(argc, argv);
  if (exit_code) return *exit_code;
  if (version) {
    fmt::print("{}\n", version_text());
    return 0;
  }
  if (!work) {
    fmt::print("{}", parser.help());
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
