#include "core/io/json_text.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/str.h"

json_t *sdag_json_text(const char *text)
{
    static const char instead[] = "\xef\xbf\xbd";
    const size_t len = text ? strlen(text) : 0;
    char *to = text ? sdag_alloc_array(len + 1, 3) : NULL;
    size_t n = 0;
    uint32_t c;
    if (!to) return NULL;
    for (size_t i = 0; i < len;) {
        const int k = sdag_utf8(&c, text + i, len - i);
        memcpy(to + n, k ? text + i : instead, k ? (size_t)k : 3);
        n += k ? (size_t)k : 3;
        i += k ? (size_t)k : 1;
    }
    json_t *j = json_stringn(to, n);
    sdag_free(to);
    return j;
}
