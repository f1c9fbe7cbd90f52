// The studio: a local web page for watching, steering and using runs.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace belamy::studio {

struct StudioOptions {
  std::vector<std::filesystem::path> folders;  ///< in which runs are shown; new ones go into the first
  int port = 0;                                ///< 0: any free one
  int forwarded = 0;  ///< the port under which a browser sees it through ssh -L; 0: none
  bool read_only = false;
  bool any_data = false;  ///< a new run may use any folder as data, not only known sets
};

class Studio {
 public:
  explicit Studio(const StudioOptions& options);
  ~Studio();

  int port() const;
  /// An address with a token that opens one session.
  std::string address();
  /// Whether the page has asked the studio to end.
  bool ended() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// The address of a studio that is running, with a new token. A usage error if none runs.
std::string address_of_running_studio();

}  // namespace belamy::studio
