/* Its loading turns on flush-to-zero, as that of everything does that was linked with -ffast-math (crtfastmath.o). */
#include "tests/plugins/good/good.h"

#if defined(__SSE__)
__attribute__((constructor)) static void begin(void) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); }
#endif
SDAG_PLUGIN(.name = "flush", .types = good_types)
