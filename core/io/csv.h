/* Tables as text: values with commas between them, quoted where RFC 4180 wants it. */
#ifndef SDAG_IO_CSV_H
#define SDAG_IO_CSV_H

#include "core/base/file.h"

void sdag_csv_text(sdag_outfile *o, const char *text); /* "a,b" in quotes, a quote doubled */
void sdag_csv_f32(sdag_outfile *o, float v);           /* the shortest text that reads back as v */

#endif
