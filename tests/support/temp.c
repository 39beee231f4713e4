#include "tests/support/temp.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void need(bool ok, const char *what)
{
    if (ok) return;
    perror(what);
    abort();
}

const char *temp_path(const char *name)
{
    static char ring[16][PATH_MAX];
    static int next;
    if (!root[0]) {
        strcpy(root, "/tmp/ssldag-test-XXXXXX");
        need(mkdtemp(root) != NULL, "mkdtemp");
    }
    char *p = ring[next++ % 16];
    snprintf(p, PATH_MAX, "%s%s%s", root, name[0] ? "/" : "", name);
    return p;
}

const char *temp_write(const char *name, const void *bytes, size_t n)
{
    const char *path = temp_path(name);
    char part[PATH_MAX];
    strcpy(part, path);
    for (char *s = part + strlen(root) + 1; (s = strchr(s, '/')) != NULL; *s++ = '/') {
        *s = 0;
        mkdir(part, 0777);
    }
    FILE *f = fopen(path, "wb");
    need(f != NULL, path);
    need(n == 0 || fwrite(bytes, 1, n, f) == n, path);
    need(fclose(f) == 0, path);
    return path;
}

uint8_t *temp_read(size_t *n, const char *name)
{
    FILE *f = fopen(temp_path(name), "rb");
    need(f != NULL && fseek(f, 0, SEEK_END) == 0, name);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*n + 1);
    need(p != NULL && fread(p, 1, *n, f) == *n, name);
    fclose(f);
    return p;
}

bool temp_exists(const char *name) { return access(temp_path(name), F_OK) == 0; }

int temp_count(void)
{
    int n = 0;
    DIR *d = opendir(temp_path(""));
    need(d != NULL, root);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void temp_clear(void)
{
    if (root[0]) nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
    root[0] = 0;
}

const char *temp_last(const sdag_log *l)
{
    return sdag_log_count(l) ? sdag_log_at(l, sdag_log_count(l) - 1)->text : "";
}

bool temp_says(const sdag_log *l, const char *text)
{
    if (strstr(temp_last(l), text)) return true;
    fprintf(stderr, "the log says \"%s\", expected \"%s\"\n", temp_last(l), text);
    return false;
}
