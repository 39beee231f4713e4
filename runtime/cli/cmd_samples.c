/* ssldag samples: a folder of small pictures of shapes, to try things with when no photographs are at hand.
 * circle-001.png, ...: 40x40 in colour, each shape in a size, a place, a turn and colours of its own, before a
 * background that runs from one colour to another, with noise. The same command draws the same pictures. */
#include <math.h>
#include <stdio.h>

#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/io/png_write.h"
#include "runtime/cli/cli.h"

enum { SIDE = 40, FINE = 3, EACH = 120 }; /* FINE x FINE points a pixel */

static const char *const shapes[] = {"circle", "square", "star", "triangle"};
enum { CIRCLE, SQUARE, STAR, TRIANGLE, SHAPES };

/* One picture before it is drawn. */
typedef struct sketch {
    int shape;
    float x, y, size, turn;
    float ink[3], from[3], to[3], slope; /* colours, and the direction in which the background changes */
} sketch;

/* Distance in which a ray at this angle leaves a star of n points: the line from a tip to the notch beside it. */
static float star_edge(float angle, int n, float notch)
{
    const float half = (float)M_PI / (float)n;
    float a = fabsf(remainderf(angle, 2 * half)); /* 0 at a tip, half at a notch */
    float nx = notch * cosf(half), ny = notch * sinf(half);
    return ny / (ny * cosf(a) + (1 - nx) * sinf(a));
}

/* Whether the point lies in the shape, which has radius 1 about the origin. */
static bool inside(int shape, float u, float v)
{
    float r = sqrtf(u * u + v * v), angle = atan2f(v, u);
    switch (shape) {
    case CIRCLE: return r < 0.85f;
    case SQUARE: return fabsf(u) < 0.75f && fabsf(v) < 0.75f;
    case STAR: return r < star_edge(angle, 5, 0.42f);
    default: return r < star_edge(angle, 3, 0.5f); /* notches on the sides of the triangle */
    }
}

static sketch invent(int shape, sdag_rng *r)
{
    sketch s = {.shape = shape};
    float far = 0;
    s.size = sdag_rng_uniform(r, 9, 15);
    s.x = sdag_rng_uniform(r, s.size, SIDE - s.size);
    s.y = sdag_rng_uniform(r, s.size, SIDE - s.size);
    s.turn = sdag_rng_uniform(r, 0, 2 * (float)M_PI);
    s.slope = sdag_rng_uniform(r, 0, 2 * (float)M_PI);
    while (far < 0.6f) { /* the shape can be told from what is behind it */
        far = 0;
        for (int k = 0; k < 3; k++) {
            s.ink[k] = sdag_rng_f32(r);
            s.from[k] = sdag_rng_f32(r);
            s.to[k] = s.from[k] + sdag_rng_uniform(r, -0.25f, 0.25f);
            far += fabsf(s.ink[k] - (s.from[k] + s.to[k]) / 2);
        }
    }
    return s;
}

static float cover(const sketch *s, int x, int y)
{
    int hits = 0;
    float c = cosf(s->turn), d = sinf(s->turn);
    for (int i = 0; i < FINE * FINE; i++) {
        float px = (float)x + ((float)(i % FINE) + 0.5f) / FINE - s->x;
        float py = (float)y + ((float)(i / FINE) + 0.5f) / FINE - s->y;
        hits += inside(s->shape, (c * px + d * py) / s->size, (c * py - d * px) / s->size);
    }
    return (float)hits / (FINE * FINE);
}

static void draw(uint8_t *to, const sketch *s, sdag_rng *r)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float part = cover(s, x, y);
            float along =
                0.5f + (cosf(s->slope) * (float)(x - SIDE / 2) + sinf(s->slope) * (float)(y - SIDE / 2)) / SIDE;
            for (int k = 0; k < 3; k++) {
                float back = s->from[k] + along * (s->to[k] - s->from[k]);
                float v = back + part * (s->ink[k] - back) + 0.04f * sdag_rng_normal(r);
                *to++ = (uint8_t)(255 * fminf(fmaxf(v, 0), 1) + 0.5f);
            }
        }
}

sdag_status sdag_cli_samples(sdag_cli *c)
{
    uint8_t *pixels = SDAG_NEWS(c->arena, uint8_t, SIDE * SIDE * 3);
    const char *dir = c->args[0];
    sdag_status status = sdag_make_dirs(c->log, SDAG_NOLOC, dir);
    for (int i = 0; i < SHAPES * EACH && !status; i++) {
        sdag_rng r = sdag_rng_at(1, 0x5a3b1e5, 0, (uint32_t)i);
        sketch s = invent(i % SHAPES, &r);
        draw(pixels, &s, &r);
        const char *name = sdag_arena_printf(c->arena, "%s-%03d.png", shapes[s.shape], i / SHAPES + 1);
        status = sdag_png_write(c->log, sdag_path_join(c->arena, dir, name), pixels, SIDE, SIDE, 3);
    }
    if (!status && !c->quiet)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "%d pictures in %s: circles, squares, stars and triangles",
                     SHAPES * EACH, dir);
    return status;
}
