/* The files of runtime/plugin/skeleton, as they are, each with a NUL behind it: what `ssldag new` writes. The build names
 * that folder as an include directory (-I). gcc and clang take it alike. */
    .section .rodata
    .macro text name, file
    .global sdag_skeleton_\name
    .hidden sdag_skeleton_\name
sdag_skeleton_\name:
    .incbin "\file"
    .byte 0
    .endm

    text loss_c, "loss.c.in"
    text loss_yaml, "loss.yaml.in"
    text layer_c, "layer.c.in"
    text layer_yaml, "layer.yaml.in"
    text augment_c, "augment.c.in"
    text augment_yaml, "augment.yaml.in"
    text op_c, "op.c.in"
    text op_yaml, "op.yaml.in"
    text cmake, "cmake.in"
    text readme, "readme.in"

    .section .note.GNU-stack, "", %progbits
