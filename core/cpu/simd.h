/* Marks for hot loops: one source, compiled for several instruction sets, the best of which is chosen when the
 * program starts.
 *
 *   SDAG_CLONES static void relu_loop(float *y, const float *x, int64_t n)
 *   {
 *       SDAG_SIMD for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
 *   }
 *
 * SDAG_SIMD promises that iterations are independent: y may be x itself, but not overlap it otherwise.
 * Though static, such functions need names of their own in the whole program: clang 14 gives what chooses among them
 * external names. Helpers that such loops call are SDAG_INLINE, so that they are compiled with the caller's
 * instructions. */
#ifndef SDAG_CPU_SIMD_H
#define SDAG_CPU_SIMD_H

/* The choice is made before a sanitizer is ready for it, so instrumented builds get the baseline alone. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SDAG_NO_CLONES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SDAG_NO_CLONES 1
#endif
#endif
#if defined(__x86_64__) && !defined(SDAG_NO_CLONES)
#define SDAG_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SDAG_CLONES
#endif

#define SDAG_INLINE static inline __attribute__((always_inline))

#define SDAG_SIMD _Pragma("omp simd")

#endif
