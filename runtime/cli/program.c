/* The program: all of it is in the library, so that plugins find what they are written against. */
#include "runtime/cli/cli.h"

int main(int argc, char **argv) { return sdag_main(argc, argv); }
