// Version and commit of this build; defined by cmake/BelamyVersion.cmake.
#pragma once

namespace belamy {

const char* version();  ///< "0.1.0"
const char* commit();   ///< git's short hash at the build, "-dirty" with local changes, or "unknown"

}  // namespace belamy
