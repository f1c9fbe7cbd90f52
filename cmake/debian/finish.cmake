# CPack runs this between installing and packing. It brings everything to the places that Debian's policy names: the library,
# copyright, changelogs and the compressed manual page.
set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr)
set(share ${usr}/share)
set(documents ${share}/doc/belamy)
find_program(gzip gzip REQUIRED)

function(compress file) # without name and date, so that the same build gives the same package
  execute_process(COMMAND ${gzip} -9 -n -f ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The library serves this program alone: in a folder of its own, other programs do not find it by accident.
file(MAKE_DIRECTORY ${usr}/${CPACK_BELAMY_LIBRARIES})
file(GLOB libraries ${usr}/${CPACK_BELAMY_LIBDIR}/libbelamy.so.*)
foreach(library ${libraries})
  get_filename_component(name ${library} NAME)
  file(RENAME ${library} ${usr}/${CPACK_BELAMY_LIBRARIES}/${name})
endforeach()

compress(${share}/man/man1/belamy.1)

file(MAKE_DIRECTORY ${documents})
configure_file(${CPACK_BELAMY_SOURCE}/cmake/debian/copyright ${documents}/copyright COPYONLY)
configure_file(${CPACK_BELAMY_SOURCE}/CHANGELOG.md ${documents}/changelog COPYONLY)
compress(${documents}/changelog)

# The date is that of SOURCE_DATE_EPOCH where it is set.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${documents}/changelog.Debian
"belamy (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}; changelog.gz lists what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
compress(${documents}/changelog.Debian)

# What lintian says of every package that Debian has not asked for.
file(MAKE_DIRECTORY ${share}/lintian/overrides)
file(WRITE ${share}/lintian/overrides/belamy "belamy: initial-upload-closes-no-bugs\n")

file(CHMOD_RECURSE ${documents} ${share}/lintian ${share}/man
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
  DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
