/* Sizes of a convolution and the choice of the way to compute it. */
#include "core/cpu/conv.h"

#include "core/cpu/conv_int.h"

/* The product of n factors, or -1 when it reaches 2^40. */
static int64_t product(int n, const int64_t *f)
{
    int64_t p = 1;
    for (int i = 0; i < n; i++)
        if (__builtin_mul_overflow(p, f[i], &p) || p >= (int64_t)1 << 40) return -1;
    return p;
}

static bool in_range(int n, const int64_t *f, int64_t low)
{
    for (int i = 0; i < n; i++)
        if (f[i] < low || f[i] > INT32_MAX) return false;
    return true;
}

bool sdag_conv_size(const sdag_conv *cv, int64_t *oh, int64_t *ow)
{
    const int64_t sizes[] = {cv->n,  cv->h,        cv->w,        cv->c,     cv->o,     cv->kh,
                             cv->kw, cv->stride_h, cv->stride_w, cv->dil_h, cv->dil_w, cv->groups};
    const int64_t pads[] = {cv->pad_h, cv->pad_w};
    if (!in_range(12, sizes, 1) || !in_range(2, pads, 0)) return false;
    if (cv->c % cv->groups || cv->o % cv->groups) return false;
    const int64_t room_h = cv->h + 2 * cv->pad_h - (cv->dil_h * (cv->kh - 1) + 1);
    const int64_t room_w = cv->w + 2 * cv->pad_w - (cv->dil_w * (cv->kw - 1) + 1);
    if (room_h < 0 || room_w < 0) return false;
    *oh = room_h / cv->stride_h + 1;
    *ow = room_w / cv->stride_w + 1;
    return product(4, (const int64_t[]){cv->n, cv->h, cv->w, cv->c}) >= 0 &&
           product(4, (const int64_t[]){cv->n, *oh, *ow, cv->o}) >= 0 &&
           product(4, (const int64_t[]){cv->o, cv->c / cv->groups, cv->kh, cv->kw}) >= 0;
}

void sdag_conv_plan(const sdag_conv *cv, sdag_conv_kind kind, sdag_tiling *out)
{
    sdag_conv_job j = {.cv = cv, .kind = kind};
    *out = (sdag_tiling){.stages = 1, .tiles = {1}};
    if (!sdag_conv_size(cv, &j.oh, &j.ow)) return;
    out->flops =
        2.0 * (double)(cv->n * j.oh * j.ow) * (double)cv->o * (double)(cv->c / cv->groups) * (double)(cv->kh * cv->kw);
    if (sdag_conv_fits_winograd(cv)) sdag_conv_plan_winograd(&j, out);
    else if (sdag_conv_fits_depthwise(cv)) sdag_conv_plan_depthwise(&j, out);
    else sdag_conv_plan_gather(&j, out);
}

void sdag_conv_run(const sdag_conv *cv, sdag_conv_kind kind, const float *a, const float *b, float *out,
                   void *workspace, void *scratch, int stage, int64_t tile)
{
    sdag_conv_job j = {.cv = cv,
                       .kind = kind,
                       .a = a,
                       .b = b,
                       .out = out,
                       .work = workspace,
                       .scratch = scratch,
                       .stage = stage,
                       .tile = tile};
    if (!sdag_conv_size(cv, &j.oh, &j.ow)) return;
    if (sdag_conv_fits_winograd(cv)) sdag_conv_run_winograd(&j);
    else if (sdag_conv_fits_depthwise(cv)) sdag_conv_run_depthwise(&j);
    else sdag_conv_run_gather(&j);
}
