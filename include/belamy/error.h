// Errors and exit codes. Every failure that a user can cause is an Error: what happened, where, and what
// to do.
#pragma once

#include <stdexcept>
#include <string>

namespace belamy {

/// The exit status of the program.
enum class ExitCode : int {
  ok = 0,
  internal = 1,     ///< a defect of Belamy itself
  usage = 2,        ///< arguments, settings, recipes
  data = 3,         ///< data sets, images
  diverged = 4,     ///< a loss or gradient is not finite
  storage = 5,      ///< checkpoints, run folders, disks
  interrupted = 6,  ///< stopped by a signal, state saved
  expectation = 7,  ///< a recipe's [expect] table does not hold
  lost = 8,         ///< another process of a training has ended or cannot be reached
};

/// The one exception type. `what()` is "message\n  hint"; the hint says what to do and may be empty.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message, const std::string& hint = "")
      : std::runtime_error(hint.empty() ? message : message + "\n  " + hint),
        code_(code),
        length_(message.size()) {}

  ExitCode code() const { return code_; }
  /// The message without the hint.
  std::string message() const { return std::string(what()).substr(0, length_); }

 private:
  ExitCode code_;
  std::size_t length_;
};

/// Arguments, settings, recipes: exit code 2.
inline Error usage_error(const std::string& message, const std::string& hint = "") {
  return {ExitCode::usage, message, hint};
}
/// Data sets and images: exit code 3.
inline Error data_error(const std::string& message, const std::string& hint = "") {
  return {ExitCode::data, message, hint};
}
/// Not-a-number or infinity in training: exit code 4.
inline Error diverged_error(const std::string& message, const std::string& hint = "") {
  return {ExitCode::diverged, message, hint};
}
/// Stopped by a signal or by the caller: exit code 6.
inline Error interrupted_error(const std::string& message, const std::string& hint = "") {
  return {ExitCode::interrupted, message, hint};
}
/// Checkpoints, run folders, disks: exit code 5.
inline Error storage_error(const std::string& message, const std::string& hint = "") {
  return {ExitCode::storage, message, hint};
}
/// Another process of a training has ended or cannot be reached: exit code 8.
inline Error lost_error(const std::string& message, const std::string& hint = "") {
  return {ExitCode::lost, message, hint};
}

}  // namespace belamy
