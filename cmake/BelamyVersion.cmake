# The version and the git commit as constants; the file changes only when the commit does.
function(belamy_version sources_variable)
  set(commit "unknown")
  find_package(Git QUIET)
  if(GIT_FOUND)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${CMAKE_SOURCE_DIR} describe --always --dirty --abbrev=12
      OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      set(commit ${described})
    endif()
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/version.cpp CONTENT
    "#include \"core/version.h\"\n\nnamespace belamy {\nconst char* version() { return \"@PROJECT_VERSION@\"; }\nconst char* commit() { return \"${commit}\"; }\n}  // namespace belamy\n" @ONLY)
  set(${sources_variable} ${${sources_variable}} ${CMAKE_BINARY_DIR}/generated/version.cpp PARENT_SCOPE)
endfunction()
