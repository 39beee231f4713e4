#include "runtime/records/env.h"

#include <archive.h>
#include <ctype.h>
#include <gnu/libc-version.h>
#include <graphviz/gvc.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>

#include "core/cpu/gemm.h"
#include "core/io/json_text.h"
#include "graphs/spec/spec.h"
#include "runtime/pool/cpus.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* "OpenBLAS 0.3.21 NO_AFFINITY ...": the word with the number. */
static json_t *openblas_version(const char *config)
{
    const char *at = strchr(config, ' ');
    at = at ? at + 1 : config;
    return json_stringn(at, strcspn(at, " "));
}

/* "libarchive 3.6.2 zlib/..." */
static json_t *second_word(const char *text)
{
    const char *at = strchr(text, ' ');
    return at ? json_stringn(at + 1, strcspn(at + 1, " ")) : json_string(text);
}

/* ---- Graphviz: its version, and what its plugins offer */

static json_t *list_of(GVC_t *gvc, const char *kind)
{
    json_t *list = json_array();
    int n = 0;
    char **names = gvPluginList(gvc, kind, &n, NULL);
    for (int i = 0; i < n; i++) {
        bool seen = i && !strcmp(names[i], names[i - 1]); /* by several plugins */
        if (!seen) json_array_append_new(list, json_string(names[i]));
    }
    for (int i = 0; i < n; i++) free(names[i]);
    free(names);
    return list;
}

static void add_graphviz(json_t *env, json_t *versions)
{
    GVC_t *gvc = gvContext();
    if (!gvc) return;
    json_object_set_new(versions, "graphviz", json_string(gvcVersion(gvc)));
    json_object_set_new(env, "graphviz",
                        json_pack("{s:o, s:o}", "layout", list_of(gvc, "layout"), "device", list_of(gvc, "device")));
    gvFreeContext(gvc);
}

/* ---- the processor and the memory */

/* The value of the first line "key : value" of a file of /proc; "": none. */
static void read_key(char *to, size_t size, const char *path, const char *key)
{
    char line[8192];
    FILE *f = fopen(path, "re");
    to[0] = 0;
    while (f && !to[0] && fgets(line, sizeof line, f)) {
        const char *at = line + strlen(key);
        if (strncmp(line, key, strlen(key))) continue;
        at += strspn(at, " \t");
        if (*at++ != ':') continue;
        at += strspn(at, " \t");
        snprintf(to, size, "%.*s", (int)strcspn(at, "\n"), at);
    }
    if (f) fclose(f);
}

/* What decides about the speed of the kernels, in the words of /proc/cpuinfo. */
static json_t *vector_extensions(void)
{
    static const char *const known[] = {"sse4_2",      "avx",      "avx2", "fma",   "avx512f", "avx512bw", "avx512vl",
                                        "avx512_vnni", "amx_tile", "neon", "asimd", "sve",     "sve2"};
    json_t *list = json_array();
    char flags[8192], *save = NULL;
    read_key(flags, sizeof flags, "/proc/cpuinfo", "flags");
    if (!flags[0]) read_key(flags, sizeof flags, "/proc/cpuinfo", "Features"); /* ARM */
    for (char *w = strtok_r(flags, " ", &save); w; w = strtok_r(NULL, " ", &save))
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (!strcmp(w, known[i])) json_array_append_new(list, json_string(w));
    return list;
}

static json_t *processor(void)
{
    char model[256];
    read_key(model, sizeof model, "/proc/cpuinfo", "model name");
    return json_pack("{s:s, s:o, s:i, s:i}", "model", model[0] ? model : "unknown", "vector", vector_extensions(),
                     "online", (int)sysconf(_SC_NPROCESSORS_ONLN), "allowed", sdag_cpus());
}

/* memory.max is a number of bytes, or "max" (Linux, Documentation/admin-guide/cgroup-v2.rst). */
static int64_t memory_max(const char *dir)
{
    char path[4200];
    long long bytes = 0;
    snprintf(path, sizeof path, "%s/memory.max", dir);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%lld", &bytes) != 1) bytes = 0;
    if (f) fclose(f);
    return bytes > 0 ? bytes : 0;
}

int64_t sdag_env_memory_limit(const char *root, const char *self) { return sdag_group_least(root, self, memory_max); }

static json_t *bytes_or_null(int64_t n) { return n > 0 ? json_integer(n) : json_null(); }

static json_t *memory(void)
{
    char text[64];
    read_key(text, sizeof text, "/proc/meminfo", "MemAvailable"); /* "123 kB" */
    int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return json_pack("{s:o, s:o, s:o}", "bytes", bytes_or_null(pages * page), "available",
                     bytes_or_null(atoll(text) * 1024), "limit",
                     bytes_or_null(sdag_env_memory_limit("/sys/fs/cgroup", "/proc/self/cgroup")));
}

static json_t *disk(const char *dir)
{
    struct statvfs v;
    bool known = statvfs(dir, &v) == 0;
    return json_pack("{s:o, s:o}", "dir", sdag_json_text(dir), "free",
                     known ? json_integer((json_int_t)(v.f_bavail * v.f_frsize)) : json_null());
}

json_t *sdag_env_json(const char *dir)
{
    const sdag_gemm_library blas = sdag_gemm_about();
    json_t *env = json_object(), *v = json_object();
    if (!env || !v) {
        json_decref(env);
        json_decref(v);
        return NULL;
    }
    json_object_set_new(env, "versions", v);
    json_object_set_new(v, "ssldag", json_string(SSLDAG_VERSION));
    json_object_set_new(v, "compiler", json_string(COMPILER));
    json_object_set_new(v, "glibc", json_string(gnu_get_libc_version()));
    json_object_set_new(v, "openblas", openblas_version(blas.config));
    add_graphviz(env, v);
    json_object_set_new(v, "libyaml", json_string(sdag_spec_library()));
    json_object_set_new(v, "zlib", json_string(zlibVersion()));
    json_object_set_new(v, "libpng", json_string(png_get_libpng_ver(NULL)));
    json_object_set_new(v, "libjpeg-turbo", json_string(SSLDAG_TURBOJPEG)); /* has no function that says it */
    json_object_set_new(v, "libarchive", second_word(archive_version_string()));
    json_object_set_new(v, "jansson", json_string(jansson_version_str()));
    json_object_set_new(
        env, "openblas",
        json_pack("{s:s, s:s, s:s}", "config", blas.config, "core", blas.core, "threads", blas.threads));
    json_object_set_new(env, "cpu", processor());
    if (dir) json_object_set_new(env, "memory", memory());
    if (dir) json_object_set_new(env, "disk", disk(dir));
    return env;
}

/* ---- the command line */

static bool is_plain(const char *word)
{
    static const char *const others = "@%+=:,./-_";
    for (const char *p = word; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(others, *p)) return false;
    return *word;
}

/* Appends a word, quoted where a shell would read something else. */
static void put_word(FILE *to, const char *word)
{
    if (is_plain(word)) fputs(word, to);
    else {
        fputc('\'', to);
        for (const char *p = word; *p; p++) fputs(*p == '\'' ? "'\\''" : (char[2]){*p, 0}, to);
        fputc('\'', to);
    }
}

json_t *sdag_env_command(void)
{
    static char words[1 << 16]; /* each ends with a NUL */
    FILE *f = fopen("/proc/self/cmdline", "re");
    size_t n = f ? fread(words, 1, sizeof words - 1, f) : 0, size = 0;
    if (f) fclose(f);
    words[n] = 0;
    char *text = NULL;
    FILE *to = n ? open_memstream(&text, &size) : NULL;
    if (!to) return NULL;
    for (size_t at = 0; at < n; at += strlen(words + at) + 1) {
        if (at) fputc(' ', to);
        put_word(to, words + at);
    }
    json_t *command = fclose(to) ? NULL : sdag_json_text(text);
    free(text);
    return command;
}
