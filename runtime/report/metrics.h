/* metrics.jsonl as curves: a line at a time, in time and memory that do not depend on its length squared. */
#ifndef SDAG_RUNTIME_REPORT_METRICS_H
#define SDAG_RUNTIME_REPORT_METRICS_H

#include "runtime/report/folder.h"

/* Fills f->series and the counts of lines. A line that is no JSON is counted, the last one only when it is ended. */
void sdag_folder_metrics(sdag_folder *f);

#endif
