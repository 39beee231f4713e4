/* The table of core/io/digits.h: the gzipped CSV of examples/data, as it is. The build names that folder as an include
 * directory (-I) and assembles this file again when the table changes. gcc and clang take it alike. */
    .section .rodata
    .global sdag_digits_gz
    .global sdag_digits_gz_end
    .hidden sdag_digits_gz
    .hidden sdag_digits_gz_end
sdag_digits_gz:
    .incbin "digits.csv.gz"
sdag_digits_gz_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
