#include "core/cpu/eigen.h"

#include <string.h>

#include "core/base/alloc.h"

/* LAPACK's own interface: everything by address, and behind the arguments the lengths of the texts. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w,
             double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t jobz_n, size_t range_n, size_t uplo_n);
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
            const int *lwork, int *info, size_t jobz_n, size_t uplo_n);

typedef struct eigen {
    int n, k, first, found, info;
    double *a, *w, *z, *work; /* w f64[n] */
    int *support, *iwork, lwork, liwork;
} eigen;

static void solve(eigen *e)
{
    const double none = 0;
    dsyevr_("V", "I", "L", &e->n, e->a, &e->n, &none, &none, &e->first, &e->n, &none, &e->found, e->w, e->z, &e->n,
            e->support, e->work, &e->lwork, e->iwork, &e->liwork, &e->info, 1, 1, 1);
}

sdag_status sdag_eigen_largest(double *values, double *vectors, double *a, int64_t n, int64_t k)
{
    double size;
    int isize;
    eigen e = {.n = (int)n, .k = (int)k, .first = (int)(n - k + 1), .a = a, .z = vectors, .work = &size};
    e.iwork = &isize;
    e.lwork = e.liwork = -1; /* asks how much work space it wants */
    e.w = sdag_alloc_array((size_t)n, sizeof *e.w);
    e.support = sdag_alloc_array(2 * (size_t)k, sizeof *e.support);
    sdag_status s = e.w && e.support ? SDAG_OK : SDAG_NOMEM;
    if (!s) {
        solve(&e);
        e.lwork = (int)size;
        e.liwork = isize;
        e.work = sdag_alloc_array((size_t)e.lwork, sizeof *e.work);
        e.iwork = sdag_alloc_array((size_t)e.liwork, sizeof *e.iwork);
        if (!e.work || !e.iwork) s = SDAG_NOMEM;
        else solve(&e);
        if (!s && (e.info || e.found != e.k)) s = SDAG_FAILED;
        if (!s) memcpy(values, e.w, (size_t)k * sizeof *values);
        sdag_free(e.work);
        sdag_free(e.iwork);
    }
    sdag_free(e.w);
    sdag_free(e.support);
    return s;
}

sdag_status sdag_eigen_values(double *values, double *a, int64_t n)
{
    const int order = (int)n, ask = -1;
    double size = 0;
    int info = 0;
    if (!n) return SDAG_OK;
    dsyev_("N", "L", &order, a, &order, values, &size, &ask, &info, 1, 1);
    const int lwork = (int)size;
    double *work = sdag_alloc_array((size_t)lwork, sizeof *work);
    if (!work) return SDAG_NOMEM;
    dsyev_("N", "L", &order, a, &order, values, work, &lwork, &info, 1, 1);
    sdag_free(work);
    return info ? SDAG_FAILED : SDAG_OK;
}
