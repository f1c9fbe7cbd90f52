// The command line: verbs, what each takes, and what it then does. CLI11 stands behind it, in parser.cpp
// alone, since a file that includes it takes ten seconds longer to compile.
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

/// What the chosen verb will do after parsing; returns the exit code. Errors are thrown.
using Work = std::function<ExitCode()>;

/// Something that a verb takes; each of these can be called after the other.
class Option {
 public:
  Option& required();
  Option& between(double least, double most);
  Option& one_of(const std::vector<std::string>& words);
  Option& values(int least, int most);  ///< how many, for a list without a dash
  Option& excludes(const Option& other);

 private:
  friend class Verb;
  Option(CLI::Option* option, bool whole) : option_(option), whole_(whole) {}

  CLI::Option* option_;
  bool whole_;  // a number without a fraction
};

/// A verb, or the program itself. `names` are as in "-n,--count", or a word alone for what has no dash; the
/// value that stands in the variable is the default, and the variable must live until the work is done. A
/// value that is given and empty is a usage error.
class Verb {
 public:
  Verb(CLI::App* app, Work* work) : app_(app), work_(work) {}

  Verb verb(const std::string& name, const std::string& help);
  Option option(const std::string& names, std::string& value, const std::string& help);
  Option option(const std::string& names, std::int64_t& value, const std::string& help);
  Option option(const std::string& names, double& value, const std::string& help);
  /// A list: with a dash, given once for each value.
  Option option(const std::string& names, std::vector<std::string>& value, const std::string& help);
  void flag(const std::string& names, bool& value, const std::string& help);
  void needs_verb();
  void does(Work work);

  std::string name() const;
  std::vector<Verb> verbs() const;
  std::vector<std::string> long_names() const;  ///< of its options, without the dashes

 private:
  CLI::App* app_;
  Work* work_;
};

class Parser {
 public:
  Parser(const std::string& name, const std::string& help);
  ~Parser();

  Verb program();
  /// What was asked for, empty if nothing was; or, help or the mistake being printed, the exit code.
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
