# The shared library, and what `cmake --install` puts where: program, library, public headers, packages for CMake and
# pkg-config, examples, schema, and the shell completions and manual pages that the program prints itself.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

file(STRINGS core/node/plugin.h abi REGEX "^#define SDAG_ABI_M[A-Z]+ [0-9]+$")
string(REGEX MATCH "MAJOR ([0-9]+)" abi_match "${abi}")
set(SSLDAG_ABI_MAJOR ${CMAKE_MATCH_1})
string(REGEX MATCH "MINOR ([0-9]+)" abi_match "${abi}")
set(SSLDAG_ABI_MINOR ${CMAKE_MATCH_1})
include(runtime/plugin/exports.cmake)

set_target_properties(ssldag_shared PROPERTIES OUTPUT_NAME ssldag EXPORT_NAME ssldag
                      VERSION ${SSLDAG_ABI_MAJOR}.${SSLDAG_ABI_MINOR} SOVERSION ${SSLDAG_ABI_MAJOR})
target_link_options(ssldag_shared PRIVATE LINKER:--version-script=${SSLDAG_EXPORTS} LINKER:-Bsymbolic-functions)
set_property(TARGET ssldag_shared APPEND PROPERTY LINK_DEPENDS ${SSLDAG_EXPORTS})
target_include_directories(ssldag_shared INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ssldag>)
file(RELATIVE_PATH bin_to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(ssldag PROPERTIES EXPORT_NAME program INSTALL_RPATH "$ORIGIN/${bin_to_lib}")

install(TARGETS ssldag EXPORT ssldagTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ssldag_shared EXPORT ssldagTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(header ${SSLDAG_PUBLIC_HEADERS})
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ssldag/${folder})
endforeach()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ssldag)
set(PLUGIN_DIR ${CMAKE_INSTALL_LIBDIR}/ssldag/plugins)
install(EXPORT ssldagTargets NAMESPACE ssldag:: DESTINATION ${package_dir})
configure_package_config_file(runtime/plugin/ssldagConfig.cmake.in ${PROJECT_BINARY_DIR}/ssldagConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS PLUGIN_DIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ssldagConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ssldagConfig.cmake ${PROJECT_BINARY_DIR}/ssldagConfigVersion.cmake
        DESTINATION ${package_dir})

# Paths in ssldag.pc are relative to where it lies, so that an installed tree can be moved.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH PC_PREFIX /${pc_dir} /)
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
configure_file(runtime/plugin/ssldag.pc.in ${PROJECT_BINARY_DIR}/ssldag.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ssldag.pc DESTINATION ${pc_dir})

install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/ssldag/examples PATTERN build EXCLUDE)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES core/node/PLUGINS.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY DESTINATION ${CMAKE_INSTALL_LIBDIR}/ssldag/plugins)

# What the program says about itself: its schema, completions and manual pages.
set(texts ${PROJECT_BINARY_DIR}/texts)
add_custom_command(OUTPUT ${texts}/stamp DEPENDS ssldag ssldag_shared runtime/plugin/texts.cmake VERBATIM
                   COMMAND ${CMAKE_COMMAND} -DSSLDAG=$<TARGET_FILE:ssldag> -DOUT=${texts}
                           -P ${PROJECT_SOURCE_DIR}/runtime/plugin/texts.cmake)
add_custom_target(ssldag_texts ALL DEPENDS ${texts}/stamp)
install(FILES ${texts}/ssldag.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/ssldag)
install(DIRECTORY ${texts}/bash/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(DIRECTORY ${texts}/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(DIRECTORY ${texts}/fish/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(DIRECTORY ${texts}/man1/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY ${texts}/man5/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
