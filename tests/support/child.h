/* The program under test ($SSLDAG), run in the directory of temp.h, and what its runs leave behind.
 *
 *   child c;
 *   child_run(&c, "run", "a.yaml", "--out", "a");
 *   assert_int_equal(c.code, 0);
 *   assert_true(child_says(&c, "results in a"));
 *   assert_true(runs_agree("a", "b"));
 *
 * Paths in messages are short, since the program is started there. A run that hangs is ended after two minutes. Any
 * failure of the test's own calls ends the test program. */
#ifndef SDAG_TESTS_CHILD_H
#define SDAG_TESTS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct child {
    pid_t pid;
    int code;                        /* what it exited with, or 128 + the signal that ended it */
    char out[1 << 16], err[1 << 16]; /* what it wrote, as much as fits */
    int fd[2];
    int64_t max_file; /* to be set before child_start: a file that would grow larger is refused; 0: no limit */
    bool closed;      /* ... standard output is /dev/full */
} child;

/* args: of the program, NULL at the end. */
void child_start(child *c, const char *const *args);
void child_wait(child *c);
bool child_done(child *c); /* without waiting: whether it has ended (and was waited for) */
void child_kill(child *c, int signal_number);

#define child_run(c, ...)                                           \
    do {                                                            \
        *(c) = (child){0};                                          \
        child_start((c), (const char *const[]){__VA_ARGS__, NULL}); \
        child_wait(c);                                              \
    } while (0)

/* Whether text is in what it wrote to standard error; if not, all of that is printed. */
bool child_says(const child *c, const char *text);

/* Ends with this code, having said text (NULL: anything); if not, says what it said. */
bool child_ends(const child *c, int code, const char *text);

/* ---- folders of runs, by their names in the temporary directory */

/* The same files with the same bytes below both; false: the difference is printed. */
bool trees_agree(const char *a, const char *b);
/* Weights and all that sinks wrote, byte by byte; metrics and summary, but for times and rates. */
bool runs_agree(const char *a, const char *b);
/* The last value of a metric ("held", "collapse.rank") of a phase, from summary.json; NAN: there is none. */
double run_metric(const char *run, const char *phase, const char *metric);
/* Nothing half-written: no unfinished file, and every JSON file can be read. */
bool run_is_whole(const char *a);
int files_like(const char *dir, const char *part); /* files below dir whose name contains part */
void tree_copy(const char *to, const char *from);
void tree_remove(const char *dir);

/* Whether the tests, and so the program, are built with a sanitizer and compute ten times slower: what must learn then
 * runs for one epoch, and nobody looks at how well. */
bool child_slow(void);

#endif
