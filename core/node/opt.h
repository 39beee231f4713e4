/* Options of a node, as a table: name, type, default, range, help. Parsing, checks, `inspect`, the schema and the
 * reference pages are all read from it.
 *
 *   typedef struct { float temperature; bool normalize; } nt_xent;
 *   static const sdag_opt opts[] = {
 *       SDAG_F32 (nt_xent, temperature, 0.5, 1e-3, 10.0, "softmax temperature; small = harder negatives"),
 *       SDAG_BOOL(nt_xent, normalize, true, "scale rows to unit length first"),
 *       {0},
 *   };
 * An option without a default is required (the _REQ forms). */
#ifndef SDAG_NODE_OPT_H
#define SDAG_NODE_OPT_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    SDAG_OPT_BOOL, /* bool */
    SDAG_OPT_INT,  /* int64_t */
    SDAG_OPT_F32,  /* float */
    SDAG_OPT_ENUM, /* int: index into choices */
    SDAG_OPT_STR,  /* const char *, NULL when absent */
    SDAG_OPT_PATH, /* const char *: relative to the YAML file, made usable from the current directory; never opened by
                      check */
    SDAG_OPT_INTS, /* sdag_ints: a list, or one number */
    SDAG_OPT_F32S, /* sdag_floats: a list, or one number */
    SDAG_OPT_STRS, /* sdag_strs: a list, or one text */
    SDAG_OPT_DURATION,  /* sdag_duration: "5 epochs", "100 steps" */
    SDAG_OPT_SCHEDULE,  /* sdag_schedule: a number, or {cosine: [from, to], warmup: 2 epochs} ... */
    SDAG_OPT_RECORDS,   /* sdag_records: a list of {name: {options}} or bare names, each described by its own table */
    SDAG_OPT_SCHEDULES, /* sdag_schedules: a map of names, which the node makes use of, to numbers or schedules */
} sdag_opt_kind;

typedef struct {
    int n;
    const int64_t *at;
} sdag_ints;
typedef struct {
    int n;
    const float *at;
} sdag_floats;
typedef struct {
    int n;
    const char *const *at;
} sdag_strs;

typedef enum { SDAG_STEPS, SDAG_EPOCHS } sdag_unit;
typedef struct {
    double n;
    sdag_unit unit;
} sdag_duration; /* n < 0: not given */

/* A number that may change in training. Value at step t of T (T: steps of the phase), after warm-up of W steps:
 *   t < W                from * (t+1)/W, where from is the schedule's first value
 *   const                from
 *   cosine               to - (to - from)(cos(pi u) + 1)/2,  u = (t-W) / (T-W-1), clipped to 0..1
 *   linear               from + (to - from) u
 *   steps                from * factor^(number of milestones passed) */
typedef enum { SDAG_SCHED_CONST, SDAG_SCHED_COSINE, SDAG_SCHED_LINEAR, SDAG_SCHED_STEPS } sdag_sched_rule;
typedef struct sdag_schedule {
    sdag_sched_rule rule;
    float from, to, factor;
    sdag_duration warmup;
    int n_at;
    const sdag_duration *at; /* milestones, rising */
} sdag_schedule;
typedef struct sdag_named_schedule {
    const char *name;
    sdag_schedule schedule;
} sdag_named_schedule;
typedef struct {
    int n;
    const sdag_named_schedule *at;
} sdag_schedules;
float sdag_schedule_at(const sdag_schedule *s, int64_t step, int64_t steps, int64_t steps_per_epoch);

typedef struct sdag_opt sdag_opt;

/* One kind of record in a list of records (an augmentation): name, sentence, options. type: whatever the node wants. */
typedef struct sdag_record_type {
    const char *name, *brief;
    const sdag_opt *opts;
    size_t opts_size;
    const void *type;
    const char *example;
    const char *(*check)(const void *opts); /* a sentence on what is wrong between options, or NULL */
    bool fixed; /* nothing in it is drawn: it is kept when a trained network is applied to new data */
} sdag_record_type;
typedef struct {
    const sdag_record_type *type;
    const void *opts;
} sdag_record;
typedef struct {
    int n;
    const sdag_record *at;
} sdag_records;

struct sdag_opt {
    const char *name, *help;
    sdag_opt_kind kind;
    size_t offset;
    double def, min, max;       /* numbers, booleans (0/1), enum index; duration in epochs; schedule constant */
    const char *text;           /* default of STR, PATH, INTS ("[64,64]"), F32S, STRS as YAML text; NULL: empty */
    const char *const *choices; /* ENUM, NULL-terminated */
    const sdag_record_type *const *records; /* RECORDS, NULL-terminated */
    bool required;
};

/* clang-format off */
#define SDAG_BOOL(T, f, d, h) {.name = #f, .help = h, .kind = SDAG_OPT_BOOL, .offset = offsetof(T, f), .def = d, .max = 1}
#define SDAG_INT(T, f, d, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_INT, .offset = offsetof(T, f), .def = d, .min = lo, .max = hi}
#define SDAG_INT_REQ(T, f, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_INT, .offset = offsetof(T, f), .min = lo, .max = hi, .required = true}
#define SDAG_F32(T, f, d, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_F32, .offset = offsetof(T, f), .def = d, .min = lo, .max = hi}
#define SDAG_ENUM(T, f, d, c, h) {.name = #f, .help = h, .kind = SDAG_OPT_ENUM, .offset = offsetof(T, f), .def = d, .choices = c}
#define SDAG_STR(T, f, d, h) {.name = #f, .help = h, .kind = SDAG_OPT_STR, .offset = offsetof(T, f), .text = d}
#define SDAG_PATH(T, f, d, h) {.name = #f, .help = h, .kind = SDAG_OPT_PATH, .offset = offsetof(T, f), .text = d}
#define SDAG_PATH_REQ(T, f, h) {.name = #f, .help = h, .kind = SDAG_OPT_PATH, .offset = offsetof(T, f), .required = true}
#define SDAG_INTS(T, f, d, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_INTS, .offset = offsetof(T, f), .text = d, .min = lo, .max = hi}
#define SDAG_F32S(T, f, d, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_F32S, .offset = offsetof(T, f), .text = d, .min = lo, .max = hi}
#define SDAG_STRS(T, f, d, h) {.name = #f, .help = h, .kind = SDAG_OPT_STRS, .offset = offsetof(T, f), .text = d}
#define SDAG_DURATION(T, f, d, h) {.name = #f, .help = h, .kind = SDAG_OPT_DURATION, .offset = offsetof(T, f), .text = d}
#define SDAG_SCHEDULE(T, f, d, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_SCHEDULE, .offset = offsetof(T, f), .def = d, .min = lo, .max = hi}
#define SDAG_SCHEDULES(T, f, lo, hi, h) {.name = #f, .help = h, .kind = SDAG_OPT_SCHEDULES, .offset = offsetof(T, f), .min = lo, .max = hi}
#define SDAG_STR_REQ(T, f, h) {.name = #f, .help = h, .kind = SDAG_OPT_STR, .offset = offsetof(T, f), .required = true}
#define SDAG_RECORDS(T, f, r, h) {.name = #f, .help = h, .kind = SDAG_OPT_RECORDS, .offset = offsetof(T, f), .records = r, .required = true}

/* clang-format on */
#endif
