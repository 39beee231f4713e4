/* ssldag test: the operations and node types of a plugin, or those that are built in, against what they say of
 * themselves. A line a check; each op in a process of its own, so that one that crashes is a line too. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/ops/ops.h"
#include "runtime/cli/cli.h"
#include "runtime/optest/example.h"
#include "runtime/optest/optest.h"
#include "runtime/plugin/plugin.h"

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

/* What the child leaves behind: in memory that both see. */
typedef struct op_result {
    bool done, ok;
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

static const char *op_verdict(testing *t, const op_result *r, int status, const sdag_op *op)
{
    sdag_arena *a = t->c->arena;
    if (WIFSIGNALED(status))
        return sdag_arena_printf(a, "crashed (SIG%s) in row %d", sigabbrev_np(WTERMSIG(status)), r->test.rows);
    if (!r->done) return sdag_arena_printf(a, "ended the process in row %d", r->test.rows);
    if (!r->ok) return r->test.why;
    if (r->unlisted)
        return sdag_arena_printf(a, "its adjoint emits '%s', which is not in the plugin's list of ops",
                                 r->unlisted->name);
    if (op->check || op->flags & SDAG_OP_SAMPLES) return NULL;
    return "has no rows to check (.check)";
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
    op_result *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED) return sdag_fail(t->c->log, SDAG_FAILED, SDAG_NOLOC, "op %s: %s", op->name, strerror(errno));
    r->listed = t->listed;
    const sdag_reference *f = t->references;
    while (f && f->op && strcmp(f->op, op->name)) f++;
    r->test = (sdag_optest){.op = op, .met = note_unlisted, .ctx = r, .reference = f && f->op ? f : NULL};
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        r->ok = sdag_optest_run(&r->test);
        r->done = true;
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    const char *wrong = pid < 0 ? strerror(errno) : op_verdict(t, r, status, op);
    report(t, !wrong, "op  ", op->name,
           wrong ? wrong
                 : sdag_arena_printf(t->c->arena, "%d row%s, %d gradient%s%s", r->test.rows,
                                     r->test.rows == 1 ? "" : "s", r->test.gradients, r->test.gradients == 1 ? "" : "s",
                                     f && f->op ? ", against its reference" : ""));
    munmap(r, sizeof *r);
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

static void test_example(testing *t, const char *what, const char *name, const char *node, int first)
{
    const char *text, *message, *best = "its example passes `check` nowhere";
    int far, furthest = -1;
    for (int i = first < 0 ? 0 : first; (text = sdag_example_text(t->c->arena, i, node)); i++) {
        if (passes(t, text, &far, &message)) {
            report(t, true, what, name,
                   sdag_arena_printf(t->c->arena, "its example passes `check` as %s", sdag_example_place(i)));
            return;
        }
        if (far > furthest) furthest = far, best = message;
        if (first >= 0) break;
    }
    report(t, false, what, name,
           sdag_arena_printf(t->c->arena, "its example does not pass `check`: %s: %s", node, best));
}

static void test_type(testing *t, const sdag_node_type *type)
{
    char why[SDAG_PLUGIN_WHY];
    if (!sdag_type_sane(why, type)) report(t, false, "type", type->name ? type->name : "?", why);
    else if (!type->example) report(t, false, "type", type->name, "has no example");
    else if (!strstr(type->example, type->name)) report(t, false, "type", type->name, "its example is of another type");
    else test_example(t, "type", type->name, type->example, -1);
}

static void test_record(testing *t, const char *node, const char *option, const sdag_record_type *r)
{
    const char *place;
    const sdag_node_type *type = sdag_catalog_find(&t->catalog, node);
    const sdag_opt *o = type->opts;
    while (strcmp(o->name, option)) o++;
    if (!r->example) {
        report(t, false, "part", r->name, "has no example");
        return;
    }
    const char *text = sdag_example_of_record(t->c->arena, &place, type, o, r);
    test_example(t, "part", r->name, text, sdag_example_find(place));
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
    if (!status) status = sdag_plugin_adopt(&t->catalog, c->arena, c->log, SDAG_NOLOC, p, entry);
    if (status) return status;
    if (!c->quiet)
        printf("%s: %s%s%s, built for ABI %u.%u\n", entry, p->name ? p->name : "a plugin", p->version ? " " : "",
               p->version ? p->version : "", p->abi_major, p->abi_minor);
    t->listed = p->ops;
    t->references = p->references;
    for (int i = 0; p->ops[i] && !status; i++) status = test_op(t, p->ops[i]);
    for (int i = 0; p->types[i]; i++) test_type(t, p->types[i]);
    for (int i = 0; p->records[i].node; i++)
        test_record(t, p->records[i].node, p->records[i].option, p->records[i].record);
    return status ? status : finish(t);
}

static sdag_status test_built_in(testing *t)
{
    int n;
    sdag_status status = SDAG_OK;
    const sdag_op *const *ops = sdag_op_table(&n);
    for (int i = 0; i < n && !status; i++) status = test_op(t, ops[i]);
    for (int i = 0; i < t->catalog.n; i++) test_type(t, t->catalog.types[i]);
    return status ? status : finish(t);
}

sdag_status sdag_cli_test(sdag_cli *c)
{
    testing t = {.c = c, .catalog = sdag_cli_catalog()};
    return c->n_args ? test_plugin(&t, c->args[0]) : test_built_in(&t);
}
