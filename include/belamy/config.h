// Typed settings, stated once. A struct lists its fields in `void fields(Fields&)`. Reading TOML, --set, help
// and the resolved copy in the run folder all work from that list.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace belamy {

/// A value as TOML knows it.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                           std::vector<double>, std::vector<std::string>>;

/// Where a value came from, for messages: "recipes/gan/gan-mnist.toml, line 7" or "--set train.batch=x".
struct Origin {
  std::string text;
};

/// Inclusive bounds.
template <class T>
struct Range {
  T low;
  T high;
};

/// The list of a configuration's fields, bound to the variables that hold them. The value that a variable has
/// when it is added is its default. Adding the same key twice, a key inside another (`a` and `a.b`), or a
/// default outside of its own range is a defect of the caller: std::logic_error.
class Fields {
 public:
  void add(const std::string& key, std::int64_t& target, Range<std::int64_t> range, const std::string& help,
           const std::string& unit = "");
  void add(const std::string& key, double& target, Range<double> range, const std::string& help,
           const std::string& unit = "");
  void add(const std::string& key, bool& target, const std::string& help);
  void add(const std::string& key, std::string& target, const std::string& help);  ///< free text
  void add(const std::string& key, std::string& target, const std::vector<std::string>& choices,
           const std::string& help);
  void add(const std::string& key, std::vector<std::int64_t>& target, Range<std::int64_t> each,
           const std::string& help);
  void add(const std::string& key, std::vector<double>& target, Range<double> each, const std::string& help);
  /// A list of texts; a single text or integer is accepted as a list of one.
  void add(const std::string& key, std::vector<std::string>& target, const std::string& help);

  /// Keys added by `inside` get `prefix.` before them.
  void group(const std::string& prefix, const std::function<void(Fields&)>& inside);

  struct Field {
    std::string key;       ///< dotted, "model.width"
    std::string type;      ///< "integer", "number", "true or false", "text", "one of ...", "list of ..."
    std::string range;     ///< "1 .. 4096", or empty
    std::string unit;      ///< "pixels", or empty
    std::string help;      ///< one line
    std::string fallback;  ///< the default, as TOML
    bool is_text = false;  ///< takes text: any text, or one of some choices
    std::vector<std::string> choices = {};  ///< of a text, or of the switch "true or false"; else empty
    std::optional<double> low = {},
                          high = {};  ///< what a number, or each of a list, may be; each may be open
    /// Checks and stores a value; `where` starts the message of the usage error.
    std::function<void(const Value&, const std::string& where)> set;
    std::function<std::string()> get;  ///< the current value, as TOML
  };

  /// Sets one field. A usage error names the origin, the key, and what is allowed or the nearest known key;
  /// the field then keeps its value. An unqualified key ("width") is accepted where exactly one field ends in
  /// it. A number field accepts integers, an integer field accepts whole numbers (1e3). Not-a-number and
  /// infinity are never accepted.
  void set(const std::string& key, const Value& value, const Origin& origin);
  /// The same from text as typed after --set KEY=: "0.5", "true", "[1, 2]", "mnist" (text needs no quotes).
  void set_text(const std::string& assignment);

  const std::vector<Field>& all() const { return fields_; }
  /// The field of exactly this key, or null.
  const Field* find(const std::string& key) const;
  /// All fields as TOML with tables, in order; `only_changed` leaves out those at their defaults.
  std::string to_toml(bool only_changed = false) const;
  /// An aligned table for --help: key, value, allowed, help.
  std::string help() const;

 private:
  void push(Field field);
  const Field& lookup(const std::string& key, const Origin& origin) const;
  std::string prefix_;
  std::vector<Field> fields_;
};

/// The known name nearest to `name` by edit distance (swapped neighbours count once). Empty if none is near: at
/// most one edit for each three letters of `name`, and never as many as there are letters.
std::string nearest(const std::string& name, const std::vector<std::string>& known);
/// "did you mean 'NEAREST'? ", for the beginning of a hint; empty if no name is near.
std::string suggestion(const std::string& name, const std::vector<std::string>& known);

}  // namespace belamy
