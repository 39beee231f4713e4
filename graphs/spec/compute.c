#include "graphs/spec/compute.h"

#include <stdarg.h>
#include <string.h>

#include "graphs/spec/arith.h"

/* One piece of arithmetic: it begins at byte `at` of the scalar s. */
typedef struct piece {
    sdag_computing *c;
    const sdag_spec *s;
    const char *text;
    int at;
    bool later; /* a name in it is left for later */
} piece;

static void complain(const piece *p, int at, int len, const char *fmt, ...) SDAG_PRINTF(4, 5);
static void complain(const piece *p, int at, int len, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = sdag_arena_vprintf(p->c->a, fmt, ap);
    va_end(ap);
    p->c->complain(p->c->ctx, sdag_spec_place(p->s, p->at + at, len), text);
}

static sdag_spec *scalar_new(const piece *p, const char *text)
{
    sdag_spec *v = SDAG_NEW(p->c->a, sdag_spec);
    *v = (sdag_spec){.kind = text ? SDAG_SPEC_SCALAR : SDAG_SPEC_NULL, .loc = p->s->loc, .from_set = p->s->from_set};
    v->text = text ? text : "null";
    v->raw = ""; /* its characters stand nowhere in the file */
    sdag_spec_finish(p->c->a, v);
    return v;
}

static const sdag_spec *nothing(const piece *p) { return scalar_new(p, NULL); }

/* ---- names */

static const sdag_spec *name_value(piece *p, const char *name, int at, int len)
{
    bool later = false;
    const sdag_spec *v = p->c->value(p->c->ctx, name, sdag_spec_place(p->s, p->at + at, len), &later);
    p->later |= later;
    return v;
}

/* For sdag_arith_eval. */
static bool number_of(void *ctx, double *out, const char *name, int at, int len)
{
    piece *p = ctx;
    const sdag_spec *v = name_value(p, name, at, len);
    int64_t whole;
    if (!v) return false;
    if (!sdag_spec_f64(out, v)) {
        if (v->kind == SDAG_SPEC_SCALAR) complain(p, at, len, "'$%s' is '%.40s', no number", name, v->text);
        else complain(p, at, len, "'$%s' is %s, no number", name, sdag_spec_kind_name(v));
        return false;
    }
    if (!sdag_spec_i64(&whole, v) || (whole <= 1LL << 53 && whole >= -(1LL << 53))) return true;
    complain(p, at, len, "'$%s' is %s, too large to be computed with exactly", name, v->text);
    return false;
}

/* What is known of the names is put in: "width * scale" becomes "(64) * scale". */
static const char *known_put_in(piece *p)
{
    sdag_str s = {.a = p->c->a};
    const sdag_token *t;
    sdag_formula_error e;
    int n, at = 0;
    if (!sdag_formula_tokens(&t, &n, p->c->a, p->text, &e)) return p->text;
    for (int i = 0; i < n; i++) {
        double v;
        if (t[i].kind != SDAG_TOKEN_NAME || (t[i + 1].kind == SDAG_TOKEN_SIGN && t[i + 1].sign[0] == '(')) continue;
        if (!number_of(p, &v, t[i].name, t[i].at, t[i].len)) continue;
        sdag_str_addn(&s, p->text + at, (size_t)(t[i].at - at));
        sdag_str_addf(&s, "(%s)", sdag_arith_text(p->c->a, v));
        at = t[i].at + t[i].len;
    }
    sdag_str_add(&s, p->text + at);
    return s.at;
}

/* ---- one piece */

/* Of any kind when it is a mere name. NULL: reported, or left for later. */
static const sdag_spec *piece_value(piece *p)
{
    sdag_formula f;
    sdag_formula_error e;
    const char *text, *sign = strpbrk(p->text, "=;#");
    if (!p->text[strspn(p->text, " \t\r\n")]) {
        complain(p, 0, 0, "there is nothing to compute within ${ }");
        return NULL;
    }
    if (sign) {
        complain(p, (int)(sign - p->text), 1, "'%c' has no meaning in arithmetic", *sign);
        return NULL;
    }
    if (!sdag_formula_parse(&f, p->c->a, p->text, &e)) {
        complain(p, e.at, e.len, "%s", e.text);
        return NULL;
    }
    const sdag_term *t = &f.terms[f.value];
    if (t->kind == SDAG_TERM_NAME) return name_value(p, t->name, t->at, t->len);
    sdag_arith_status status = sdag_arith_eval(&text, p->c->a, &f, &(sdag_arith_names){number_of, p}, &e);
    if (status == SDAG_ARITH_WRONG) complain(p, e.at, e.len, "%s", e.text);
    return status ? NULL : scalar_new(p, text);
}

static const sdag_spec *arithmetic(sdag_computing *c, const sdag_spec *s)
{
    piece p = {.c = c, .s = s, .text = s->text};
    const sdag_spec *v = piece_value(&p);
    if (v || !p.later) return v ? v : nothing(&p);
    const char *text = known_put_in(&p);
    if (strcmp(text, s->text) == 0) return s;
    sdag_spec *now = scalar_new(&p, text);
    now->code = s->code;
    now->aliased = s->aliased;
    return now;
}

/* ---- texts */

/* A text that is put together; code: the same as it can be read again, for what is left for later. */
typedef struct putting {
    sdag_str text, code;
    bool from_set, later;
} putting;

/* Adds the value of one ${...}; false: reported. */
static bool add_piece(piece *p, putting *out)
{
    const sdag_spec *v = piece_value(p);
    if (v && v->kind != SDAG_SPEC_SCALAR)
        complain(p, 0, (int)strlen(p->text), "this is %s, which is no part of a text", sdag_spec_kind_name(v));
    if (v ? v->kind != SDAG_SPEC_SCALAR : !p->later) return false;
    out->later |= !v;
    if (!v) {
        sdag_str_addf(&out->code, "${%s}", known_put_in(p));
        return true;
    }
    if (!out->text.n) out->from_set = v->from_set;
    sdag_str_add(&out->text, v->text);
    sdag_str_add(&out->code, sdag_spec_escape(p->c->a, v->text));
    return true;
}

/* false: reported. */
static bool put_pieces(sdag_computing *c, const sdag_spec *s, putting *out)
{
    for (const char *p = s->text, *open; *p && out->text.n <= SDAG_SPEC_SCALAR_MAX;) {
        open = sdag_spec_find_code(p);
        const char *plain = sdag_arena_copy(c->a, p, open ? (size_t)(open - p) : strlen(p));
        sdag_str_add(&out->text, sdag_spec_unescape(c->a, plain));
        sdag_str_add(&out->code, plain);
        if (!open) break;
        const char *close = strchr(open, '}');
        piece one = {.c = c,
                     .s = s,
                     .text = sdag_arena_copy(c->a, open + 2, (size_t)(close - open) - 2),
                     .at = (int)(open - s->text) + 2};
        if (!add_piece(&one, out)) return false;
        p = close + 1;
    }
    c->made += out->text.n + out->code.n;
    if (out->code.n <= SDAG_SPEC_SCALAR_MAX && c->made <= 2 * (size_t)SDAG_SPEC_EXPANDED_MAX) return true;
    complain(&(piece){.c = c, .s = s}, 0, 1, "more than %d KiB of text, once every ${ } is put in",
             SDAG_SPEC_SCALAR_MAX >> 10);
    return false;
}

static const sdag_spec *pieces(sdag_computing *c, const sdag_spec *s)
{
    putting out = {.text = {.a = c->a}, .code = {.a = c->a}, .from_set = s->from_set};
    const piece whole = {.c = c, .s = s};
    double number;
    sdag_str_add(&out.text, "");
    sdag_str_add(&out.code, "");
    if (!put_pieces(c, s, &out)) return nothing(&whole);
    sdag_spec *now = scalar_new(&whole, out.later ? out.code.at : out.text.at);
    now->from_set = out.from_set;
    now->code = out.later ? SDAG_SPEC_PIECES : SDAG_SPEC_AS_IS;
    now->quoted = !out.later && sdag_spec_special(now->text) && !sdag_parse_f64(&number, now->text) &&
                  strcmp(now->text, "true") != 0 && strcmp(now->text, "false") != 0;
    return now;
}

const sdag_spec *sdag_spec_compute(sdag_computing *c, const sdag_spec *s)
{
    return s->code == SDAG_SPEC_ARITHMETIC ? arithmetic(c, s) : pieces(c, s);
}
