#include "core/cpu/eigen.h"

#include "core/base/alloc.h"

/* Debian's OpenBLAS has LAPACK's Fortran symbols but no header for them. The last two are lengths of the texts. */
extern void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
                   const int *lwork, int *info, size_t, size_t);

sdag_status sdag_eigenvalues(double *w, double *a, int64_t n, sdag_log *log)
{
    const int order = (int)n, query = -1;
    double best = 0;
    int info = 0;
    if (n == 0) return SDAG_OK;
    dsyev_("N", "U", &order, a, &order, w, &best, &query, &info, 1, 1);
    const int lwork = best > 3.0 * (double)n ? (int)best : 3 * order;
    double *work = sdag_alloc_array((size_t)lwork, sizeof *work);
    if (!work) return SDAG_NOMEM;
    dsyev_("N", "U", &order, a, &order, w, work, &lwork, &info, 1, 1);
    sdag_free(work);
    return info ? sdag_fail(log, SDAG_FAILED, SDAG_NOLOC, "the eigenvalues of a matrix of order %d cannot be found",
                            order)
                : SDAG_OK;
}
