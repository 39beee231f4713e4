/* Checkpoints: all weights and slots of all phases so far, and where the run stands, in one safetensors file.
 * The file carries a checksum of its data, since the format has none; the newest that verifies is the one that counts.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/io/safetensors.h"
#include "runtime/run/sweep.h"

enum { KEEP = 2 };

/* FNV-1a over 8-byte words, four lanes: not for enemies, for torn writes and flipped bits. */
static uint64_t checksum(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t lane[4] = {h, h ^ 1, h ^ 2, h ^ 3};
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (int k = 0; k < 4; k++) {
            uint64_t w;
            memcpy(&w, p + i + 8 * k, 8);
            lane[k] = (lane[k] ^ w) * 0x100000001b3ull;
            lane[k] ^= lane[k] >> 29;
        }
    for (; i < n; i++) lane[0] = (lane[0] ^ p[i]) * 0x100000001b3ull;
    for (int k = 1; k < 4; k++) lane[0] = (lane[0] ^ lane[k]) * 0x100000001b3ull + (uint64_t)k;
    return lane[0];
}

static bool saved(const sdag_weight *w) { return !w->shared && !(w->flags & SDAG_STATE_DROPPED); }

static size_t weight_bytes(const sdag_weight *w)
{
    size_t n = 0;
    sdag_shape_bytes(&n, w->dtype, w->shape);
    return n;
}

static const char *weight_key(sdag_session *s, const sdag_weight *w)
{
    return sdag_arena_printf(s->arena, "%s.%s.%s", s->graph->phases[w->phase].name, w->node, w->name);
}

/* Names of checkpoint files in dir, newest first; numbers only. */
static int list_numbers(sdag_session *s, const char *dir, int64_t **out)
{
    SDAG_VEC(int64_t) v = {0};
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        long long n;
        char rest[32];
        if (sscanf(e->d_name, "%18lld.%31s", &n, rest) == 2 && !strcmp(rest, "safetensors"))
            *SDAG_PUSH(s->arena, &v) = n;
    }
    if (d) closedir(d);
    for (int i = 0; i < v.n; i++)
        for (int k = i; k > 0 && v.at[k] > v.at[k - 1]; k--) {
            int64_t t = v.at[k];
            v.at[k] = v.at[k - 1];
            v.at[k - 1] = t;
        }
    *out = v.at;
    return v.n;
}

static const char *file_name(sdag_session *s, const char *dir, int64_t n)
{
    return sdag_arena_printf(s->arena, "%s/%06lld.safetensors", dir, (long long)n);
}

static const char checksum_key[] = "ssldag.checksum";

/* Of the metadata, whatever their order: a flipped digit of the step is as bad as one of a weight. */
static uint64_t checksum_meta(const sdag_st_pair *m)
{
    if (!strcmp(m->key, checksum_key)) return 0;
    return checksum(checksum(0x84222325cbf29ce4ull, m->key, strlen(m->key)), m->value, strlen(m->value));
}

/* Of all weights, whatever their order: each is keyed by its name. */
static uint64_t checksum_all(sdag_session *s)
{
    uint64_t sum = 0;
    for (int i = 0; i < s->store.list.n; i++) {
        const sdag_weight *w = &s->store.list.at[i];
        if (!saved(w)) continue;
        const char *key = weight_key(s, w);
        sum += checksum(checksum(0xcbf29ce484222325ull, key, strlen(key)), w->data, weight_bytes(w));
    }
    return sum;
}

/* ---- what collectors have counted of an epoch, as hexadecimal digits in the metadata */

static const char probe_prefix[] = "ssldag.probe.";

static const sdag_collect *collect_of(const sdag_session *s, const sdag_probe *p)
{
    return s->graph->nodes[p->node].type->collect;
}

static char *to_hex(sdag_arena *a, const uint8_t *p, size_t n)
{
    char *text = SDAG_NEWS(a, char, 2 * n + 1);
    for (size_t i = 0; i < n; i++) sprintf(text + 2 * i, "%02x", p[i]);
    return text;
}

static void take_probe(sdag_session *s, const sdag_st_pair *m)
{
    size_t n = strlen(m->value) / 2;
    uint8_t *p = SDAG_NEWS(s->arena, uint8_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;
        sscanf(m->value + 2 * i, "%2x", &byte);
        p[i] = (uint8_t)byte;
    }
    *SDAG_PUSH(s->arena, &s->saved_probes) =
        (sdag_saved_probe){sdag_arena_str(s->arena, m->key + sizeof probe_prefix - 1), p, n};
}

static sdag_status write_file(sdag_session *s, const sdag_cursor *at, const char *path)
{
    SDAG_VEC(sdag_st_tensor) list = {0};
    SDAG_VEC(sdag_st_pair) meta = {0};
    for (int i = 0; i < s->store.list.n; i++) {
        const sdag_weight *w = &s->store.list.at[i];
        if (!saved(w)) continue;
        sdag_st_tensor t = {.name = weight_key(s, w),
                            .dtype = w->dtype == SDAG_DT_F32 ? SDAG_ST_F32 : SDAG_ST_I32,
                            .rank = w->shape.rank,
                            .data = w->data};
        memcpy(t.shape, w->shape.d, sizeof w->shape.d);
        *SDAG_PUSH(s->arena, &list) = t;
    }
    char *summary = json_dumps(s->metrics.summary, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!summary) return SDAG_NOMEM;
#define META(k, ...) *SDAG_PUSH(s->arena, &meta) = (sdag_st_pair){k, sdag_arena_printf(s->arena, __VA_ARGS__)}
    META("ssldag.version", "1");
    META("ssldag.name", "%s", s->graph->name ? s->graph->name : "");
    META("ssldag.seed", "%llu", (unsigned long long)s->graph->seed);
    META("ssldag.phase", "%s", at->phase < s->graph->n_phases ? s->graph->phases[at->phase].name : "");
    META("ssldag.step", "%lld", (long long)at->step);
    META("ssldag.metrics_bytes", "%lld", (long long)at->metrics_bytes);
    META("ssldag.loss_sum", "%a", at->loss_sum);
    META("ssldag.seconds", "%a", at->seconds);
    META("ssldag.summary", "%s", summary);
    for (int i = 0; i < s->n_probes; i++) {
        const sdag_probe *q = &s->probes[i];
        if (q->opened && collect_of(s, q)->plain)
            *SDAG_PUSH(s->arena, &meta) =
                (sdag_st_pair){sdag_arena_printf(s->arena, "%s%s", probe_prefix, s->graph->nodes[q->node].name),
                               to_hex(s->arena, q->state, collect_of(s, q)->plain)};
    }
    uint64_t sum = checksum_all(s);
    for (int i = 0; i < meta.n; i++) sum += checksum_meta(&meta.at[i]);
    META(checksum_key, "%016llx", (unsigned long long)sum);
#undef META
    free(summary);
    return sdag_st_write(s->log, path, list.at, list.n, meta.at, meta.n);
}

typedef struct write_args {
    sdag_session *s;
    const sdag_cursor *at;
} write_args;

static sdag_status write_in(void *arg)
{
    write_args *w = arg;
    sdag_session *s = w->s;
    const char *dir = sdag_arena_printf(s->arena, "%s/checkpoints", s->options->out_dir);
    sdag_status status = sdag_make_dirs(s->log, SDAG_NOLOC, dir);
    int64_t *numbers;
    int n = list_numbers(s, dir, &numbers), good = 1;
    int64_t next = n ? numbers[0] + 1 : 1;
    /* What the checkpoint says of metrics.jsonl must be on the disk before it. */
    int rc = 0;
    do rc = s->metrics.fd < 0 ? 0 : fsync(s->metrics.fd);
    while (rc && errno == EINTR);
    if (!status && rc && errno != EINVAL)
        status = sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s/metrics.jsonl: %s", s->options->out_dir, strerror(errno));
    if (!status) status = write_file(s, w->at, file_name(s, dir, next));
    for (int i = 0; i < n && !status; i++) /* newer ones than the run knows of did not verify when it began */
        if (numbers[i] > s->checkpoint || ++good > KEEP) unlink(file_name(s, dir, numbers[i]));
    if (!status) s->checkpoint = next;
    return status;
}

sdag_status sdag_checkpoint_write(sdag_session *s, const sdag_cursor *at)
{
    sdag_arena scratch, *run = s->arena;
    sdag_arena_init(&scratch);
    s->arena = &scratch;
    write_args w = {s, at};
    sdag_status status = sdag_arena_try(&scratch, write_in, &w);
    s->arena = run;
    sdag_arena_free(&scratch);
    if (!status)
        sdag_log_add(s->log, SDAG_DETAIL, SDAG_NOLOC, "wrote checkpoint %lld, step %lld of phase %d",
                     (long long)s->checkpoint, (long long)at->step, at->phase + 1);
    return status;
}

/* ---- reading */

static int32_t phase_named(const sdag_session *s, const char *name)
{
    for (int32_t i = 0; i < s->graph->n_phases; i++)
        if (!strcmp(s->graph->phases[i].name, name)) return i;
    return !*name ? s->graph->n_phases : -1;
}

/* One tensor becomes a weight of the store; its phase and node are found from its name. */
static sdag_status take_entry(sdag_session *s, const sdag_st *st, const sdag_st_entry *e)
{
    for (int32_t p = 0; p < s->graph->n_phases; p++) {
        const sdag_phase *ph = &s->graph->phases[p];
        size_t np = strlen(ph->name);
        if (strncmp(e->name, ph->name, np) || e->name[np] != '.') continue;
        for (int i = 0; i < ph->n_nodes; i++) {
            const char *node = s->graph->nodes[ph->order[i]].name, *rest = e->name + np + 1;
            size_t nn = strlen(node);
            if (strncmp(rest, node, nn) || rest[nn] != '.') continue;
            sdag_weight w = {.phase = p,
                             .node = node,
                             .name = sdag_arena_str(s->arena, rest + nn + 1),
                             .restored = true,
                             .dtype = e->dtype == SDAG_ST_F32 ? SDAG_DT_F32 : SDAG_DT_I32,
                             .shape = {.rank = e->rank}};
            memcpy(w.shape.d, e->shape, sizeof w.shape.d);
            w.data = sdag_alloc_aligned((e->bytes + 63) / 64 * 64 + 64, 64);
            if (!w.data) return SDAG_NOMEM;
            sdag_arena_defer(s->arena, sdag_free, w.data);
            sdag_status status = sdag_st_read_raw(st, e, w.data, e->bytes, s->log);
            if (status) return status;
            *SDAG_PUSH(s->arena, &s->store.list) = w;
            s->store.index.a = s->arena;
            sdag_map_put(&s->store.index, sdag_arena_str(s->arena, e->name), s->store.list.n - 1);
            return SDAG_OK;
        }
    }
    return sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "the checkpoint holds '%s', which this pipeline does not have",
                     e->name);
}

static int64_t meta_int(const sdag_st *st, const char *key)
{
    const char *v = sdag_st_meta(st, key);
    return v ? strtoll(v, NULL, 10) : 0;
}

static sdag_status read_file(sdag_session *s, sdag_cursor *at, const char *path)
{
    sdag_st *st;
    sdag_status status = sdag_st_open(&st, s->log, SDAG_NOLOC, path);
    if (status) return status;
    const char *phase = sdag_st_meta(st, "ssldag.phase"), *sum = sdag_st_meta(st, checksum_key),
               *summary = sdag_st_meta(st, "ssldag.summary"), *loss = sdag_st_meta(st, "ssldag.loss_sum"),
               *seconds = sdag_st_meta(st, "ssldag.seconds");
    at->phase = phase ? phase_named(s, phase) : -1;
    if (at->phase < 0 || !sum || !summary || !loss || !seconds)
        status = sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s is not a checkpoint of this pipeline", path);
    for (int i = 0; i < sdag_st_count(st) && !status; i++) status = take_entry(s, st, sdag_st_at(st, i));
    uint64_t found = checksum_all(s);
    for (int i = 0; i < sdag_st_meta_count(st); i++) found += checksum_meta(sdag_st_meta_at(st, i));
    if (!status && strtoull(sum, NULL, 16) != found)
        status = sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s: the checksum does not match its contents", path);
    if (!status) {
        at->step = meta_int(st, "ssldag.step");
        at->metrics_bytes = meta_int(st, "ssldag.metrics_bytes");
        at->loss_sum = strtod(loss, NULL);
        at->seconds = strtod(seconds, NULL);
        for (int i = 0; i < sdag_st_meta_count(st); i++)
            if (!strncmp(sdag_st_meta_at(st, i)->key, probe_prefix, sizeof probe_prefix - 1))
                take_probe(s, sdag_st_meta_at(st, i));
        json_decref(s->metrics.summary);
        s->metrics.summary = json_loads(summary, JSON_REJECT_DUPLICATES, NULL);
        if (!s->metrics.summary)
            status = sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s: its summary cannot be read", path);
    }
    sdag_st_close(st);
    return status;
}

sdag_status sdag_checkpoint_read(sdag_session *s, sdag_cursor *at, bool *found)
{
    const char *dir = sdag_arena_printf(s->arena, "%s/checkpoints", s->options->out_dir);
    int64_t *numbers;
    int n = list_numbers(s, dir, &numbers);
    *found = false;
    for (int i = 0; i < n; i++) {
        sdag_status status = read_file(s, at, file_name(s, dir, numbers[i]));
        if (!status) {
            s->checkpoint = numbers[i];
            *found = true;
            return SDAG_OK;
        }
        if (status == SDAG_NOMEM) return status;
        if (i + 1 < n)
            sdag_log_add(s->log, SDAG_WARNING, SDAG_NOLOC, "%s cannot be used; trying the one before it",
                         file_name(s, dir, numbers[i]));
        s->store = (sdag_store){0};
    }
    return n ? sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s: none of its %d checkpoints can be used", dir, n) : SDAG_OK;
}
