/* Eigenvalues of symmetric matrices, by the LAPACK in OpenBLAS.
 *
 *   sdag_status s = sdag_eigenvalues(w, a, n, log);   // w f64[n], smallest first; a f64[n,n] is used up
 *
 * About 4/3 n^3 operations on one thread. Safe to call from many threads at once; the same matrix gives the same
 * bits. */
#ifndef SDAG_CPU_EIGEN_H
#define SDAG_CPU_EIGEN_H

#include <stdint.h>

#include "core/base/log.h"
#include "core/base/status.h"

/* Reads one triangle of a. SDAG_NOMEM; SDAG_FAILED (reported): it does not converge, as with numbers that are not
 * finite. 0 <= n < 2^15. */
sdag_status sdag_eigenvalues(double *w, double *a, int64_t n, sdag_log *log);

#endif
