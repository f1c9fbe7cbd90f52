# The version and the git commit as constants. Every build asks git; the file changes only when the answer does. A second
# reading of this file, as a script, writes it.
if(CMAKE_SCRIPT_MODE_FILE)
  cmake_minimum_required(VERSION 3.22)
  set(commit "unknown")
  find_package(Git QUIET)
  if(GIT_FOUND)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --dirty --abbrev=12
      OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      set(commit ${described})
    endif()
  endif()
  file(CONFIGURE OUTPUT ${FILE} CONTENT
    "#include \"core/version.h\"\n\nnamespace belamy {\nconst char* version() { return \"@VERSION@\"; }\nconst char* commit() { return \"@commit@\"; }\n}  // namespace belamy\n" @ONLY)
  return()
endif()

set(BELAMY_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(belamy_version sources_variable)
  set(file ${CMAKE_BINARY_DIR}/generated/version.cpp)
  add_custom_target(belamy_commit BYPRODUCTS ${file}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DFILE=${file} -P ${BELAMY_VERSION_SCRIPT})
  set(${sources_variable} ${${sources_variable}} ${file} PARENT_SCOPE)
endfunction()
