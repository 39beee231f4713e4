/* Views a second on one core: the augmentations of methods at their usual sizes, from bytes.
 *
 *   augment_bench [seconds for each line, 1] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/ops/fault.h"
#include "nodes/augment/chain.h"
#include "nodes/augment/transform.h"
#include "tests/support/opts.h"

enum { BATCH = 64 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define R(...) sdag_test_record(a, sdag_transforms, __VA_ARGS__, NULL)

/* Runs the last op of the program, an augment of u8[BATCH,h,w,c], for so many seconds. */
static double rate(const sdag_program *p, double seconds)
{
    const sdag_program_op *o = &p->ops.at[p->ops.n - 1];
    sdag_tensor in = {.dtype = SDAG_DT_U8, .shape = p->values.at[o->in[0]].shape};
    sdag_tensor out = {.dtype = SDAG_DT_F32, .shape = p->values.at[o->out[0]].shape};
    sdag_step step = {.training = 1};
    sdag_args args = {.in = &in, .out = &out, .n_in = 1, .n_out = 1, .attr = o->attr, .step = &step};
    sdag_tiling t;
    sdag_op_tiling(&t, o->op, &args);
    int64_t n = sdag_elems(&in.shape), done = 0;
    uint8_t *pixels = in.data = sdag_alloc((size_t)n);
    out.data = sdag_alloc((size_t)sdag_elems(&out.shape) * sizeof(float));
    args.scratch = sdag_alloc_aligned(t.scratch, 64);
    if (!pixels || !out.data || !args.scratch) exit(1);
    sdag_rng r = sdag_rng_at(1, 2, 3, 4);
    for (int64_t i = 0; i < n; i++) pixels[i] = (uint8_t)sdag_rng_u32(&r);
    double start = now();
    for (; now() - start < seconds; step.step++)
        for (args.tile = 0; args.tile < t.tiles[0]; args.tile++) {
            sdag_op_range(&args, o->op);
            o->op->cpu.run(&args);
            done += args.hi - args.lo;
        }
    double took = now() - start;
    sdag_free(in.data);
    sdag_free(out.data);
    sdag_free(args.scratch);
    return (double)done / took;
}

static void line(sdag_arena *a, const char *name, int64_t h, int64_t w, int64_t c, double seconds, sdag_records ops)
{
    sdag_program p = {0};
    sdag_build b;
    sdag_build_init(&b, a, NULL, &p);
    sdag_op_augment(&b, sdag_input(&b, SDAG_DT_U8, SDAG_SHAPE(BATCH, h, w, c)), 0, c, 0, &ops, 1);
    if (sdag_build_failed(&b)) exit(1);
    printf("%-34s %4dx%-4d %9.0f views/s\n", name, (int)h, (int)w, rate(&p, seconds));
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    sdag_arena arena, *a = &arena;
    sdag_arena_init(a);
    sdag_record crop = R("random_resized_crop", "size", "32"), flip = R("horizontal_flip", "p", "0.5");
    sdag_record jitter =
        R("color_jitter", "brightness", "0.4", "contrast", "0.4", "saturation", "0.4", "hue", "0.1", "p", "0.8");
    sdag_record gray = R("grayscale", "p", "0.2"), norm = R("normalize", "mean", "[0.49, 0.48, 0.45]", "std", "0.2");
    sdag_record crop224 = R("random_resized_crop", "size", "224"), blur = R("gaussian_blur", "p", "0.5");
    sdag_record affine = R("random_affine", "degrees", "12", "translate", "0.1");
    sdag_record crop28 = R("random_resized_crop", "size", "28");
    sdag_record noise = R("noise", "std", "0.1");
#define LINE(name, h, w, c, ...)    \
    line(a, name, h, w, c, seconds, \
         (sdag_records){sizeof((sdag_record[]){__VA_ARGS__}) / sizeof(sdag_record), (sdag_record[]){__VA_ARGS__}})
    LINE("SimCLR, CIFAR", 32, 32, 3, crop, flip, jitter, gray, norm);
    LINE("  random_resized_crop", 32, 32, 3, crop);
    LINE("  horizontal_flip", 32, 32, 3, flip);
    LINE("  color_jitter", 32, 32, 3, jitter);
    LINE("  grayscale", 32, 32, 3, gray);
    LINE("  normalize", 32, 32, 3, norm);
    LINE("  gaussian_blur", 32, 32, 3, blur);
    LINE("  noise", 32, 32, 3, noise);
    LINE("MNIST: crop, affine", 28, 28, 1, crop28, affine);
    LINE("SimCLR, ImageNet", 375, 500, 3, crop224, flip, jitter, gray, blur, norm);
    sdag_arena_free(a);
    return 0;
}
