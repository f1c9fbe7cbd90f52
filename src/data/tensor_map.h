// Maps of names: which tensors of a foreign file are which tensors of a network that Belamy knows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/array.h"

namespace belamy {

/// A text of lines "THEIR.NAME = OUR.NAME". A "*" at the end of both names stands for the rest of a name: "features.* = conv.*".
/// "THEIR.NAME = -" leaves a tensor out. Lines that are empty or begin with "#" say nothing. A tensor takes the line that names
/// it whole, else the one with the longest beginning; without any it keeps its name.
class TensorMap {
 public:
  /// `title` is the path of the map, for messages. A usage error names the line that is none.
  TensorMap(std::string_view text, const std::string& title);

  /// The tensors of exactly one known network, under Belamy's names or those of torchvision; what that network does not use is
  /// left out. `file` is the file that they come from. A usage error where a line of the map stands for no tensor, or two
  /// tensors get one name; a data error where a tensor is missing, left over, or has another shape or type.
  ArrayMap network_in(const ArrayMap& arrays, const std::string& file) const;

 private:
  struct Line {
    std::size_t number = 0;
    std::string from, to;  // without the "*"
    bool beginning = false, left_out = false;
  };
  // A tensor under its new name.
  struct Named {
    std::string from;
    const Line* line = nullptr;  // null: it keeps its name
  };

  bool covers(const Line& line, const std::string& name) const;
  std::string place(const Line& line) const;
  std::string source(const Named& named) const;
  void add(Line line);
  const Line* line_for(const std::string& name) const;
  void check_use(const std::vector<const Line*>& used, const ArrayMap& arrays, const std::string& file) const;

  std::string title_;
  std::vector<Line> lines_;
};

}  // namespace belamy
