/* ssldag doctor: what the program runs on, and whether that will do. Facts come from sdag_env_json; what is made of
 * them is a table of checks, each of which says what helps. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "runtime/cli/cli.h"
#include "runtime/records/env.h"
#include "viz/viz.h"

typedef enum { FINE, WARN, FAIL } verdict;
static const char *const verdict_names[] = {"ok", "warning", "fails"};

typedef struct finding {
    verdict v;
    const char *text, *help; /* help NULL: nothing is wrong */
} finding;

static const char *text_at(const json_t *env, const char *group, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(env, group), key));
    return text ? text : "unknown";
}

static json_int_t number_at(const json_t *env, const char *group, const char *key)
{
    const json_t *v = json_object_get(json_object_get(env, group), key);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static bool has(const json_t *env, const char *group, const char *key, const char *word)
{
    const json_t *list = json_object_get(json_object_get(env, group), key), *v;
    size_t i;
    json_array_foreach(list, i, v) if (json_is_string(v) && !strcmp(json_string_value(v), word)) return true;
    return false;
}

static const char *joined(sdag_cli *c, const json_t *list)
{
    sdag_str s = {.a = c->arena};
    const json_t *v;
    size_t i;
    sdag_str_add(&s, "");
    json_array_foreach(list, i, v) sdag_str_addf(&s, "%s%s", i ? " " : "", json_string_value(v));
    return s.at;
}

/* ---- the checks */

static finding check_processor(sdag_cli *c, const json_t *env)
{
    const json_t *vector = json_object_get(json_object_get(env, "cpu"), "vector");
    bool wide = has(env, "cpu", "vector", "avx2") || has(env, "cpu", "vector", "avx512f");
    return (finding){wide ? FINE : WARN,
                     sdag_arena_printf(c->arena, "%s (%s)", text_at(env, "cpu", "model"), joined(c, vector)),
                     wide ? NULL : "without AVX2 training is several times slower; the results are right"};
}

static finding check_cpus(sdag_cli *c, const json_t *env)
{
    json_int_t allowed = number_at(env, "cpu", "allowed"), online = number_at(env, "cpu", "online");
    return (finding){FINE,
                     sdag_arena_printf(c->arena, "%lld of %lld may be used: that many threads", (long long)allowed,
                                       (long long)online),
                     NULL};
}

static finding check_memory(sdag_cli *c, const json_t *env)
{
    json_int_t free = number_at(env, "memory", "available"), limit = number_at(env, "memory", "limit");
    const double mib = 1 << 20;
    const char *text = sdag_arena_printf(c->arena, "%.0f MiB, %.0f MiB of them available",
                                         (double)number_at(env, "memory", "bytes") / mib, (double)free / mib);
    if (limit > 0) text = sdag_arena_printf(c->arena, "%s; limit of the group %.0f MiB", text, (double)limit / mib);
    bool little = (free >= 0 && free < 512 << 20) || (limit > 0 && limit < 512 << 20);
    return (finding){little ? WARN : FINE, text,
                     little ? "smaller batches and widths need less: 'ssldag check' says how much" : NULL};
}

static finding check_disk(sdag_cli *c, const json_t *env)
{
    json_int_t free = number_at(env, "disk", "free");
    if (access(".", W_OK))
        return (finding){WARN, sdag_arena_printf(c->arena, "the current directory: %s", strerror(errno)),
                         "run in another directory, or give --out"};
    bool little = free >= 0 && free < 256 << 20;
    return (finding){
        little ? WARN : FINE,
        sdag_arena_printf(c->arena, "%.1f GiB free where runs/ would be", (double)free / (double)(1 << 30)),
        little ? "checkpoints take three times the size of the weights" : NULL};
}

static finding check_blas(sdag_cli *c, const json_t *env)
{
    const char *core = text_at(env, "openblas", "core");
    bool wide = has(env, "cpu", "vector", "avx2");
    bool poor = wide && (!strcasecmp(core, "prescott") || !strcasecmp(core, "core2") || !strcasecmp(core, "generic") ||
                         !strcasecmp(core, "nehalem"));
    return (finding){poor ? WARN : FINE,
                     sdag_arena_printf(c->arena, "OpenBLAS %s, core %s, %s; used with one thread, under our own pool",
                                       text_at(env, "versions", "openblas"), core, text_at(env, "openblas", "threads")),
                     poor ? "this core is slower than the processor: install libopenblas-pthread-dev, unset "
                            "OPENBLAS_CORETYPE"
                          : NULL};
}

/* A real picture: plugins may be listed and yet not load. */
static finding check_graphviz(sdag_cli *c, const json_t *env)
{
    static const char tiny[] = "version: 1\nphases:\n  look:\n    nodes:\n      digits: {type: source.digits}\n"
                               "      table: {type: sink.csv, in: {label: digits.label}, path: a.csv}\n";
    static const char *const devices[] = {"svg", "png", "pdf"};
    const sdag_spec *raw, *spec;
    sdag_graph *g;
    char *svg;
    size_t len;
    sdag_catalog catalog = sdag_cli_catalog(c);
    sdag_str missing = {.a = c->arena};
    for (int i = 0; i < 3; i++)
        if (!has(env, "graphviz", "device", devices[i])) sdag_str_addf(&missing, " %s", devices[i]);
    const char *text =
        sdag_arena_printf(c->arena, "Graphviz %s%s%s", text_at(env, "versions", "graphviz"),
                          missing.n ? "; it cannot write" : ": svg, png, pdf", missing.n ? missing.at : "");
    sdag_log_quiet(c->log, true);
    sdag_status status = sdag_spec_parse(&raw, c->arena, c->log, "doctor", tiny, sizeof tiny - 1);
    if (!status) status = sdag_spec_resolve(&spec, c->arena, c->log, raw, NULL, 0);
    if (!status) status = sdag_graph_build(&g, c->arena, c->log, spec, &catalog);
    if (!status) status = sdag_viz_text(&svg, &len, c->arena, c->log, g, &(sdag_viz_options){0});
    sdag_log_quiet(c->log, false);
    if (status)
        return (finding){FAIL, sdag_arena_printf(c->arena, "%s; a picture could not be drawn", text),
                         "install graphviz, then run 'dot -c' as root"};
    return (finding){missing.n ? WARN : FINE, text,
                     missing.n ? "install graphviz with its plugins (libgvplugin-pango on some systems)" : NULL};
}

static finding check_libraries(sdag_cli *c, const json_t *env)
{
    sdag_str s = {.a = c->arena};
    const char *name;
    json_t *v;
    sdag_str_add(&s, "");
    json_object_foreach(json_object_get(env, "versions"), name, v)
    {
        if (!strcmp(name, "ssldag") || !strcmp(name, "openblas") || !strcmp(name, "graphviz")) continue;
        sdag_str_addf(&s, "%s%s %s", s.n ? ", " : "", name, json_is_string(v) ? json_string_value(v) : "?");
    }
    return (finding){FINE, s.at, NULL};
}

static const struct {
    const char *name;
    finding (*run)(sdag_cli *c, const json_t *env);
} checks[] = {
    {"processor", check_processor}, {"threads", check_cpus},      {"memory", check_memory},       {"disk", check_disk},
    {"matrices", check_blas},       {"pictures", check_graphviz}, {"libraries", check_libraries},
};
enum { CHECKS = sizeof checks / sizeof *checks };

/* ---- */

static sdag_status print_text(const finding *found)
{
    printf("ssldag " SSLDAG_VERSION "\n");
    for (int i = 0; i < CHECKS; i++) {
        printf("  %-10s %s%s\n", checks[i].name,
               found[i].v == FINE   ? ""
               : found[i].v == WARN ? "warning: "
                                    : "fails: ",
               found[i].text);
        if (found[i].help) printf("  %-10s -> %s\n", "", found[i].help);
    }
    return SDAG_OK;
}

static sdag_status print_json(sdag_cli *c, json_t *env, const finding *found)
{
    json_t *list = json_array();
    for (int i = 0; i < CHECKS; i++) {
        json_t *one = json_pack("{s:s, s:s, s:s}", "check", checks[i].name, "verdict", verdict_names[found[i].v],
                                "text", found[i].text);
        if (found[i].help) json_object_set_new(one, "help", json_string(found[i].help));
        json_array_append_new(list, one);
    }
    json_object_set_new(env, "checks", list);
    return sdag_cli_json(c, json_incref(env), NULL);
}

sdag_status sdag_cli_doctor(sdag_cli *c)
{
    finding found[CHECKS];
    verdict worst = FINE;
    json_t *env = sdag_env_json(".");
    if (!env) return SDAG_NOMEM;
    for (int i = 0; i < CHECKS; i++) {
        found[i] = checks[i].run(c, env);
        if (found[i].v > worst) worst = found[i].v;
    }
    sdag_status status = c->json ? print_json(c, env, found) : print_text(found);
    json_decref(env);
    if (!status && worst == FAIL)
        status = sdag_fail(c->log, SDAG_FAILED, SDAG_NOLOC, "something will not work: see above");
    return status;
}
