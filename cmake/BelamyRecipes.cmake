# All recipes/*/*.toml as constants: the program needs no files of its own to run. Made at configure time; CMake runs
# again when a recipe changes.
function(belamy_recipes sources_variable)
  file(GLOB_RECURSE recipes CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/recipes/*.toml)
  set(table "")
  foreach(recipe ${recipes})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${recipe})
    file(READ ${CMAKE_SOURCE_DIR}/${recipe} text)
    string(APPEND table "      {\"${recipe}\", R\"~~recipe~~(${text})~~recipe~~\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/recipes.h CONTENT
"#pragma once
#include <string_view>
#include <utility>
#include <vector>

namespace belamy {
/// (path below the project, text) of every recipe, by path.
const std::vector<std::pair<const char*, std::string_view>>& embedded_recipes();
}  // namespace belamy
" @ONLY)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/recipes.cpp CONTENT
"#include \"recipes.h\"

namespace belamy {
const std::vector<std::pair<const char*, std::string_view>>& embedded_recipes() {
  static const std::vector<std::pair<const char*, std::string_view>> all = {
${table}  };
  return all;
}
}  // namespace belamy
")
  set(${sources_variable} ${${sources_variable}} ${CMAKE_BINARY_DIR}/generated/recipes.cpp PARENT_SCOPE)
endfunction()
