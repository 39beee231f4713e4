/* Times the steps of a phase: medians over steps, then the same steps with every op's clock on. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/records/times.h"
#include "runtime/run/phase.h"

typedef struct timing {
    sdag_session *s;
    sdag_task *task;
    const sdag_bench_options *o;
    double *step_s;
    double median, best, wait;
    sdag_times times;
} timing;

static int by_value(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

static sdag_status one_step(timing *t, int64_t i)
{
    sdag_step now = {.seed = t->s->graph->seed,
                     .epoch = (uint32_t)(i / t->task->steps_per_epoch),
                     .step = i,
                     .training = t->task->training};
    sdag_step next = now;
    next.step = i + 1;
    next.epoch = (uint32_t)((i + 1) / t->task->steps_per_epoch);
    sdag_task_fill(t->task, i + 1);
    return sdag_exec_step(t->task->exec, &now, &next);
}

static sdag_status measure(timing *t)
{
    sdag_exec *x = t->task->exec;
    sdag_step first = {.seed = t->s->graph->seed, .training = t->task->training};
    sdag_task_fill(t->task, 0);
    sdag_status status = sdag_exec_feed(x, &first);
    int64_t at = 0;
    for (int i = 0; i < t->o->warmup && !status; i++) status = one_step(t, at++);
    sdag_exec_stats_reset(x, false);
    for (int i = 0; i < t->o->steps && !status; i++) {
        double began = sdag_now();
        status = one_step(t, at++);
        t->step_s[i] = sdag_now() - began;
    }
    if (status) return status;
    sdag_exec_stats stats;
    sdag_exec_stats_get(x, &stats);
    t->wait = stats.wall_s > 0 ? stats.wait_data_s / stats.wall_s : 0;
    qsort(t->step_s, (size_t)t->o->steps, sizeof(double), by_value);
    t->median = t->step_s[t->o->steps / 2];
    t->best = t->step_s[0];
    sdag_exec_stats_reset(x, true);
    int64_t profiled = t->o->steps < 10 ? t->o->steps : 10;
    for (int64_t i = 0; i < profiled && !status; i++) status = one_step(t, at++);
    if (status) return status;
    sdag_exec_stats_get(x, &stats);
    t->times = sdag_times_sum(t->s->arena, t->task, stats.op_s, profiled);
    return SDAG_OK;
}

static json_t *rows_json(const sdag_time *list, int n)
{
    json_t *o = json_object();
    for (int i = 0; i < n; i++)
        if (list[i].ops) json_object_set_new(o, list[i].name, json_real(list[i].seconds));
    return o;
}

static void print_rows(FILE *to, const char *title, const sdag_time *list, int n)
{
    double total = 0;
    for (int i = 0; i < n; i++) total += list[i].seconds;
    fprintf(to, "\n%-22s %10s %7s %6s\n", title, "ms/step", "share", "ops");
    for (int i = 0; i < n && i < 16 && list[i].ops; i++)
        fprintf(to, "%-22s %10.3f %6.1f%% %6lld\n", list[i].name, 1e3 * list[i].seconds,
                total > 0 ? 100 * list[i].seconds / total : 0, (long long)list[i].ops);
}

static void print(const timing *t, FILE *to)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    long rss = use.ru_maxrss / 1024;
    double views = (double)t->task->images / t->median;
    if (t->o->json) {
        json_t *j = json_pack("{s:s, s:s, s:i, s:i, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:f}", "name",
                              t->s->graph->name ? t->s->graph->name : "", "phase", t->o->phase, "threads",
                              t->o->threads, "steps", t->o->steps, "views", (json_int_t)t->task->images, "step_s",
                              t->median, "best_step_s", t->best, "views_per_s", views, "best_views_per_s",
                              (double)t->task->images / t->best, "max_rss_mib", (json_int_t)rss, "planned_mib",
                              (json_int_t)(t->task->bytes >> 20), "wait_for_data", t->wait);
        json_object_set_new(j, "by_node_s", rows_json(t->times.nodes, t->times.n_nodes));
        json_object_set_new(j, "by_op_s", rows_json(t->times.kinds, t->times.n_kinds));
        char *text = json_dumps(j, JSON_REAL_PRECISION(6));
        fprintf(to, "%s\n", text ? text : "{}");
        free(text);
        json_decref(j);
        return;
    }
    fprintf(to,
            "%s, phase %s, %d threads: step %.2f ms (best %.2f), %.0f views/s, data wait %.1f%%, %ld MiB resident, %zu "
            "MiB planned\n",
            t->s->graph->name ? t->s->graph->name : "", t->o->phase, t->o->threads, 1e3 * t->median, 1e3 * t->best,
            views, 100 * t->wait, rss, t->task->bytes >> 20);
    print_rows(to, "node", t->times.nodes, t->times.n_nodes);
    print_rows(to, "op", t->times.kinds, t->times.n_kinds);
}

sdag_status sdag_bench(const sdag_bench_options *o, sdag_arena *a, sdag_log *log, FILE *to)
{
    sdag_session *s = SDAG_NEW(a, sdag_session);
    sdag_run_options run = {.graph = o->graph, .out_dir = "", .threads = o->threads, .quiet = true};
    timing t = {.s = s, .o = o};
    sdag_status status = sdag_session_init(s, &run, a, log);
    int32_t phase = 0;
    while (phase < o->graph->n_phases - 1 && o->phase && strcmp(o->graph->phases[phase].name, o->phase)) phase++;
    bool training = o->graph->phases[phase].optimizer >= 0;
    if (!status) status = sdag_session_open_data(s, phase);
    if (!status)
        status = sdag_task_create(&t.task, s, (sdag_lower_request){.phase = phase, .training = training, .pass = -1});
    if (!status) {
        if (t.task->steps_per_epoch < 1) t.task->steps_per_epoch = 1;
        t.task->steps = o->warmup + o->steps + 10;
        t.step_s = SDAG_NEWS(a, double, o->steps);
        status = measure(&t);
    }
    if (!status) print(&t, to);
    sdag_task_destroy(t.task);
    return status;
}
