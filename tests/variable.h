// Variables of the environment that a test changes.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace belamy {

/// A variable that has its old value again at the end of the scope. Tests of one program share the environment.
class Variable {
 public:
  explicit Variable(std::string name) : name_(std::move(name)) {
    if (const char* value = std::getenv(name_.c_str())) before_ = value;
  }
  Variable(std::string name, const std::optional<std::string>& value) : Variable(std::move(name)) {
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(before_); }

  /// Without a value the variable is removed.
  void set(const std::optional<std::string>& value) const {
    value ? ::setenv(name_.c_str(), value->c_str(), 1) : ::unsetenv(name_.c_str());
  }

 private:
  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace belamy
