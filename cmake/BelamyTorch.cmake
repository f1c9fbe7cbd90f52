# Finds LibTorch as find_package(Torch) does: sets TORCH_INSTALL_PREFIX, TORCH_INCLUDE_DIRS and TORCH_LIBRARIES. The CMake package of a
# LibTorch with CUDA demands a CUDA compiler, which Belamy does not need. For such a LibTorch the target `torch` is made
# here. An installed Belamy reads this file as well (belamyConfig.cmake).
if(NOT DEFINED CACHE{BELAMY_TORCH_WITH_CUDA})
  string(REPLACE ":" ";" prefixes "${CMAKE_PREFIX_PATH};$ENV{CMAKE_PREFIX_PATH}")
  set(with_cuda)
  foreach(prefix ${prefixes})
    if(NOT with_cuda AND EXISTS ${prefix}/lib/libtorch_cuda.so AND EXISTS ${prefix}/share/cmake/Torch/TorchConfig.cmake)
      set(with_cuda ${prefix})
    endif()
  endforeach()
  set(BELAMY_TORCH_WITH_CUDA "${with_cuda}" CACHE INTERNAL "")
endif()

if(BELAMY_TORCH_WITH_CUDA)
  set(TORCH_INSTALL_PREFIX ${BELAMY_TORCH_WITH_CUDA})
  set(TORCH_INCLUDE_DIRS ${BELAMY_TORCH_WITH_CUDA}/include ${BELAMY_TORCH_WITH_CUDA}/include/torch/csrc/api/include)
  set(TORCH_LIBRARIES torch)
  if(NOT TARGET torch)
    # What its headers have to be told, such as that it has Gloo: the line of the target torch_cpu.
    file(STRINGS ${BELAMY_TORCH_WITH_CUDA}/share/cmake/Caffe2/Caffe2Targets.cmake torch_definitions
      REGEX "INTERFACE_COMPILE_DEFINITIONS \"USE_DISTRIBUTED")
    string(REGEX MATCHALL "USE_[A-Z0-9_]+" torch_definitions "${torch_definitions}")
    set(torch_files ${BELAMY_TORCH_WITH_CUDA}/lib/libtorch)
    add_library(torch INTERFACE IMPORTED)
    set_target_properties(torch PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIRS}"
      INTERFACE_COMPILE_DEFINITIONS "${torch_definitions}"
      # No symbol of libtorch_cuda.so is used: loading it is what brings the device.
      INTERFACE_LINK_LIBRARIES "-Wl,--no-as-needed;${torch_files}.so;${torch_files}_cpu.so;${torch_files}_cuda.so;${BELAMY_TORCH_WITH_CUDA}/lib/libc10_cuda.so;${BELAMY_TORCH_WITH_CUDA}/lib/libc10.so;-Wl,--as-needed"
      # The libraries of CUDA are found when a program starts; the linker need not see them.
      INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")
  endif()
else()
  find_package(Torch REQUIRED)
endif()
