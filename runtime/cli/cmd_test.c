/* ssldag test: the operations and node types of a plugin, or those that are built in, against what they say of
 * themselves. A line a check, each in a process of its own, so that one that crashes is a line too. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/ops/ops.h"
#include "runtime/cli/cli.h"
#include "runtime/optest/example.h"
#include "runtime/optest/optest.h"
#include "runtime/plugin/apart.h"
#include "runtime/plugin/plugin.h"

enum { SECONDS = 120 }; /* that one check may take */

typedef struct testing {
    sdag_cli *c;
    sdag_catalog catalog;
    const sdag_op *const *listed; /* of the plugin, NULL-terminated; NULL: those built in */
    const sdag_reference *references;
    int checks, failed;
} testing;

static void report(testing *t, bool ok, const char *what, const char *name, const char *text)
{
    t->checks++;
    t->failed += !ok;
    if (!ok || !t->c->quiet) printf("%-6s %s %-24s %s\n", ok ? "ok" : "FAILED", what, name, text);
    fflush(stdout);
}

/* ---- operations ---- */

/* In memory that parent and child see. */
typedef struct op_result {
    bool ok;
    sdag_optest test;
    const sdag_op *unlisted; /* emitted by an adjoint and not in the plugin's list */
    const sdag_op *const *listed;
} op_result;

static const void *object_of(const void *address)
{
    Dl_info info;
    return dladdr((void *)(uintptr_t)address, &info) ? info.dli_fbase : NULL;
}

static void note_unlisted(void *ctx, const sdag_op *op)
{
    op_result *r = ctx;
    bool listed = false;
    for (int i = 0; r->listed && r->listed[i]; i++) listed |= r->listed[i] == op;
    if (!listed && r->listed && object_of(op) == object_of(r->listed[0])) r->unlisted = op;
}

static void run_op(void *arg)
{
    op_result *r = arg;
    r->ok = sdag_optest_run(&r->test);
}

/* What is wrong; NULL: nothing. */
static const char *op_verdict(testing *t, const op_result *r, const char *end)
{
    const sdag_op *op = r->test.op;
    if (end) return sdag_arena_printf(t->c->arena, "%s in row %d", end, r->test.rows);
    if (!r->ok) return r->test.why;
    if (r->unlisted)
        return sdag_arena_printf(t->c->arena, "its adjoint emits '%s', which is not in the plugin's list of ops",
                                 r->unlisted->name);
    return op->check || op->flags & SDAG_OP_SAMPLES ? NULL : "has no rows to check (.check)";
}

static const sdag_reference *find_reference(const sdag_reference *f, const char *op)
{
    while (f && f->op && strcmp(f->op, op)) f++;
    return f && f->op ? f : NULL;
}

static sdag_status test_op(testing *t, const sdag_op *op)
{
    char why[SDAG_PLUGIN_WHY];
    if (!sdag_op_sane(why, op)) {
        report(t, false, "op  ", op->name ? op->name : "?", why);
        return SDAG_OK;
    }
    if (!(op->flags & (SDAG_OP_NOGRAD | SDAG_OP_UPDATES)) && !op->grad) {
        report(t, false, "op  ", op->name, "has no adjoint: give .grad, or say SDAG_OP_NOGRAD");
        return SDAG_OK;
    }
    op_result *r = sdag_apart_memory(sizeof *r);
    if (!r) return SDAG_NOMEM;
    r->listed = t->listed;
    r->test = (sdag_optest){.op = op, .met = note_unlisted, .ctx = r};
    r->test.reference = find_reference(t->references, op->name);
    const char *wrong = op_verdict(t, r, sdag_apart_run(t->c->arena, SECONDS, run_op, r));
    report(t, !wrong, "op  ", op->name,
           wrong ? wrong
                 : sdag_arena_printf(t->c->arena, "%d row%s, %d gradient%s%s", r->test.rows,
                                     r->test.rows == 1 ? "" : "s", r->test.gradients, r->test.gradients == 1 ? "" : "s",
                                     r->test.reference ? ", against its reference" : ""));
    sdag_apart_free(r, sizeof *r);
    return SDAG_OK;
}

/* ---- node types ---- */

/* Whether a text passes `check`; *far: how far it came, message: its first error. */
static bool passes(testing *t, const char *text, int *far, const char **message)
{
    const sdag_spec *raw, *spec;
    sdag_graph *g;
    sdag_cli c = *t->c;
    sdag_arena *a = c.arena;
    c.log = sdag_log_create(NULL);
    *far = 0;
    *message = "out of memory";
    if (!c.log) return false;
    sdag_status status = sdag_spec_parse(&raw, a, c.log, "example", text, strlen(text));
    if (!status) status = sdag_spec_resolve(&spec, a, c.log, raw, NULL, 0);
    if (!status) status = sdag_graph_build(&g, a, c.log, spec, &t->catalog);
    if (!status) *far = 1, status = sdag_cli_check_graph(&c, g, NULL);
    for (int i = 0; i < sdag_log_count(c.log); i++) {
        const sdag_diag *d = sdag_log_at(c.log, i);
        if (d->level != SDAG_ERROR) continue;
        *message = sdag_arena_str(a, d->text);
        break;
    }
    sdag_log_destroy(c.log);
    return !status;
}

/* In memory that parent and child see. */
typedef struct example {
    testing *t;
    const char *node;
    int first; /* the place; -1: any */
    bool ok;
    char text[600];
} example;

static void run_example(void *arg)
{
    example *e = arg;
    const char *text, *message, *best = "it passes nowhere";
    int far, furthest = -1;
    sdag_arena *a = e->t->c->arena;
    for (int i = e->first < 0 ? 0 : e->first; !e->ok && (text = sdag_example_text(a, i, e->node)); i++) {
        e->ok = passes(e->t, text, &far, &message);
        if (e->ok) snprintf(e->text, sizeof e->text, "its example passes `check` as %s", sdag_example_place(i));
        if (far > furthest) furthest = far, best = message;
        if (e->first >= 0) break;
    }
    if (!e->ok) snprintf(e->text, sizeof e->text, "its example does not pass `check`: %s: %s", e->node, best);
}

static sdag_status test_example(testing *t, const char *what, const char *name, const char *node, int first)
{
    example *e = sdag_apart_memory(sizeof *e);
    if (!e) return SDAG_NOMEM;
    *e = (example){.t = t, .node = node, .first = first};
    const char *end = sdag_apart_run(t->c->arena, SECONDS, run_example, e);
    report(t, !end && e->ok, what, name, end ? sdag_arena_printf(t->c->arena, "%s in its example", end) : e->text);
    sdag_apart_free(e, sizeof *e);
    return SDAG_OK;
}

static sdag_status test_type(testing *t, const sdag_node_type *type)
{
    char why[SDAG_PLUGIN_WHY];
    const char *wrong = !sdag_type_sane(why, type)           ? why
                        : !type->example                     ? "has no example"
                        : !strstr(type->example, type->name) ? "its example is of another type"
                                                             : NULL;
    if (!wrong) return test_example(t, "type", type->name, type->example, -1);
    report(t, false, "type", type->name ? type->name : "?", wrong);
    return SDAG_OK;
}

static sdag_status test_record(testing *t, const char *node, const char *option, const sdag_record_type *r)
{
    const char *place;
    const sdag_node_type *type = sdag_catalog_find(&t->catalog, node);
    const sdag_opt *o = type->opts;
    while (strcmp(o->name, option)) o++;
    if (!r->example) {
        report(t, false, "part", r->name, "has no example");
        return SDAG_OK;
    }
    const char *text = sdag_example_of_record(t->c->arena, &place, type, o, r);
    return test_example(t, "part", r->name, text, sdag_example_find(place));
}

/* ---- the command ---- */

static sdag_status finish(testing *t)
{
    if (t->failed) return sdag_fail(t->c->log, SDAG_FAILED, SDAG_NOLOC, "%d of %d checks failed", t->failed, t->checks);
    if (!t->c->quiet) printf("%d check%s passed\n", t->checks, t->checks == 1 ? "" : "s");
    return SDAG_OK;
}

static sdag_status test_plugin(testing *t, const char *entry)
{
    const sdag_plugin *p;
    sdag_status status = SDAG_OK;
    sdag_cli *c = t->c;
    const char *path = sdag_plugin_find(c->arena, entry, &(sdag_plugin_where){"", c->plugin_path});
    if (!path) return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "there is no plugin '%s'", entry);
    status = sdag_plugin_open(&p, c->arena, c->log, SDAG_NOLOC, path, entry);
    if (!status) status = sdag_plugin_adopt(&t->catalog, c->log, SDAG_NOLOC, p, entry);
    if (status) return status;
    if (!c->quiet)
        printf("%s: %s%s%s, built for ABI %u.%u\n", entry, p->name ? p->name : "a plugin", p->version ? " " : "",
               p->version ? p->version : "", p->abi_major, p->abi_minor);
    t->listed = p->ops;
    t->references = p->references;
    for (int i = 0; p->ops[i] && !status; i++) status = test_op(t, p->ops[i]);
    for (int i = 0; p->types[i] && !status; i++) status = test_type(t, p->types[i]);
    for (int i = 0; p->records[i].node && !status; i++)
        status = test_record(t, p->records[i].node, p->records[i].option, p->records[i].record);
    return status ? status : finish(t);
}

static sdag_status test_built_in(testing *t)
{
    int n;
    sdag_status status = SDAG_OK;
    const sdag_op *const *ops = sdag_op_table(&n);
    for (int i = 0; i < n && !status; i++) status = test_op(t, ops[i]);
    for (int i = 0; i < t->catalog.n && !status; i++) status = test_type(t, t->catalog.types[i]);
    return status ? status : finish(t);
}

sdag_status sdag_cli_test(sdag_cli *c)
{
    testing t = {.c = c, .catalog = sdag_cli_catalog(c)};
    return c->n_args ? test_plugin(&t, c->args[0]) : test_built_in(&t);
}
