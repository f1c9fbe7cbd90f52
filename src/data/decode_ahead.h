// Decodes image files in threads. Internal to src/data.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "data/readers.h"

namespace belamy {

/// An image file, of which either the bytes are known or what is wrong with it.
struct ImageFile {
  std::size_t index = 0;
  std::string name;  ///< as the user would write it
  std::string bytes;
  std::optional<Problem> problem = {};
};

/// Decodes files while the next ones are read, and hands their images over in the order in which they came.
class DecodeAhead {
 public:
  /// `explain` makes a problem of a file that is no image.
  DecodeAhead(const Visitor& visitor,
              std::function<Problem(const Error& error, const ImageFile& file)> explain);

  void add(ImageFile file);
  void finish();

 private:
  struct Decoded {
    std::size_t index;
    Image image;
    std::optional<Problem> problem;
  };
  using Block = std::vector<Decoded>;

  Block decode(std::vector<ImageFile> files) const;
  void start();
  void hand_over();

  const Visitor& visitor_;
  std::function<Problem(const Error&, const ImageFile&)> explain_;
  std::size_t threads_;
  std::vector<ImageFile> next_;
  std::size_t next_bytes_ = 0;
  std::deque<std::future<Block>> running_;
};

}  // namespace belamy
