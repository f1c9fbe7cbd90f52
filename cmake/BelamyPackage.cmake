# The Debian package: `cpack` in the build folder writes belamy_VERSION_ARCHITECTURE.deb. It holds the program, not the
# headers. It needs dpkg-dev and file, and a build with Debian's LibTorch.
set(BELAMY_MAINTAINER "The Belamy authors <belamy@example.invalid>" CACHE STRING
  "Name and address of who answers for the package: a publisher sets the real one")

set(CPACK_GENERATOR DEB)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};belamy;program;/")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_CONTACT "${BELAMY_MAINTAINER}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trains, samples and evaluates generative and unsupervised models")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Belamy is a command-line program for generative and unsupervised models: GANs,
variational autoencoders, autoregressive models, normalising flows, diffusion
models, Boltzmann machines, and models for image translation, domain
adaptation and similarity. It runs on LibTorch and does not need Python.

A training is a recipe of a few lines. It can be stopped and resumed bit for
bit, followed in a local web page, and judged by the measures of the field.")

# dpkg-shlibdeps names the packages of the linked libraries. The fonts of the data set glyphs, which is the default, and
# OpenBLAS come beside them.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
file(STRINGS tools/packages.txt fonts REGEX "^fonts-")
list(JOIN fonts ", " CPACK_DEBIAN_PACKAGE_RECOMMENDS)
string(PREPEND CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libopenblas0-openmp, ")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3")

# What only a Debian package has is added to the installed files before they are packed.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian/finish.cmake)
set(CPACK_BELAMY_SOURCE ${CMAKE_SOURCE_DIR})
set(CPACK_BELAMY_LIBDIR ${CMAKE_INSTALL_LIBDIR})
set(CPACK_BELAMY_LIBRARIES ${BELAMY_PACKAGE_LIBRARIES})
include(CPack)
