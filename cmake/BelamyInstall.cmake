# Install rules. Component `program`: the program and the library it runs with, its completion, recipes and labs. Component
# `development`: headers and package config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/belamy)
set(shared_folder ${CMAKE_INSTALL_DATADIR}/belamy)

# The installed program finds the library beside it wherever the prefix is moved to, and both find the LibTorch they were
# linked with. In a Debian package the library lies in a folder of its own (cmake/debian/finish.cmake).
set(BELAMY_PACKAGE_LIBRARIES lib/${CMAKE_LIBRARY_ARCHITECTURE}/belamy)
file(RELATIVE_PATH bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(belamy belamy_program PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
set_target_properties(belamy PROPERTIES INSTALL_RPATH $ORIGIN)
set_target_properties(belamy_program PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib};$ORIGIN/../${BELAMY_PACKAGE_LIBRARIES}")
target_compile_features(belamy INTERFACE cxx_std_20)

install(TARGETS belamy EXPORT belamy_targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  COMPONENT program NAMELINK_COMPONENT development)
install(TARGETS belamy_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY include/belamy DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN *.h PATTERN *.def)
install(EXPORT belamy_targets NAMESPACE belamy:: FILE belamyTargets.cmake DESTINATION ${package_folder}
  COMPONENT development)

configure_package_config_file(cmake/belamyConfig.cmake.in ${CMAKE_BINARY_DIR}/belamyConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/belamyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/belamyConfig.cmake ${CMAKE_BINARY_DIR}/belamyConfigVersion.cmake cmake/BelamyTorch.cmake
  DESTINATION ${package_folder} COMPONENT development)

# The program writes its own manual page and completions, so that no second list of verbs has to be kept.
function(belamy_written place name) # arguments of the program
  set(file ${CMAKE_BINARY_DIR}/written/${name})
  string(REPLACE ";" " " words "${ARGN}")
  install(CODE "file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/written)
    execute_process(COMMAND ${CMAKE_BINARY_DIR}/bin/belamy ${words} OUTPUT_FILE ${file} COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT program)
  install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${place} COMPONENT program)
endfunction()
belamy_written(bash-completion/completions belamy completion)
belamy_written(zsh/vendor-completions _belamy completion --shell zsh)
belamy_written(fish/vendor_completions.d belamy.fish completion --shell fish)
belamy_written(man/man1 belamy.1 man)

install(DIRECTORY recipes DESTINATION ${shared_folder} COMPONENT program FILES_MATCHING PATTERN *.toml)
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/labs)
  install(DIRECTORY labs DESTINATION ${shared_folder} COMPONENT program)
endif()
