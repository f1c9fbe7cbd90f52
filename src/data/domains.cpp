// Sets of two domains: pairs by name, halves of a picture, sides made of a picture, two sources.
#include "data/readers.h"

namespace belamy {

const std::vector<std::string>& pair_kinds() {
  static const std::vector<std::string> kinds = {
      "none", "folders", "side-by-side", "classes", "edges", "low-resolution", "gray", "masked", "random"};
  return kinds;
}

}  // namespace belamy
