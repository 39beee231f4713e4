/* Stage 1: YAML text -> a tree of values that know their places.
 *
 *   const sdag_spec *raw, *spec;
 *   s = sdag_spec_parse(&raw, a, log, "simclr.yaml", text, len);
 *   if (!s) s = sdag_spec_resolve(&spec, a, log, raw, sets, n_sets);     // $names and --set
 *   const sdag_spec *seed = sdag_spec_get(spec, "seed");
 *   int64_t v;
 *   if (seed && !sdag_spec_i64(&v, seed)) sdag_fail(log, SDAG_INVALID, seed->loc, "expected a whole number");
 *
 * Values are untyped text: the option that is declared for a key decides what the text means. A tree is
 * constant once built, lives in the arena, and may share nodes (anchors, $names); it has no cycles.
 *
 * Any bytes are safe to parse: every size below is limited, so that a hostile file is refused with its place
 * in milliseconds. Up to 20 errors are reported before a stage gives up. When memory runs out, these
 * functions leave through the arena (sdag_arena_try), with nothing of libyaml left behind. */
#ifndef SDAG_SPEC_SPEC_H
#define SDAG_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/str.h"

enum {
    SDAG_SPEC_TEXT_MAX = 1 << 20,     /* bytes of a file */
    SDAG_SPEC_DEPTH_MAX = 32,         /* levels of lists and maps, anchors and $names followed */
    SDAG_SPEC_EVENTS_MAX = 50000,     /* values, keys and brackets of a file */
    SDAG_SPEC_SCALAR_MAX = 64 << 10,  /* bytes of one value */
    SDAG_SPEC_KEY_MAX = 128,          /* bytes of one key */
    SDAG_SPEC_EXPANDED_MAX = 4 << 20, /* bytes (see size) that aliases or $names add in all */
    SDAG_SPEC_ERRORS_MAX = 20,
};

typedef enum { SDAG_SPEC_NULL, SDAG_SPEC_SCALAR, SDAG_SPEC_LIST, SDAG_SPEC_MAP } sdag_spec_kind;

/* What a scalar holds before sdag_spec_resolve: itself, arithmetic that stands for its value ("${2 * epochs}", or plain
 * $width / 2; text: what is inside the braces), or a text with ${...} in it ("${data}/train"). A ${ that shall stay one
 * is written \${. */
typedef enum { SDAG_SPEC_AS_IS, SDAG_SPEC_ARITHMETIC, SDAG_SPEC_PIECES } sdag_spec_code;

typedef struct sdag_spec sdag_spec;

typedef struct sdag_spec_entry {
    const char *key;
    sdag_loc loc; /* of the key */
    const sdag_spec *value;
} sdag_spec_entry;

struct sdag_spec {
    sdag_spec_kind kind;
    bool quoted;        /* text that would mean something else without its quotes: "12", "true", "null", "$x" */
    bool from_set;      /* typed after --set: paths are relative to the current directory, not to the file */
    bool aliased;       /* also stands somewhere else, by an alias or a merge */
    uint8_t height;     /* levels of lists and maps: 0 for a scalar */
    uint8_t lead;       /* characters of raw before those of text that are no white space: those of ${ */
    uint8_t code;       /* sdag_spec_code of a scalar; all are AS_IS once resolved */
    const char *dir;    /* of the file that it was written in, when that is not the file at hand; NULL otherwise */
    const char *anchor; /* &name in front of it, or NULL */
    sdag_loc loc;
    size_t size;      /* bytes of text plus 32 a value, shared parts counted wherever they stand */
    const char *text; /* SCALAR: UTF-8 without NUL. NULL: as written: "", "~", "null" */
    const char *raw;  /* SCALAR: as it stands in the file, where that is not text: quoted, after |, over several lines;
                          "": computed, so that its characters stand nowhere */
    int n;            /* LIST, MAP: how many */
    const sdag_spec **items;
    sdag_spec_entry *entries; /* keys are unique, in the order of the file; merged ones first */
    const sdag_map *index;    /* keys of a long map; NULL for a short one */
};

/* The keys that the top level of a graph may have, NULL at the end. */
extern const char *const sdag_spec_root_keys[];

/* The file must hold one document, a map. file_name is quoted in messages as it is. text need not outlive the call. */
sdag_status sdag_spec_parse(const sdag_spec **out, sdag_arena *a, sdag_log *log, const char *file_name,
                            const char *text, size_t len);
/* The same for any value; an empty text is NULL. */
sdag_status sdag_spec_parse_value(const sdag_spec **out, sdag_arena *a, sdag_log *log, const char *file_name,
                                  const char *text, size_t len);

/* The same for text that stands somewhere else, behind --set: at is the place of its first character, whose source the
 * log knows already. */
sdag_status sdag_spec_parse_at(const sdag_spec **out, sdag_arena *a, sdag_log *log, sdag_loc at, const char *text,
                               size_t len);

/* A file and the files that it extends. `extends: base.yaml` (relative to the file that says it) puts the file's own
 * values over those of the base: maps merge key by key, anything else takes the place, `key: null` removes the key. A
 * node with another `type:` or `use:` than the base's keeps of the base its `in:` alone. A value put over one below
 * let: also changes where an alias repeats that. */
enum { SDAG_SPEC_FILES_MAX = 8 };
typedef struct sdag_spec_files {
    const sdag_spec *root;                        /* all of them in one, without `extends` */
    const sdag_spec *layers[SDAG_SPEC_FILES_MAX]; /* each as it was written, the outermost base first */
    int n;
} sdag_spec_files;
/* path may be a pipe; bases are regular files. A value of a base says in dir what its paths are relative to. */
sdag_status sdag_spec_load(sdag_spec_files *out, sdag_arena *a, sdag_log *log, const char *path);

/* A path as typed -> keys from the top level. It may start with a let name, a key of the top level, a phase, or a node
 * that one phase alone has (tried in this order); `nodes` may be left out; an item of a list is its number, counted
 * from 0, or the name of a record that stands there once. All keys but the last must be there. typed: place of its
 * first character, for messages. */
enum { SDAG_SPEC_PATH_MAX = 40 };
typedef struct sdag_spec_path {
    const char *key[SDAG_SPEC_PATH_MAX];
    sdag_loc loc[SDAG_SPEC_PATH_MAX]; /* of each key, as typed */
    int n;
    bool in_let;
} sdag_spec_path;
sdag_status sdag_spec_path_find(sdag_spec_path *out, sdag_arena *a, sdag_log *log, const sdag_spec *root,
                                const char *text, sdag_loc typed);
const char *sdag_spec_path_text(sdag_arena *a, const sdag_spec_path *p, int n); /* the first n keys, by dots */

/* One --set path=value. The last key of the path may be new. A value set below let: also changes where an alias
 * repeats it. Messages quote what was typed as line i of a source called --set. */
typedef struct sdag_spec_set {
    const char *path, *value;
} sdag_spec_set;

/* Applies the sets, then puts the values of let: in place of every plain $name; the result has no let:. The names of a
 * module's parameters stay in its body: they are filled in where it is used. */
sdag_status sdag_spec_resolve(const sdag_spec **out, sdag_arena *a, sdag_log *log, const sdag_spec *root,
                              const sdag_spec_set *sets, int n_sets);

/* s with values[i] in place of every $name that names maps to i, alone or in arithmetic: the body of a module for one
 * use of it. Each stands at the place of the name. Parts without a name are shared with s. The caller bounds how often
 * that is done. complain: arithmetic that cannot be computed; nothing stands in its place then. */
typedef struct sdag_spec_filling {
    sdag_arena *a;
    const sdag_map *names;
    const sdag_spec *const *values;
    void (*complain)(void *ctx, sdag_loc loc, const char *text);
    void *ctx;
} sdag_spec_filling;
const sdag_spec *sdag_spec_fill(const sdag_spec_filling *f, const sdag_spec *s);

/* Where bytes [at, at + len) of a scalar's text stand in the file, over quotes, folded lines and indented blocks. */
sdag_loc sdag_spec_place(const sdag_spec *s, int at, int len);

/* NULL when map is no map or has no such key. */
const sdag_spec *sdag_spec_get(const sdag_spec *map, const char *key);
const char *sdag_spec_key(const void *map, int i); /* the i-th key, for sdag_nearest; NULL past the last */

/* false, and *out as it was: the value is not of that type. A quoted "12" is a string and no number. */
bool sdag_spec_i64(int64_t *out, const sdag_spec *s);
bool sdag_spec_f64(double *out, const sdag_spec *s);
bool sdag_spec_bool(bool *out, const sdag_spec *s);       /* true or false, nothing else */
bool sdag_spec_str(const char **out, const sdag_spec *s); /* any scalar */

const char *sdag_spec_kind_name(const sdag_spec *s); /* "nothing", "a value", "a list", "a map": for messages */

/* YAML that parses to the same tree: block style for the upper levels, flow style for what fits 100 columns. */
void sdag_spec_print(sdag_str *out, const sdag_spec *s);
void sdag_spec_print_line(sdag_str *out, const sdag_spec *s); /* in flow style, on one line, without its end */

/* Where every change of the tree begins for the sources of this folder: a copy of s whose children may be replaced,
 * with room for more of them; and the index of a key, -1. */
sdag_spec *sdag_spec_copy(sdag_arena *a, const sdag_spec *s, int extra);
int sdag_spec_index(const sdag_spec *map, const char *key);
const char *sdag_spec_ref(const sdag_spec *s); /* "$name" -> "name"; NULL for any other value */
/* Values that stand for others from now on, wherever an alias repeats them; in the order in which they came. */
typedef struct sdag_swap {
    const sdag_spec *from, *to;
} sdag_swap;
typedef struct sdag_swaps {
    sdag_arena *a;
    SDAG_VEC(sdag_swap) list;
} sdag_swaps;
void sdag_swaps_add(sdag_swaps *w, const sdag_spec *from, const sdag_spec *to);
const sdag_spec *sdag_swaps_get(const sdag_swaps *w, const sdag_spec *s);
/* The tree with the sets applied. Errors are counted; *errors stays when all went well. */
const sdag_spec *sdag_spec_apply_sets(sdag_arena *a, sdag_log *log, const sdag_spec *root, const sdag_spec_set *sets,
                                      int n_sets, sdag_swaps *swaps, int *errors);

const char *sdag_spec_library(void); /* version of libyaml: "0.2.5" */

/* A new or changed map's or list's height, size and index, from its children. */
void sdag_spec_finish(sdag_arena *a, sdag_spec *s);
/* For the sources of this folder: whether text means something else when it is not quoted. */
bool sdag_spec_special(const char *text);
/* What text is; plain: it stood without quotes. *inner, *n: the arithmetic inside. false: a ${ without its }, at
 * *inner. */
bool sdag_spec_code_of(sdag_spec_code *out, const char **inner, size_t *n, const char *text, bool plain);
const char *sdag_spec_find_code(const char *text);               /* the first ${ that no \ precedes; NULL */
const char *sdag_spec_unescape(sdag_arena *a, const char *text); /* \${ becomes ${ */
const char *sdag_spec_escape(sdag_arena *a, const char *text);   /* and back */
bool sdag_spec_is_name(const char *text); /* letters, digits, _ and -, a letter or _ first: what may follow $ */

#endif
