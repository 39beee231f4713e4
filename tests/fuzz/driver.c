/* Runs a fuzz target over files, without libFuzzer:
 *
 *   fuzz_yaml [--mutate N] FILE|DIR...     N altered copies of each file as well, the same ones every time
 *
 * A crash or an abort of the target is the failure; the file at work is named before it can happen. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long runs, mutations;

/* The target gets a block of exactly this size, so that a sanitizer sees a read past the end. */
static void run_one(const char *data, size_t size)
{
    uint8_t *copy = sdag_alloc(size);
    if (!copy) exit(1);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    sdag_free(copy);
    runs++;
}

/* One to four edits: a byte changed, taken away, doubled, or a piece copied elsewhere. */
static void run_mutated(const char *data, size_t size, sdag_rng *r)
{
    char *text = sdag_alloc(size + 1024);
    size_t n = size;
    if (!text) exit(1);
    memcpy(text, data, size);
    for (uint32_t edits = 1 + sdag_rng_below(r, 4); edits && n > 1; edits--) {
        size_t at = sdag_rng_below(r, (uint32_t)n), from = sdag_rng_below(r, (uint32_t)n);
        size_t len = 1 + sdag_rng_below(r, 64), room = size + 1024 - n;
        static const char likely[] = "[]{}:,-?&*!|>'\"%@` \n\t#$\\<~a0";
        if (len > n - from) len = n - from;
        if (len > room) len = room;
        switch (sdag_rng_below(r, 4)) {
        case 0: text[at] = (char)sdag_rng_u32(r); break;
        case 1: text[at] = likely[sdag_rng_below(r, sizeof likely - 1)]; break;
        case 2:
            memmove(text + at, text + at + 1, n - at - 1);
            n--;
            break;
        default: {
            char piece[64];
            memcpy(piece, text + from, len);
            memmove(text + at + len, text + at, n - at);
            memcpy(text + at, piece, len);
            n += len;
        }
        }
    }
    run_one(text, n);
    sdag_free(text);
}

static int run_file(const char *path)
{
    sdag_arena a;
    sdag_log *log = sdag_log_create(stderr);
    char *text;
    size_t len;
    sdag_arena_init(&a);
    int failed = sdag_file_read(&text, &len, &a, log, SDAG_NOLOC, path, 64 << 20) != SDAG_OK;
    if (!failed) {
        printf("%s\n", path);
        fflush(stdout);
        run_one(text, len);
        sdag_rng r = sdag_rng_at(1, sdag_hash32(path), 0, 0);
        for (long i = 0; i < mutations && len > 0 && len < 1 << 20; i++) run_mutated(text, len, &r);
    }
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    return failed;
}

static int run_path(const char *path)
{
    struct stat st;
    struct dirent **list;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return run_file(path);
    int n = scandir(path, &list, NULL, alphasort), failed = n < 0;
    for (int i = 0; i < n; i++) {
        char below[4096];
        int k = snprintf(below, sizeof below, "%s/%s", path, list[i]->d_name);
        if (list[i]->d_name[0] != '.' && k < (int)sizeof below) failed |= run_path(below);
        free(list[i]); /* scandir's own, not from sdag_alloc */
    }
    if (n >= 0) free(list);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutate") == 0 && i + 1 < argc) mutations = atol(argv[++i]);
        else failed |= run_path(argv[i]);
    }
    printf("%ld inputs, none crashed\n", runs);
    return failed || runs == 0;
}
