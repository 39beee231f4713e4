# The public headers, and the linker's list of what they declare: the symbols that libssldag.so exports.
#   SSLDAG_PUBLIC_HEADERS   paths from the root
#   SSLDAG_EXPORTS          the version script, written anew when a header changes
set(SSLDAG_PUBLIC_HEADERS
    core/base/alloc.h core/base/arena.h core/base/file.h core/base/log.h core/base/map.h core/base/rng.h core/base/status.h
    core/base/str.h
    core/cpu/broadcast.h core/cpu/mathf.h core/cpu/rows.h core/cpu/simd.h core/cpu/tiling.h
    core/data/dataset.h core/data/vocab.h
    core/node/collector.h core/node/layer.h core/node/node.h core/node/opt.h core/node/plugin.h core/node/sample.h core/node/transform.h
    core/ops/adjoint.h core/ops/attr.h core/ops/build.h core/ops/map.h core/ops/op.h core/ops/ops.h core/ops/reference.h
    core/ops/rules.h core/ops/sample.h core/ops/update.h core/ops/zip.h
    core/tensor/tensor.h)

set(names)
foreach(header ${SSLDAG_PUBLIC_HEADERS})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
  file(READ ${header} text)
  string(REPLACE ";" " ; " text "${text}")
  string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" text "${text}") # comments
  string(REGEX REPLACE "\\[" "(" text "${text}")                            # extern const ... sdag_choices[]
  string(REGEX MATCHALL "sdag_[a-z0-9_]+\\(" found "${text}")
  list(APPEND names ${found})
endforeach()
list(REMOVE_DUPLICATES names)
list(SORT names)
list(TRANSFORM names REPLACE "\\($" "")
list(REMOVE_ITEM names sdag_plugin_get) # a plugin's own
string(REPLACE ";" ";\n    " names "${names}")
set(SSLDAG_EXPORTS ${PROJECT_BINARY_DIR}/exports.map)
file(CONFIGURE OUTPUT ${SSLDAG_EXPORTS} @ONLY
     CONTENT "SSLDAG_@SSLDAG_ABI_MAJOR@ {\n  global:\n    sdag_main;\n    @names@;\n  local: *;\n};\n")
