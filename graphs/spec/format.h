/* The normal form of a file: its own words, keys in their order, anchors, quotes and comments as they were; two spaces
 * a level, one space between the parts of [a, b] and {a: 1}, at most one blank line, lines of 120 where a comma allows
 * it.
 *
 *   char *text;
 *   status = sdag_format(&text, arena, log, "simclr.yaml", bytes, len);
 *
 * Works on the tokens of the text rather than on the tree, which has no comments. What comes out is parsed and compared
 * with what went in, comments included, before it is given to anybody; where they differ the file is left alone with an
 * error. Formatting twice changes nothing more. A text that is no file of this language is SDAG_INVALID. */
#ifndef SDAG_SPEC_FORMAT_H
#define SDAG_SPEC_FORMAT_H

#include "graphs/spec/spec.h"

enum { SDAG_FORMAT_COLUMNS = 120 };

sdag_status sdag_format(char **out, sdag_arena *a, sdag_log *log, const char *file_name, const char *text, size_t len);

/* ---- for the sources of this folder: format_tokens.c */

typedef enum {
    SDAG_YAML_END,  /* of the text */
    SDAG_YAML_LINE, /* a directive, --- or ...: alone on its line */
    SDAG_YAML_MAP,  /* a block map or list begins; nothing is written for it */
    SDAG_YAML_LIST,
    SDAG_YAML_CLOSE, /* ... and ends */
    SDAG_YAML_DASH,
    SDAG_YAML_KEY, /* the next token is a key; written as '? ' when it has a length */
    SDAG_YAML_COLON,
    SDAG_YAML_OPEN, /* [ or { */
    SDAG_YAML_SHUT,
    SDAG_YAML_COMMA,
    SDAG_YAML_MARK, /* an anchor or a tag: what follows belongs to it */
    SDAG_YAML_ALIAS,
    SDAG_YAML_SCALAR,
    SDAG_YAML_BLOCK, /* a scalar after | or > */
} sdag_yaml_token_kind;

typedef struct sdag_comment {
    const char *text; /* from the #, without spaces at the end */
    int column;       /* from 0 */
    bool trailing;    /* behind something on its line */
    bool blank;       /* an empty line before it */
} sdag_comment;

typedef struct sdag_yaml_token {
    sdag_yaml_token_kind kind;
    const char *text; /* as in the source, not NUL-terminated */
    size_t len;
    int column;
    bool wrapped;                    /* on another line than the token before it */
    bool blank;                      /* an empty line before it, behind its comments */
    SDAG_VEC(sdag_comment) comments; /* between the token before and this one */
} sdag_yaml_token;

typedef struct sdag_yaml_tokens {
    sdag_arena *a;
    const char *text;
    size_t len;
    SDAG_VEC(sdag_yaml_token) list;
} sdag_yaml_tokens;

/* text: valid YAML of this language, without a byte order mark, lines ended by \n. */
sdag_status sdag_yaml_tokens_read(sdag_yaml_tokens *out, sdag_arena *a, const char *text, size_t len);
/* format_proof.c: does `now` say what the tree and the tokens say? Otherwise an error where it does not. */
sdag_status sdag_format_prove(sdag_arena *a, sdag_log *log, const sdag_spec *tree, const sdag_yaml_tokens *tokens,
                              const char *now, size_t len);

#endif
