#include "nn/sgemm.h"

#include <dlfcn.h>

#include "core/parallel.h"

namespace belamy::nn {

// LibTorch's own copy where its symbols can be found. Others hide them: there the system's copy serves, if it has the
// same threads. It is bound to itself, because LibTorch's may be another version.
Sgemm sgemm() {
  static const auto found = [] {
    auto* place = dlsym(RTLD_DEFAULT, "dnnl_sgemm");
    for (const auto* name : {"libdnnl.so.3", "libdnnl.so.2"}) {
      if (place || !threads_are_shared()) break;
      if (auto* library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND))
        place = dlsym(library, "dnnl_sgemm");
    }
    return reinterpret_cast<Sgemm>(place);
  }();
  return found;
}

}  // namespace belamy::nn
