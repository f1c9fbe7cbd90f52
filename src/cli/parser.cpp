#include "cli/parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

#include "belamy/config.h"

#include "cli/verbs.h"
#include "core/text.h"

namespace belamy::cli {
namespace {

// An unset shell variable gives an empty value. CLI11 would accept it as a path, or as the number 0.
void refuse_empty_values(const CLI::App& app) {
  for (const auto* option : app.get_options()) {
    const auto& values = option->results();
    if (std::find(values.begin(), values.end(), "") == values.end()) continue;
    throw usage_error(option->get_name() + " is empty",
                      option->get_required()
                          ? "give it a value; an unset shell variable is empty"
                          : "give it a value, or leave it out; an unset shell variable is empty");
  }
  for (const auto* verb : app.get_subcommands()) refuse_empty_values(*verb);
}

std::optional<double> option_value(const std::string& text, bool whole) {
  if (!whole) return number_in<double>(text);
  const auto value = number_in<std::int64_t>(text);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

const char* kind_of_number(bool whole) {
  return whole ? "a whole number" : "a number";
}

// The largest number that an option takes; a whole one must fit into 64 bits.
constexpr double kLargest = 9e18;

constexpr const char* kAnyNumber = "any number";  // the name of the check

// A bound in a message: "1000000", "0.5".
std::string shown(double bound) {
  const bool whole = bound == std::trunc(bound) && std::abs(bound) <= kLargest;
  return whole ? fmt::format("{}", static_cast<std::int64_t>(bound)) : fmt::format("{:.12g}", bound);
}

CLI::Validator number(bool whole) {
  const auto check = [whole](const std::string& text) -> std::string {
    const auto value = option_value(text, whole);
    if (text.empty() || (value && std::abs(*value) <= kLargest))
      return "";  // refuse_empty_values reports an empty value
    const bool too_large = std::abs(number_in<double>(text).value_or(0)) > kLargest;
    return fmt::format("must be {}{}, not {}", kind_of_number(whole),
                       too_large ? fmt::format(" from {} to {}", shown(-kLargest), shown(kLargest)) : "",
                       text);
  };
  return {check, "", kAnyNumber};
}

CLI::Validator number_between(double least, double most, bool whole) {
  const auto check = [=](const std::string& text) -> std::string {
    const auto value = option_value(text, whole);
    if (text.empty() || (value && *value >= least && *value <= most)) return "";
    return fmt::format("must be {} from {} to {}, not {}", kind_of_number(whole), shown(least), shown(most),
                       text);
  };
  return {check, fmt::format("in [{} - {}]", shown(least), shown(most))};
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.starts_with('-');
}

// The innermost verb that was given: a sub-verb, a verb or the program itself.
CLI::App* reached(CLI::App& program) {
  auto* app = &program;
  while (!app->get_subcommands().empty()) app = app->get_subcommands()[0];
  return app;
}

std::string meant(const std::string& word, const std::vector<std::string>& known,
                  const std::string& dashes = "") {
  const auto near = nearest(word, known);
  return near.empty() ? "" : fmt::format("did you mean '{}{}'? ", dashes, near);
}

// The option's name as the words have it: "-n", where CLI11 says "--count".
std::string typed_name(const std::vector<std::string>& words, const CLI::Option& option) {
  for (const auto& word : words) {
    const auto name = word.substr(0, word.find('='));
    if (is_option(name) && option.check_name(name)) return name;
  }
  return option.get_name();
}

// The message of CLI11 in our words.
std::string plain(const std::vector<std::string>& words, const CLI::App& app, const CLI::ParseError& error) {
  const std::string what = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) && what.starts_with("A subcommand"))
    return app.get_name() + " needs a command";
  for (const auto* option : app.get_options()) {
    if (!what.starts_with(option->get_name())) continue;
    const auto rest = what.substr(option->get_name().size());
    const auto name = typed_name(words, *option);
    if (dynamic_cast<const CLI::ExcludesError*>(&error)) {
      for (const auto* other : option->get_excludes())
        if (rest == " excludes " + other->get_name())
          return fmt::format("{} and {} cannot be given together", name, typed_name(words, *other));
    }
    if (!rest.starts_with(": ")) continue;
    if (!dynamic_cast<const CLI::ArgumentMismatch*>(&error)) return name + rest;
    return option->count() > 1 ? name + " is given twice, but takes one value" : name + " needs a value";
  }
  return what;
}

// What is wrong with words that the parser could not place, and a suggestion.
struct Mistake {
  std::string what, meant;
};

Mistake mistake_in(const std::vector<std::string>& words, const CLI::App& program, const CLI::App& app,
                   const CLI::ParseError& error) {
  const auto unplaced = program.remaining(true);
  const auto is_unplaced = [&](const std::string& word) {
    return std::find(unplaced.begin(), unplaced.end(), word) != unplaced.end();
  };
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  const auto place = std::find(words.begin(), words.end(), app.get_name());
  const auto before_verb = std::find_if(words.begin(), place, [&](const auto& word) {
    return is_option(word) && is_unplaced(word) && app.get_option_no_throw(word.substr(0, word.find('=')));
  });
  if (&app != &program && before_verb != place)
    return {fmt::format("the option '{}' stands before the command '{}'", *before_verb, *place),
            "write options after the command; "};
  const auto first = &app == &program || place == words.end() ? words.begin() : place + 1;
  if (!verbs.empty() && first != words.end() && !is_option(*first)) {
    std::vector<std::string> names;
    for (const auto* verb : verbs) names.push_back(verb->get_name());
    return {fmt::format("there is no command '{}'", *first), meant(*first, names)};
  }
  for (const auto& word : words) {
    if (!is_option(word) || !is_unplaced(word)) continue;
    const auto name = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const auto* option : app.get_options())
      names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
    return {fmt::format("there is no option '{}' here", name),
            meant(name.substr(name.find_first_not_of('-')), names, "--")};
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) && !unplaced.empty())
    return {fmt::format("'{}' is one argument too many", unplaced.front()), ""};
  return {plain(words, app, error), ""};
}

// "--out=" becomes "--out" and an empty value: CLI11 would take the next word as the value.
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
  option_->default_str("");  // help would show a default that is never used
  return *this;
}

Option& Option::between(double least, double most) {
  option_->get_validator(kAnyNumber)->active(false);  // the message of the next check names the range
  option_->check(number_between(least, most, whole_));
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& text) -> std::string {
    if (text.empty() || std::find(words.begin(), words.end(), text) != words.end()) return "";
    return fmt::format("must be one of {}, not {}", fmt::join(words, ", "), text);
  };
  option_->check(CLI::Validator(check, fmt::format("{{{}}}", fmt::join(words, ","))));
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
  return {app_->add_option(names, value, help)->check(number(true)), true};
}

Option Verb::option(const std::string& names, std::optional<std::int64_t>& value, const std::string& help) {
  auto* option = app_->add_option_function<std::int64_t>(
      names, [&value](const std::int64_t& given) { value = given; }, help);
  return {option->check(number(true)), true};
}

Option Verb::option(const std::string& names, double& value, const std::string& help) {
  return {app_->add_option(names, value, help)->check(number(false)), false};
}

Option Verb::option(const std::string& names, std::vector<std::string>& value, const std::string& help) {
  auto* option = app_->add_option(names, value, help);
  if (names.starts_with('-')) option->allow_extra_args(false);
  return {option, false};
}

Option Verb::flag(const std::string& names, bool& value, const std::string& help) {
  return {app_->add_flag(names, value, help), false};
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

std::string Verb::help() const {
  return app_->get_description();
}

std::vector<Verb::Shown> Verb::shown() const {
  std::vector<Shown> all;
  for (const auto* option : app_->get_options()) {
    Shown each{.names = option->get_lnames(), .help = option->get_description()};
    each.is_flag = option->get_expected_max() == 0;
    if (option->get_positional()) {
      each.spelling = option->get_name();
    } else {
      for (const auto& name : option->get_snames()) each.spelling += "-" + name + ", ";
      each.spelling += "--" + fmt::format("{}", fmt::join(option->get_lnames(), ", --"));
      if (!each.is_flag) each.spelling += " " + option->get_type_name();
      if (!option->get_default_str().empty()) each.help += fmt::format(" [{}]", option->get_default_str());
    }
    all.push_back(each);
  }
  return all;
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
  const auto words = words_of(argc, argv);
  try {
    app_->parse(
        std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 wants the words in reverse order
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {.work = {}, .exit_code = app_->exit(error)};  // --help
    refuse_empty_values(*app_);  // its message is clearer than that of CLI11
    const auto* app = reached(*app_);
    std::string verbs;
    for (const auto* each = app; each != app_.get(); each = each->get_parent())
      verbs = each->get_name() + " " + verbs;
    const auto mistake = mistake_in(words, *app_, *app, error);
    say_error(fmt::format("belamy: {}\n  {}'belamy {}--help' shows the options\n", mistake.what,
                          mistake.meant, verbs));
    return {.work = {}, .exit_code = static_cast<int>(ExitCode::usage)};
  }
  refuse_empty_values(*app_);
  return {.work = work_, .exit_code = {}};
}

std::string Parser::help() const {
  return app_->help();
}

}  // namespace belamy::cli
