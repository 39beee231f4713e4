#include "core/io/csv.h"

#include <string.h>

#include "core/base/str.h"

void sdag_csv_text(sdag_outfile *o, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        sdag_out_write(o, text, strlen(text));
        return;
    }
    sdag_out_write(o, "\"", 1);
    for (; *text; text++) {
        if (*text == '"') sdag_out_write(o, text, 1);
        sdag_out_write(o, text, 1);
    }
    sdag_out_write(o, "\"", 1);
}

void sdag_csv_f32(sdag_outfile *o, float v)
{
    char text[32];
    sdag_out_printf(o, "%s", sdag_f32_text(text, v));
}
