// The program: all verbs, --version, and errors as messages and exit codes.
#include <c10/util/Exception.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <new>
#include <string>
#include <system_error>
#include <tuple>
#include <unistd.h>

#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "train/machine.h"

namespace belamy::cli {

void say_error(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

void warn(const std::string& text) {
  say_error(fmt::format("belamy: warning: {}\n", text));
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

// A closed standard stream would give its number to the next file, and what is printed would end up there. The
// streams are opened so that reading and printing still fail.
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      std::ignore = ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int run(int argc, char** argv) {
  Parser parser("belamy", "Belamy: train and use generative and unsupervised models");
  auto program = parser.program();
  bool version = false;
  program.flag("--version", version, "Print LibTorch, BLAS, threads, SIMD level and device");
#define BELAMY_VERB(name) add_##name(program);
#include "cli/verbs.def"
#undef BELAMY_VERB
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

int report(const Error& error) {
  say_error(fmt::format("belamy: {}\n", error.what()));
  return static_cast<int>(error.code());
}

Error output_lost(int number) {
  return storage_error(fmt::format("cannot write to standard output: {}", std::strerror(number)));
}

int report_memory() {
  return report(usage_error("out of memory",
                            "lower train.batch or the widths of the model, or ask for fewer examples"));
}

// LibTorch 1.13 has an exception type for this only on GPUs.
bool is_about_memory(const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  return what.find("out of memory") != std::string::npos || what.find("allocate memory") != std::string::npos;
}

int report_defect(const char* what) {
  say_error(fmt::format(
      "belamy: internal error: {}\n  this is a defect of Belamy; please report it with the command\n", what));
  return static_cast<int>(ExitCode::internal);
}

// Output may still be buffered: a full disk shows only at this flush.
int with_output_written(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return report(output_lost(errno));
}

}  // namespace belamy::cli

int main(int argc, char** argv) {
  belamy::cli::occupy_standard_streams();
  belamy::cli::watch_stop_signals();
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit then fails the write, not the process
  try {
    return belamy::cli::with_output_written(belamy::cli::run(argc, argv));
  } catch (const belamy::Error& error) {
    return belamy::cli::report(error);
  } catch (const std::filesystem::filesystem_error& error) {
    return belamy::cli::report(belamy::storage_error(error.path1().string() + ": " + error.code().message()));
  } catch (const std::system_error& error) {  // fmt throws one when it cannot print
    if (std::ferror(stdout)) return belamy::cli::report(belamy::cli::output_lost(error.code().value()));
    return belamy::cli::report_defect(error.what());
  } catch (const std::bad_alloc&) {
    return belamy::cli::report_memory();
  } catch (const c10::Error& error) {  // its what() adds a stack trace
    if (belamy::cli::is_about_memory(error)) return belamy::cli::report_memory();
    return belamy::cli::report_defect(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return belamy::cli::report_defect(error.what());
  }
}
