// Command-line parsing: verbs, their options and their actions. Only parser.cpp includes CLI11, because that
// adds ten seconds to the compile time of a file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belamy/error.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace belamy::cli {

/// The action of the chosen verb, run after parsing. Returns the exit code; throws errors.
using Work = std::function<ExitCode()>;

/// An option or a positional argument of a verb. The calls can be chained.
class Option {
 public:
  Option& required();
  Option& between(double least, double most);
  Option& one_of(const std::vector<std::string>& words);
  Option& values(int least, int most);  ///< number of values, for a positional list
  Option& excludes(const Option& other);

 private:
  friend class Verb;
  Option(CLI::Option* option, bool whole) : option_(option), whole_(whole) {}

  CLI::Option* option_;
  bool whole_;  // the value is a whole number
};

/// A verb, or the program itself. `names` is "-n,--count" for an option, or a plain word for a positional
/// argument. The variable holds the default, and must live until the work is done. An empty value on the
/// command line is a usage error.
class Verb {
 public:
  Verb(CLI::App* app, Work* work) : app_(app), work_(work) {}

  Verb verb(const std::string& name, const std::string& help);
  Option option(const std::string& names, std::string& value, const std::string& help);
  Option option(const std::string& names, std::int64_t& value, const std::string& help);
  /// Empty unless it is given.
  Option option(const std::string& names, std::optional<std::int64_t>& value, const std::string& help);
  Option option(const std::string& names, double& value, const std::string& help);
  /// A list; an option is repeated for each value.
  Option option(const std::string& names, std::vector<std::string>& value, const std::string& help);
  Option flag(const std::string& names, bool& value, const std::string& help);
  void needs_verb();
  void does(Work work);

  /// An option or a positional argument as help shows it.
  struct Shown {
    std::vector<std::string> names;  ///< long ones without the dashes; empty if it is positional
    std::string spelling, help;      ///< "--seed N", "Seed of the samples"
    bool is_flag = false;
  };

  std::string name() const;
  std::string help() const;
  std::vector<Shown> shown() const;
  std::vector<Verb> verbs() const;

 private:
  CLI::App* app_;
  Work* work_;
};

class Parser {
 public:
  Parser(const std::string& name, const std::string& help);
  ~Parser();

  Verb program();
  /// The work of the given verb (empty without one), or the exit code if help or an error was printed.
  struct Outcome {
    Work work;
    std::optional<int> exit_code;
  };
  Outcome parse(int argc, char** argv);
  std::string help() const;

 private:
  std::unique_ptr<CLI::App> app_;
  Work work_;
};

}  // namespace belamy::cli
