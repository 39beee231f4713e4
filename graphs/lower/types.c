/* Port types: "f32[B,H,W,C]|image" against the type and shape of a value. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "graphs/lower/lower_int.h"

static bool fits_one(sdag_bindings *bind, const char *port, const char *type, size_t n, sdag_dtype t, sdag_shape s,
                     bool image, sdag_clash *clash)
{
    if (n == 5 && !strncmp(type, "image", 5)) return image || (t == SDAG_DT_F32 && s.rank == 4);
    const char *open = memchr(type, '[', n);
    if (!open) return false;
    size_t name = (size_t)(open - type);
    const char *want = sdag_dtype_name(t);
    bool pixels = image && t == SDAG_DT_U8 && s.rank == 4 && name == 3 && !strncmp(type, "f32", 3);
    if (!pixels && (strlen(want) != name || strncmp(type, want, name))) return false;

    int axis = 0;
    const char *at = open + 1, *end = type + n - 1;
    while (at < end) {
        size_t len = strcspn(at, ",]");
        if (len == 3 && !strncmp(at, "...", 3)) return axis <= s.rank;
        if (axis >= s.rank) return false;
        int64_t size = s.d[axis++];
        if (isupper((unsigned char)*at) && len == 1) {
            int i = *at - 'A';
            if (!bind->who[i]) {
                bind->who[i] = port;
                bind->size[i] = size;
            } else if (bind->size[i] != size) {
                *clash = (sdag_clash){*at, size};
                return false;
            }
        } else if (strtoll(at, NULL, 10) != size) {
            return false;
        }
        at += len + 1;
    }
    return axis == s.rank;
}

bool sdag_value_fits(sdag_bindings *bind, const char *port, const char *type, sdag_dtype t, sdag_shape s, bool image,
                     sdag_clash *clash)
{
    *clash = (sdag_clash){0};
    for (const char *at = type; *at;) {
        size_t n = strcspn(at, "|");
        sdag_bindings trial = *bind;
        sdag_clash c = {0};
        if (fits_one(&trial, port, at, n, t, s, image, &c)) {
            *bind = trial;
            *clash = (sdag_clash){0};
            return true;
        }
        if (c.letter) *clash = c;
        at += n + (at[n] == '|');
    }
    return false;
}
