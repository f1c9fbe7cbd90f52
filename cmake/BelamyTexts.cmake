# belamy_texts(SOURCES_VARIABLE NAME GLOB...): the project's files that match, below its folder, as constants (header
# generated/NAME.h), so that the program needs no files of its own to run. Made at configure time; CMake runs again when
# one of them changes, comes or goes.
function(belamy_texts sources_variable name)
  set(table "")
  foreach(glob ${ARGN})
    file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${glob})
    foreach(file ${files})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
      file(READ ${CMAKE_SOURCE_DIR}/${file} text)
      string(APPEND table "      {\"${file}\", R\"~~belamy~~(${text})~~belamy~~\"},\n")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.h CONTENT
"#pragma once
#include <string_view>
#include <utility>
#include <vector>

namespace belamy {
/// (path below the project, text) of every file, by path.
const std::vector<std::pair<const char*, std::string_view>>& embedded_${name}();
}  // namespace belamy
" @ONLY)
  # Not by file(GENERATE) or file(CONFIGURE): either would take $<...> or @...@ in a text for its own.
  set(out ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  file(WRITE ${out}.new
"#include \"${name}.h\"

namespace belamy {
const std::vector<std::pair<const char*, std::string_view>>& embedded_${name}() {
  static const std::vector<std::pair<const char*, std::string_view>> all = {
${table}  };
  return all;
}
}  // namespace belamy
")
  configure_file(${out}.new ${out} COPYONLY)  # an unchanged file keeps its date
  set(${sources_variable} ${${sources_variable}} ${out} PARENT_SCOPE)
endfunction()
