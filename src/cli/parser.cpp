#include "cli/parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

namespace belamy::cli {
namespace {

// An empty value is what a shell variable that is not set gives: CLI11 would take it for a path, and for a
// number for 0.
void refuse_empty_values(const CLI::App& app) {
  for (const auto* option : app.get_options()) {
    const auto& values = option->results();
    if (std::find(values.begin(), values.end(), "") == values.end()) continue;
    throw usage_error(option->get_name() + " is empty",
                      option->get_required()
                          ? "give it a value; a shell variable that is not set is empty"
                          : "give it a value, or leave it out; a shell variable that is not set is empty");
  }
  for (const auto* verb : app.get_subcommands()) refuse_empty_values(*verb);
}

// "--out=" as "--out" and an empty value: CLI11 would take the next word for the value.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool bare = word.starts_with("--") && word.find('=') == word.size() - 1;
    words.push_back(bare ? word.substr(0, word.size() - 1) : word);
    if (bare) words.emplace_back();
  }
  return words;
}

}  // namespace

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::between(double least, double most) {
  if (whole_) {
    option_->check(CLI::Range(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)));
  } else {
    option_->check(CLI::Range(least, most));
  }
  return *this;
}

Option& Option::positive() {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::values(int least, int most) {
  option_->expected(least, most);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Verb Verb::verb(const std::string& name, const std::string& help) {
  return {app_->add_subcommand(name, help), work_};
}

Option Verb::option(const std::string& names, std::string& value, const std::string& help) {
  return {app_->add_option(names, value, help), false};
}

Option Verb::option(const std::string& names, std::int64_t& value, const std::string& help) {
  return {app_->add_option(names, value, help), true};
}

Option Verb::option(const std::string& names, double& value, const std::string& help) {
  return {app_->add_option(names, value, help), false};
}

Option Verb::option(const std::string& names, std::vector<std::string>& value, const std::string& help) {
  auto* option = app_->add_option(names, value, help);
  if (names.starts_with('-')) option->allow_extra_args(false);
  return {option, false};
}

void Verb::flag(const std::string& names, bool& value, const std::string& help) {
  app_->add_flag(names, value, help);
}

void Verb::needs_verb() {
  app_->require_subcommand(1);
}

void Verb::does(Work work) {
  app_->callback([chosen = work_, work = std::move(work)] { *chosen = work; });
}

std::string Verb::name() const {
  return app_->get_name();
}

std::vector<Verb> Verb::verbs() const {
  std::vector<Verb> all;
  for (auto* app : app_->get_subcommands([](CLI::App*) { return true; })) all.emplace_back(app, work_);
  return all;
}

std::vector<std::string> Verb::long_names() const {
  std::vector<std::string> names;
  for (const auto* option : app_->get_options())
    names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
  return names;
}

Parser::Parser(const std::string& name, const std::string& help)
    : app_(std::make_unique<CLI::App>(help, name)) {
  app_->require_subcommand(0, 1);
  app_->option_defaults()->always_capture_default();
}

Parser::~Parser() = default;

Verb Parser::program() {
  return {app_.get(), &work_};
}

Parser::Outcome Parser::parse(int argc, char** argv) {
  try {
    auto words = words_of(argc, argv);
    std::reverse(words.begin(), words.end());  // as CLI11 wants it
    app_->parse(words);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {.work = {}, .exit_code = app_->exit(error)};  // --help
    refuse_empty_values(*app_);  // says more than what it led to
    const auto chosen = app_->get_subcommands();
    fmt::print(stderr, "belamy: {}\n  'belamy {}--help' tells what is allowed\n", error.what(),
               chosen.empty() ? "" : chosen[0]->get_name() + " ");
    return {.work = {}, .exit_code = static_cast<int>(ExitCode::usage)};
  }
  refuse_empty_values(*app_);
  return {.work = work_, .exit_code = {}};
}

std::string Parser::help() const {
  return app_->help();
}

}  // namespace belamy::cli
