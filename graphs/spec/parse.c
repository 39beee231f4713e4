/* libyaml's events -> the tree, within limits. */
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "graphs/spec/spec.h"

enum { DIRECTIVES_MAX = 16, SHORT_MAP = 8 };

/* A list or map that is not closed yet. */
typedef struct frame {
    sdag_spec *node;
    SDAG_VEC(const sdag_spec *) items;
    SDAG_VEC(sdag_spec_entry) entries;
    SDAG_VEC(const sdag_spec *) merges; /* maps after <<, in their order */
    sdag_map keys;                      /* of entries, once there are more than SHORT_MAP */
    const sdag_spec *key;               /* waits for its value; NULL: a key comes next, or key_bad */
    sdag_loc key_loc;
    bool key_bad;       /* reported: the value that follows is dropped */
    sdag_loc merge_loc; /* of <<, line 0 when there is none */
} frame;

typedef struct parser {
    sdag_arena *a;
    sdag_log *log;
    const char *file, *text;
    size_t len, byte, character; /* byte: where that character starts; both only grow */
    sdag_loc at;                 /* where the text begins in its source; line 0: it is all of it */
    yaml_parser_t yaml;
    yaml_event_t event; /* cleared at once after use, so that what is left can be freed at any time */
    frame stack[SDAG_SPEC_DEPTH_MAX];
    int depth, events, errors, documents;
    sdag_map anchor_ids;
    SDAG_VEC(sdag_spec *) anchors; /* a later anchor of the same name takes the place */
    size_t expanded;
    sdag_spec *root;
} parser;

/* ---- messages ---- */

/* Records an error. SDAG_OK: go on and look for more; SDAG_INVALID: that is enough. */
static sdag_status complain(parser *p, sdag_loc loc, const char *fmt, ...) SDAG_PRINTF(3, 4);
static sdag_status complain(parser *p, sdag_loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sdag_log_addv(p->log, SDAG_ERROR, loc, fmt, ap);
    va_end(ap);
    if (++p->errors < SDAG_SPEC_ERRORS_MAX) return SDAG_OK;
    sdag_log_add(p->log, SDAG_NOTE, loc, "%d errors; the rest of the file was not read", p->errors);
    return SDAG_INVALID;
}

/* A place in the text -> one in its source. */
static sdag_loc in_source(const parser *p, sdag_loc loc)
{
    if (!p->at.line) return loc;
    if (loc.line == 1) loc.col += p->at.col - 1;
    loc.line += p->at.line - 1;
    return loc;
}

/* libyaml counts from 0, and in characters. */
static sdag_loc place(const parser *p, yaml_mark_t from, yaml_mark_t to)
{
    int len = to.line == from.line && to.column > from.column ? (int)(to.column - from.column) : 0;
    return in_source(p, (sdag_loc){p->file, (int)from.line + 1, (int)from.column + 1, len});
}

static sdag_loc event_place(const parser *p) { return place(p, p->event.start_mark, p->event.end_mark); }

static sdag_loc point(sdag_loc loc)
{
    loc.len = 0;
    return loc;
}

/* The character at libyaml's index, 0 past the end. */
static char char_at(const parser *p, size_t index)
{
    for (size_t i = 0; i < p->len; i++)
        if (((unsigned char)p->text[i] & 0xc0) != 0x80 && index-- == 0) return p->text[i];
    return 0;
}

static sdag_status syntax_error(parser *p)
{
    const yaml_parser_t *y = &p->yaml;
    if (y->error == YAML_MEMORY_ERROR) sdag_arena_escape(p->a);
    sdag_loc loc = place(p, y->problem_mark, y->problem_mark);
    const char *problem = y->problem ? y->problem : "not understood";
    if (y->error == YAML_SCANNER_ERROR && char_at(p, y->problem_mark.index) == '\t')
        return sdag_fail(p->log, SDAG_INVALID, loc, "YAML: a tab cannot indent or separate here; use spaces");
    sdag_fail(p->log, SDAG_INVALID, loc, "YAML: %s%s%s", y->context ? y->context : "", y->context ? ", " : "", problem);
    if (y->context && y->context_mark.line != y->problem_mark.line)
        sdag_log_add(p->log, SDAG_NOTE, place(p, y->context_mark, y->context_mark), "it began here");
    return SDAG_INVALID;
}

/* ---- bytes, before libyaml sees them ---- */

static bool is_text(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7e) || c == 0x85 || (c >= 0xa0 && c <= 0xfffd) ||
           c >= 0x10000;
}

static bool is_break(uint32_t c, char next)
{
    return c == '\n' || (c == '\r' && next != '\n') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* Refuses what is not text, with its line, which libyaml does not tell; and many directives, since it compares each
 * %TAG with all those before. */
static sdag_status check_bytes(parser *p)
{
    sdag_loc loc = {p->file, 1, 1, 0};
    int directives = 0;
    for (size_t i = 0; i < p->len;) {
        uint32_t c = 0;
        int n = sdag_utf8(&c, p->text + i, p->len - i);
        unsigned byte = (unsigned char)p->text[i];
        if (n == 0 && i == 0 && byte >= 0xfe)
            return sdag_fail(p->log, SDAG_INVALID, in_source(p, loc), "the file must be UTF-8");
        if (n == 0) return sdag_fail(p->log, SDAG_INVALID, in_source(p, loc), "byte 0x%02x is not UTF-8", byte);
        if (!is_text(c))
            return sdag_fail(p->log, SDAG_INVALID, in_source(p, loc), "a control character, U+%04X", (unsigned)c);
        if (c == '%' && loc.col == 1 && ++directives > DIRECTIVES_MAX)
            return sdag_fail(p->log, SDAG_INVALID, in_source(p, loc), "more than %d lines that start with %%",
                             DIRECTIVES_MAX);
        i += (size_t)n;
        loc.col++;
        if (is_break(c, i < p->len ? p->text[i] : 0)) {
            loc.line++;
            loc.col = 1;
        }
    }
    return SDAG_OK;
}

/* ---- building ---- */

static sdag_spec *node_new(parser *p, sdag_spec_kind kind)
{
    sdag_spec *s = SDAG_NEW(p->a, sdag_spec);
    s->kind = kind;
    s->loc = event_place(p);
    if (kind >= SDAG_SPEC_LIST) s->loc = point(s->loc);
    return s;
}

static bool has_key(const frame *f, const char *key, sdag_loc *first)
{
    int at = -1;
    if (f->entries.n > SHORT_MAP) at = sdag_map_get(&f->keys, key);
    else
        for (int i = 0; i < f->entries.n && at < 0; i++)
            if (strcmp(f->entries.at[i].key, key) == 0) at = i;
    if (at >= 0) *first = f->entries.at[at].loc;
    return at >= 0;
}

static void entry_add(parser *p, frame *f, sdag_spec_entry e)
{
    *SDAG_PUSH(p->a, &f->entries) = e;
    if (f->entries.n <= SHORT_MAP) return;
    f->keys.a = p->a;
    for (int i = f->keys.n; i < f->entries.n; i++) sdag_map_put(&f->keys, f->entries.at[i].key, i);
}

static sdag_status take_key(parser *p, frame *f, const sdag_spec *s, sdag_loc loc)
{
    f->key_loc = loc;
    f->key_bad = true;
    if (s->kind >= SDAG_SPEC_LIST) return complain(p, point(loc), "a key must be text, not %s", sdag_spec_kind_name(s));
    if (s->code) return complain(p, point(loc), "a key is not computed: ${ } and $names stand in values");
    if (!*s->text) return complain(p, point(loc), "a key is missing");
    if (strlen(s->text) > SDAG_SPEC_KEY_MAX)
        return complain(p, point(loc), "a key of more than %d bytes", SDAG_SPEC_KEY_MAX);
    f->key_bad = false;
    f->key = s;
    return SDAG_OK;
}

static sdag_status take_merge(parser *p, frame *f, const sdag_spec *s, sdag_loc loc)
{
    if (f->merge_loc.line)
        return complain(p, f->key_loc, "duplicate key '<<'; the first is on line %d; <<: [*a, *b] merges two maps",
                        f->merge_loc.line);
    f->merge_loc = f->key_loc;
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) {
        if (s->items[i]->kind != SDAG_SPEC_MAP)
            return complain(p, point(loc), "item %d of << is %s, not a map", i + 1, sdag_spec_kind_name(s->items[i]));
        *SDAG_PUSH(p->a, &f->merges) = s->items[i];
    }
    if (s->kind == SDAG_SPEC_MAP) *SDAG_PUSH(p->a, &f->merges) = s;
    else if (s->kind != SDAG_SPEC_LIST)
        return complain(p, point(loc), "<< takes a map or a list of maps, not %s", sdag_spec_kind_name(s));
    return SDAG_OK;
}

static sdag_status take_value(parser *p, frame *f, const sdag_spec *s, sdag_loc loc)
{
    const sdag_spec *key = f->key;
    sdag_loc first;
    f->key = NULL;
    if (f->key_bad) {
        f->key_bad = false;
        return SDAG_OK;
    }
    if (!key->quoted && strcmp(key->text, "<<") == 0) return take_merge(p, f, s, loc);
    if (has_key(f, key->text, &first))
        return complain(p, f->key_loc, "duplicate key '%s'; the first is on line %d", key->text, first.line);
    entry_add(p, f, (sdag_spec_entry){key->text, f->key_loc, s});
    return SDAG_OK;
}

/* A finished value goes where the parser stands. loc: of the value, or of the alias that stands for it. */
static sdag_status attach(parser *p, sdag_spec *s, sdag_loc loc)
{
    if (p->depth == 0) {
        p->root = s;
        return SDAG_OK;
    }
    frame *f = &p->stack[p->depth - 1];
    if (f->node->kind == SDAG_SPEC_LIST) {
        *SDAG_PUSH(p->a, &f->items) = s;
        return SDAG_OK;
    }
    return f->key || f->key_bad ? take_value(p, f, s, loc) : take_key(p, f, s, loc);
}

static void anchor_set(parser *p, const yaml_char_t *name, sdag_spec *s)
{
    if (!name) return;
    int id = sdag_map_get(&p->anchor_ids, (const char *)name);
    if (id < 0) {
        id = p->anchors.n;
        *SDAG_PUSH(p->a, &p->anchors) = NULL;
        sdag_map_put(&p->anchor_ids, sdag_arena_str(p->a, (const char *)name), id);
    }
    p->anchors.at[id] = s;
    s->anchor = p->anchor_ids.rows[id].key;
}

static bool tag_fits(const char *tag, sdag_spec_kind kind)
{
    static const struct {
        const char *name;
        sdag_spec_kind kind;
    } tags[] = {
        {"str", SDAG_SPEC_SCALAR},  {"int", SDAG_SPEC_SCALAR}, {"float", SDAG_SPEC_SCALAR}, {"bool", SDAG_SPEC_SCALAR},
        {"null", SDAG_SPEC_SCALAR}, {"seq", SDAG_SPEC_LIST},   {"map", SDAG_SPEC_MAP},
    };
    static const char core[] = "tag:yaml.org,2002:";
    if (strcmp(tag, "!") == 0) return true;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (tags[i].kind == kind && strncmp(tag, core, sizeof core - 1) == 0 &&
            strcmp(tag + sizeof core - 1, tags[i].name) == 0)
            return true;
    return false;
}

static sdag_status check_tag(parser *p, const yaml_char_t *tag, sdag_spec_kind kind)
{
    const char *t = (const char *)tag;
    if (!t || tag_fits(t, kind)) return SDAG_OK;
    return complain(p, point(event_place(p)), "the tag '%.*s' is not one of this language", 60, t);
}

static bool is_null(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
           strcmp(text, "NULL") == 0;
}

/* The byte of libyaml's character index; indices are asked for in rising order. */
static size_t byte_of(parser *p, size_t index)
{
    for (; p->character < index && p->byte < p->len; p->character++) do
            p->byte++;
        while (p->byte < p->len && ((unsigned char)p->text[p->byte] & 0xc0) == 0x80);
    return p->byte;
}

/* The byte behind the event at hand; 0 at the end. */
static char byte_behind(parser *p)
{
    size_t at = byte_of(p, p->event.end_mark.index);
    return at < p->len ? p->text[at] : 0;
}

/* Keeps what the file has for a scalar whose text is not that, character by character. */
static void keep_raw(parser *p, sdag_spec *s)
{
    const yaml_event_t *e = &p->event;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && e->start_mark.line == e->end_mark.line && !e->data.scalar.anchor && !e->data.scalar.tag && !s->lead)
        return;
    size_t from = byte_of(p, e->start_mark.index);
    s->raw = sdag_arena_copy(p->a, p->text + from, byte_of(p, e->end_mark.index) - from);
}

/* Sets text and code: arithmetic, a text with some in it, or neither; then \${ is ${. Returns 1 + the byte of a ${ that
 * has no }; 0. */
static int take_code(parser *p, sdag_spec *s, const char *text, bool plain)
{
    sdag_spec_code code;
    const char *inner;
    size_t n;
    bool closed = sdag_spec_code_of(&code, &inner, &n, text, plain);
    s->code = closed ? (uint8_t)code : SDAG_SPEC_PIECES;
    s->text = s->code ? text : sdag_spec_unescape(p->a, text);
    if (s->code == SDAG_SPEC_ARITHMETIC && inner != text) {
        s->lead = 2;
        s->text = sdag_arena_copy(p->a, inner, n);
    }
    return closed ? 0 : 1 + (int)(inner - text);
}

static sdag_status take_scalar(parser *p)
{
    const yaml_event_t *e = &p->event;
    const char *text = (const char *)e->data.scalar.value, *tag = (const char *)e->data.scalar.tag;
    size_t len = e->data.scalar.length;
    sdag_spec *s = node_new(p, SDAG_SPEC_SCALAR);
    sdag_status status = check_tag(p, e->data.scalar.tag, SDAG_SPEC_SCALAR);
    if (status) return status;
    if (len > SDAG_SPEC_SCALAR_MAX)
        return sdag_fail(p->log, SDAG_INVALID, point(s->loc), "a value of more than %d bytes", SDAG_SPEC_SCALAR_MAX);
    if (memchr(text, 0, len) && (status = complain(p, s->loc, "a NUL character in a string"))) return status;

    /* Quotes, !, and !!str say "this is text"; that matters where the text could be read as something else. */
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (tag && (strcmp(tag, "!") == 0 || strcmp(tag, "tag:yaml.org,2002:str") == 0)) plain = false;
    int open = take_code(p, s, sdag_arena_copy(p->a, text, len), plain);
    keep_raw(p, s);
    bool named = text[0] != '$' || text[1] == '{' || sdag_spec_is_name(text + 1);
    if (open)
        status = complain(p, sdag_spec_place(s, open - 1, 2), "a ${ without its }; write \\${ for one that is text");
    else if (plain && len == 1 && text[0] == '$' && byte_behind(p) == '{')
        status = complain(p, s->loc, "within { } and [ ] a ${ } stands in quotes, such as \"${2 * a}\"");
    else if (plain && !named && s->code != SDAG_SPEC_ARITHMETIC)
        status = complain(p, s->loc,
                          "a $name is letters, digits, _ and -, alone or in arithmetic such as $a / 2; quote "
                          "other text that starts with $, and put values into a text as ${a}");
    if (plain && text[0] == '\\' && text[1] == '$') {
        plain = false;
        if (s->text[0] == '\\') s->text++;
    }
    s->quoted = !plain && !s->code && sdag_spec_special(s->text);
    if (plain && !s->code && is_null(s->text)) s->kind = SDAG_SPEC_NULL;
    sdag_spec_finish(p->a, s);
    anchor_set(p, e->data.scalar.anchor, s);
    return status ? status : attach(p, s, s->loc);
}

static sdag_status take_alias(parser *p)
{
    const char *name = (const char *)p->event.data.alias.anchor;
    sdag_loc loc = event_place(p);
    int id = sdag_map_get(&p->anchor_ids, name);
    sdag_spec *s = id < 0 ? NULL : p->anchors.at[id];
    sdag_status status = SDAG_OK;
    if (!s) {
        const char *near = sdag_nearest(name, sdag_map_key, &p->anchor_ids);
        status = near ? complain(p, loc, "no anchor &%.*s comes before; did you mean '*%s'?", 60, name, near)
                      : complain(p, loc, "no anchor &%.*s comes before", 60, name);
    }
    for (int i = 0; s && i < p->depth; i++)
        if (p->stack[i].node == s) {
            status = complain(p, loc, "*%.*s stands inside the value that &%.*s names (line %d)", 60, name, 60, name,
                              s->loc.line);
            s = NULL;
        }
    if (!s) { /* go on with nothing in its place */
        s = node_new(p, SDAG_SPEC_NULL);
        s->text = "null";
        sdag_spec_finish(p->a, s);
        return status ? status : attach(p, s, loc);
    }
    if (p->depth + s->height > SDAG_SPEC_DEPTH_MAX)
        return sdag_fail(p->log, SDAG_INVALID, loc, "more than %d levels deep", SDAG_SPEC_DEPTH_MAX);
    p->expanded += s->size;
    if (p->expanded > SDAG_SPEC_EXPANDED_MAX)
        return sdag_fail(p->log, SDAG_INVALID, loc, "aliases repeat more than %d MiB of values",
                         SDAG_SPEC_EXPANDED_MAX >> 20);
    s->aliased = true;
    return attach(p, s, loc);
}

static sdag_status open_node(parser *p, sdag_spec_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    sdag_loc loc = point(event_place(p));
    if (p->depth == SDAG_SPEC_DEPTH_MAX)
        return sdag_fail(p->log, SDAG_INVALID, loc, "more than %d levels deep", SDAG_SPEC_DEPTH_MAX);
    sdag_status status = check_tag(p, tag, kind);
    if (status) return status;
    sdag_spec *s = node_new(p, kind);
    anchor_set(p, anchor, s);
    p->stack[p->depth++] = (frame){.node = s};
    return SDAG_OK;
}

/* The keys of merged maps that the map does not have itself, then its own; of merged maps the first wins. */
static void merge(parser *p, frame *f)
{
    sdag_map seen = {.a = p->a};
    int most = f->entries.n, n = 0;
    for (int m = 0; m < f->merges.n; m++) most += f->merges.at[m]->n; /* bounded, as is all that aliases repeat */
    sdag_spec_entry *all = SDAG_NEWS(p->a, sdag_spec_entry, most);
    for (int i = 0; i < f->entries.n; i++) sdag_map_put(&seen, f->entries.at[i].key, i);
    for (int m = 0; m < f->merges.n; m++)
        for (int i = 0; i < f->merges.at[m]->n; i++) {
            const sdag_spec_entry *e = &f->merges.at[m]->entries[i];
            if (!sdag_map_put(&seen, e->key, 0)) continue;
            ((sdag_spec *)e->value)->aliased = true; /* made by this parser, which is still at work */
            all[n++] = *e;
        }
    for (int i = 0; i < f->entries.n; i++) all[n++] = f->entries.at[i];
    f->entries.at = all;
    f->entries.n = n;
}

static sdag_status close_node(parser *p)
{
    frame *f = &p->stack[--p->depth];
    sdag_spec *s = f->node;
    if (f->merges.n) merge(p, f);
    s->items = f->items.at;
    s->entries = f->entries.at;
    s->n = s->kind == SDAG_SPEC_LIST ? f->items.n : f->entries.n;
    sdag_spec_finish(p->a, s);
    return attach(p, s, s->loc);
}

static sdag_status take_event(parser *p)
{
    const yaml_event_t *e = &p->event;
    if (++p->events > SDAG_SPEC_EVENTS_MAX)
        return sdag_fail(p->log, SDAG_INVALID, point(event_place(p)), "more than %d values, keys and brackets",
                         SDAG_SPEC_EVENTS_MAX);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (p->documents++ == 0) return SDAG_OK;
        return sdag_fail(p->log, SDAG_INVALID, point(event_place(p)), "a second document; a file holds one");
    case YAML_SCALAR_EVENT: return take_scalar(p);
    case YAML_ALIAS_EVENT: return take_alias(p);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(p, SDAG_SPEC_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_node(p, SDAG_SPEC_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close_node(p);
    default: return SDAG_OK; /* stream start and end, document end */
    }
}

static sdag_status parse_events(void *arg)
{
    parser *p = arg;
    for (bool done = false; !done;) {
        if (!yaml_parser_parse(&p->yaml, &p->event)) return syntax_error(p);
        done = p->event.type == YAML_STREAM_END_EVENT;
        sdag_status s = take_event(p);
        if (s) return s;
        yaml_event_delete(&p->event);
    }
    return p->errors ? SDAG_INVALID : SDAG_OK;
}

static sdag_status parse_text(const sdag_spec **out, sdag_arena *a, sdag_log *log, sdag_loc at, const char *text,
                              size_t len)
{
    *out = NULL;
    parser *p = SDAG_NEW(a, parser);
    *p = (parser){.a = a, .log = log, .anchor_ids = {.a = a}, .at = at, .file = sdag_log_intern(log, at.file)};
    if (!p->file) sdag_arena_escape(a);
    if (len > SDAG_SPEC_TEXT_MAX)
        return sdag_fail(log, SDAG_INVALID, (sdag_loc){p->file, 0, 0, 0}, "%zu bytes; at most %d are read", len,
                         SDAG_SPEC_TEXT_MAX);
    if (!at.line) sdag_log_source(log, p->file, text, len);
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark is no column */
    p->text = text + mark;
    p->len = len - mark;
    sdag_status s = check_bytes(p);
    if (s) return s;

    if (!yaml_parser_initialize(&p->yaml)) sdag_arena_escape(a);
    yaml_parser_set_encoding(&p->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p->yaml, (const unsigned char *)p->text, p->len);
    s = sdag_arena_try(a, parse_events, p);
    yaml_event_delete(&p->event);
    yaml_parser_delete(&p->yaml);
    if (s == SDAG_NOMEM) sdag_arena_escape(a);
    if (s) return s;

    if (!p->root) {
        p->root = node_new(p, SDAG_SPEC_NULL);
        p->root->loc = in_source(p, (sdag_loc){p->file, 1, 1, 0});
        p->root->text = "";
        sdag_spec_finish(a, p->root);
    }
    *out = p->root;
    return SDAG_OK;
}

sdag_status sdag_spec_parse_value(const sdag_spec **out, sdag_arena *a, sdag_log *log, const char *file_name,
                                  const char *text, size_t len)
{
    return parse_text(out, a, log, (sdag_loc){.file = file_name}, text, len);
}

sdag_status sdag_spec_parse_at(const sdag_spec **out, sdag_arena *a, sdag_log *log, sdag_loc at, const char *text,
                               size_t len)
{
    return parse_text(out, a, log, at, text, len);
}

sdag_status sdag_spec_parse(const sdag_spec **out, sdag_arena *a, sdag_log *log, const char *file_name,
                            const char *text, size_t len)
{
    const sdag_spec *root;
    *out = NULL;
    sdag_status s = sdag_spec_parse_value(&root, a, log, file_name, text, len);
    if (s) return s;
    if (root->kind == SDAG_SPEC_NULL) return sdag_fail(log, SDAG_INVALID, root->loc, "the file is empty");
    if (root->kind != SDAG_SPEC_MAP)
        return sdag_fail(log, SDAG_INVALID, point(root->loc), "expected 'key: value' lines, found %s",
                         sdag_spec_kind_name(root));
    *out = root;
    return SDAG_OK;
}

const char *sdag_spec_library(void) { return yaml_get_version_string(); }
