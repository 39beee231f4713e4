/* The tokens of a text, with the comments and empty lines that libyaml does not tell of. */
#include <string.h>
#include <yaml.h>

#include "graphs/spec/format.h"

typedef struct scanner {
    sdag_yaml_tokens *out;
    yaml_parser_t yaml;
    yaml_token_t token;
    const uint32_t *at; /* byte of each character */
    size_t n_chars;
    size_t end; /* byte behind the token before */
} scanner;

static sdag_yaml_token_kind kind_of(yaml_token_type_t type)
{
    switch (type) {
    case YAML_STREAM_END_TOKEN: return SDAG_YAML_END;
    case YAML_BLOCK_MAPPING_START_TOKEN: return SDAG_YAML_MAP;
    case YAML_BLOCK_SEQUENCE_START_TOKEN: return SDAG_YAML_LIST;
    case YAML_BLOCK_END_TOKEN: return SDAG_YAML_CLOSE;
    case YAML_BLOCK_ENTRY_TOKEN: return SDAG_YAML_DASH;
    case YAML_KEY_TOKEN: return SDAG_YAML_KEY;
    case YAML_VALUE_TOKEN: return SDAG_YAML_COLON;
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN: return SDAG_YAML_OPEN;
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN: return SDAG_YAML_SHUT;
    case YAML_FLOW_ENTRY_TOKEN: return SDAG_YAML_COMMA;
    case YAML_ANCHOR_TOKEN:
    case YAML_TAG_TOKEN: return SDAG_YAML_MARK;
    case YAML_ALIAS_TOKEN: return SDAG_YAML_ALIAS;
    case YAML_SCALAR_TOKEN: return SDAG_YAML_SCALAR;
    default: return SDAG_YAML_LINE; /* directives, --- and ... */
    }
}

static size_t byte_of(const scanner *s, size_t index) { return index < s->n_chars ? s->at[index] : s->out->len; }

static bool is_space(char c) { return c == ' ' || c == '\t'; }

/* Comments and empty lines between the token before and the one that begins at byte `to`. */
static void read_gap(scanner *s, sdag_yaml_token *t, size_t to)
{
    const char *text = s->out->text;
    bool trailing = s->end > 0 && text[s->end - 1] != '\n';
    int breaks = trailing ? 0 : 1; /* line breaks since the last thing that is no space */
    for (size_t i = s->end; i < to; i++) {
        if (text[i] == '\n') {
            breaks++;
            t->wrapped = true;
        }
        if (text[i] != '#') continue;
        size_t n = 0, line = i;
        while (i + n < to && text[i + n] != '\n') n++;
        size_t whole = n;
        while (n > 0 && is_space(text[i + n - 1])) n--;
        while (line > 0 && text[line - 1] != '\n') line--;
        *SDAG_PUSH(s->out->a, &t->comments) = (sdag_comment){.text = sdag_arena_copy(s->out->a, text + i, n),
                                                             .column = (int)(i - line),
                                                             .trailing = trailing && breaks == 0,
                                                             .blank = breaks > 1};
        breaks = 0;
        trailing = false;
        i += whole - 1;
        t->wrapped = true;
    }
    t->blank = breaks > 1;
}

/* A block scalar's token ends behind the empty lines after it, which belong to it only when they are kept (+). */
static size_t block_end(const scanner *s, size_t from, size_t to)
{
    const char *text = s->out->text;
    bool keep = false;
    for (size_t i = from; i < to && text[i] != '\n' && text[i] != '#'; i++) keep |= text[i] == '+';
    if (!keep) {
        while (to > from && (text[to - 1] == '\n' || is_space(text[to - 1]))) to--;
        while (to < s->out->len && text[to] != '\n') to++;
        if (to < s->out->len) to++;
    }
    return to;
}

static void take(scanner *s)
{
    sdag_yaml_token t = {.kind = kind_of(s->token.type)};
    size_t from = byte_of(s, s->token.start_mark.index), to = byte_of(s, s->token.end_mark.index);
    if (s->token.type == YAML_STREAM_START_TOKEN) return;
    bool block = s->token.type == YAML_SCALAR_TOKEN && (s->token.data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
                                                        s->token.data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
    if (t.kind == SDAG_YAML_MAP || t.kind == SDAG_YAML_LIST || t.kind == SDAG_YAML_CLOSE) to = from;
    if (block) {
        t.kind = SDAG_YAML_BLOCK;
        to = block_end(s, from, to);
    }
    t.text = s->out->text + from;
    t.len = to - from;
    t.column = (int)s->token.start_mark.column;
    bool written = t.len > 0 || t.kind == SDAG_YAML_END || s->token.type == YAML_SCALAR_TOKEN;
    if (written) {
        read_gap(s, &t, from);
        s->end = to;
    }
    *SDAG_PUSH(s->out->a, &s->out->list) = t;
}

static sdag_status scan(void *arg)
{
    scanner *s = arg;
    for (bool done = false; !done;) {
        if (!yaml_parser_scan(&s->yaml, &s->token)) return SDAG_INVALID;
        done = s->token.type == YAML_STREAM_END_TOKEN;
        take(s);
        yaml_token_delete(&s->token);
    }
    return SDAG_OK;
}

sdag_status sdag_yaml_tokens_read(sdag_yaml_tokens *out, sdag_arena *a, const char *text, size_t len)
{
    *out = (sdag_yaml_tokens){.a = a, .text = text, .len = len};
    scanner *s = SDAG_NEW(a, scanner);
    uint32_t *at = SDAG_NEWS(a, uint32_t, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80) at[n++] = (uint32_t)i;
    *s = (scanner){.out = out, .at = at, .n_chars = n};
    if (!yaml_parser_initialize(&s->yaml)) sdag_arena_escape(a);
    yaml_parser_set_encoding(&s->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&s->yaml, (const unsigned char *)text, len);
    sdag_status status = sdag_arena_try(a, scan, s);
    bool memory = s->yaml.error == YAML_MEMORY_ERROR;
    yaml_token_delete(&s->token);
    yaml_parser_delete(&s->yaml);
    if (status == SDAG_NOMEM || memory) sdag_arena_escape(a);
    return status;
}
