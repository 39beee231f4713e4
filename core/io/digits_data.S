/* The table of core/io/digits.h, as the gzipped CSV that lies in examples/data. The build passes its path as a
 * string, SDAG_DIGITS_GZ, and must rebuild this file when the table changes. Assembled alike by gcc and clang. */
#ifndef SDAG_DIGITS_GZ
#define SDAG_DIGITS_GZ "examples/data/digits.csv.gz"
#endif

    .section .rodata
    .global sdag_digits_gz
    .global sdag_digits_gz_end
    .hidden sdag_digits_gz
    .hidden sdag_digits_gz_end
sdag_digits_gz:
    .incbin SDAG_DIGITS_GZ
sdag_digits_gz_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
