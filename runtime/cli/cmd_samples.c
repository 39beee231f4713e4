/* ssldag samples: a folder of small pictures of cloth, to try things with when no photographs are at hand.
 * checks-001.png, ...: 40x40 in colour, each pattern in two colours, a width and a turn of its own, lit from one side,
 * with noise. The same command draws the same pictures. */
#include <math.h>
#include <stdio.h>

#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/io/png_write.h"
#include "runtime/cli/cli.h"

enum { SIDE = 40, FINE = 3, EACH = 100 }; /* FINE x FINE points a pixel */

static const char *const patterns[] = {"checks", "dots", "rings", "stripes"};
enum { CHECKS, DOTS, RINGS, STRIPES, PATTERNS };

/* One picture before it is drawn. */
typedef struct sketch {
    int pattern;
    float x, y, width, turn; /* of the pattern: where it begins, pixels that it repeats after, radians */
    float ink[3], cloth[3];
    float light, from; /* how much brighter one side is, and which */
} sketch;

static float to_whole(float v) { return v - floorf(v); } /* part of the way to the next repetition */

/* Whether a point is ink; u and v in repetitions of the pattern. */
static bool is_ink(int pattern, float u, float v)
{
    switch (pattern) {
    case CHECKS: return (to_whole(u) < 0.5f) != (to_whole(v) < 0.5f);
    case DOTS: return hypotf(to_whole(u) - 0.5f, to_whole(v) - 0.5f) < 0.32f;
    case RINGS: return to_whole(hypotf(u, v)) < 0.5f;
    default: return to_whole(u) < 0.5f;
    }
}

static sketch invent(int pattern, sdag_rng *r)
{
    sketch s = {.pattern = pattern};
    s.width = sdag_rng_uniform(r, 7, 12);
    s.x = sdag_rng_uniform(r, SIDE / 4, 3 * SIDE / 4);
    s.y = sdag_rng_uniform(r, SIDE / 4, 3 * SIDE / 4);
    s.turn = sdag_rng_uniform(r, 0, 2 * (float)M_PI);
    s.from = sdag_rng_uniform(r, 0, 2 * (float)M_PI);
    s.light = sdag_rng_uniform(r, 0, 0.3f);
    for (int k = 0; k < 3; k++) { /* dark on light, each of any hue */
        s.ink[k] = sdag_rng_uniform(r, 0, 0.5f);
        s.cloth[k] = sdag_rng_uniform(r, 0.55f, 1);
    }
    return s;
}

/* The part of a pixel that is ink. */
static float cover(const sketch *s, int x, int y)
{
    int hits = 0;
    float c = cosf(s->turn), d = sinf(s->turn);
    for (int i = 0; i < FINE * FINE; i++) {
        float px = (float)x + ((float)(i % FINE) + 0.5f) / FINE - s->x;
        float py = (float)y + ((float)(i / FINE) + 0.5f) / FINE - s->y;
        hits += is_ink(s->pattern, (c * px + d * py) / s->width, (c * py - d * px) / s->width);
    }
    return (float)hits / (FINE * FINE);
}

static void draw(uint8_t *to, const sketch *s, sdag_rng *r)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float ink = cover(s, x, y);
            float along = (cosf(s->from) * (float)(x - SIDE / 2) + sinf(s->from) * (float)(y - SIDE / 2)) / SIDE;
            for (int k = 0; k < 3; k++) {
                float v = s->cloth[k] + ink * (s->ink[k] - s->cloth[k]);
                v += s->light * along + 0.04f * sdag_rng_normal(r);
                *to++ = (uint8_t)(255 * fminf(fmaxf(v, 0), 1) + 0.5f);
            }
        }
}

sdag_status sdag_cli_samples(sdag_cli *c)
{
    uint8_t *pixels = SDAG_NEWS(c->arena, uint8_t, SIDE * SIDE * 3);
    const char *dir = c->args[0];
    sdag_status status = sdag_make_dirs(c->log, SDAG_NOLOC, dir);
    for (int i = 0; i < PATTERNS * EACH && !status; i++) {
        sdag_rng r = sdag_rng_at(1, 0x5a3b1e5, 0, (uint32_t)i);
        sketch s = invent(i % PATTERNS, &r);
        draw(pixels, &s, &r);
        const char *name = sdag_arena_printf(c->arena, "%s-%03d.png", patterns[s.pattern], i / PATTERNS + 1);
        status = sdag_png_write(c->log, sdag_path_join(c->arena, dir, name), pixels, SIDE, SIDE, 3);
    }
    if (!status && !c->quiet)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "%d pictures in %s: checks, dots, rings and stripes",
                     PATTERNS * EACH, dir);
    return status;
}
