# ccache where there is one (it must be told that a precompiled header is safe), warnings as errors, sanitizers.
find_program(BELAMY_CCACHE ccache)
if(BELAMY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${BELAMY_CCACHE})
  add_compile_options(-fpch-preprocess)
endif()

# One flag for every target, so that the library's precompiled header serves the programs as well.
add_compile_options(-fPIC -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -fdiagnostics-color=auto)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-psabi -Wno-restrict)  # -Wrestrict: false alarms in std::string (GCC bug 105651)
endif()

if(BELAMY_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # GCC 12 sees it in std::regex where there are sanitizers
  endif()
endif()
