# SPDX-License-Identifier: Apache-2.0
# `cpack -G DEB` in the build folder: one Debian package with the daemon, the compiler and the emulated card.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME streamtensor)
# A tilde sorts before the release.
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION}~dev)
set(CPACK_PACKAGE_CONTACT "The StreamTensor authors <streamtensor@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Compiles LLMs to streaming dataflow designs and serves them")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
# deploy/CMakeLists.txt writes the prefix into the unit, and puts the configuration below /etc.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Target emulation compiles with g++; the maintainer scripts call systemd-sysusers and systemd-tmpfiles.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "g++, systemd, passwd")
# `streamtensorc report` and `explain` schedule the text with clang; `report` lays out graphs with dot.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "clang-19, graphviz")
foreach(script postinst prerm postrm conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/deploy/debian/${script})
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
