/* Result codes of every function that can fail.
 *
 *   sdag_status s = sdag_file_read(&text, arena, log, path, limit);
 *   if (s) return s;
 *
 * A non-zero status has always been reported once in the log that was passed in, except
 * SDAG_NOMEM, which the command reports. The command's exit code follows from the status. */
#ifndef SDAG_BASE_STATUS_H
#define SDAG_BASE_STATUS_H

typedef enum sdag_status {
    SDAG_OK = 0,
    SDAG_FAILED,   /* the run failed                     exit 1 */
    SDAG_USAGE,    /* the command was typed wrongly      exit 2 */
    SDAG_INVALID,  /* the graph is invalid               exit 3 */
    SDAG_IO,       /* data or files                      exit 4 */
    SDAG_DIVERGED, /* a number that is not finite        exit 5 */
    SDAG_NOMEM,    /* memory ran out                     exit 1 */
    SDAG_STOPPED,  /* a signal, after a checkpoint       exit 75 */
} sdag_status;

int sdag_exit_code(sdag_status s);
const char *sdag_status_name(sdag_status s); /* "ok", "failed", ... */

#if defined(__GNUC__)
#define SDAG_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define SDAG_PRINTF(f, a)
#endif

#endif
