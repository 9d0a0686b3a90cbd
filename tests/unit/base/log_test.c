#include "base/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What vd_log wrote to stderr while it was a pipe. */
static size_t caught(char *buf, size_t size, void (*fn)(void))
{
    int pipe_fd[2], saved = dup(STDERR_FILENO);
    ssize_t n;

    cr_assert_eq(pipe(pipe_fd), 0);
    dup2(pipe_fd[1], STDERR_FILENO);
    fn();
    dup2(saved, STDERR_FILENO);
    close(pipe_fd[1]);
    n = read(pipe_fd[0], buf, size - 1);
    close(pipe_fd[0]);
    close(saved);
    cr_assert(n >= 0);
    buf[n] = '\0';
    return (size_t)n;
}

static void say_plain(void)
{
    vd_log_init("tester", VD_LOG_INFO);
    LOG_WARN("cam.lost", "cam=%s reason=\"%s\"", "gate", "one\ntwo\x1b[2J");
    LOG_DEBUG("cam.frame", "n=%d", 1);
}

Test(log, a_line_is_a_line_whatever_is_in_it)
{
    char out[4096];
    size_t n;

    unsetenv("JOURNAL_STREAM");
    n = caught(out, sizeof out, say_plain);
    cr_assert(strstr(out, " warn tester cam.lost cam=gate reason=\"one?two?[2J\"\n") != NULL,
              "%s", out);
    cr_assert_eq(strchr(out, '\n'), out + n - 1, "more than one line: %s", out);
}

static void say_long(void)
{
    char text[3000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    setenv("JOURNAL_STREAM", "1:2", 1);
    vd_log_init("tester", VD_LOG_INFO);
    LOG_ERROR("x.y", "text=%s", text);
    unsetenv("JOURNAL_STREAM");
}

Test(log, journald_gets_levels_and_long_lines_are_cut)
{
    char out[4096];
    size_t n = caught(out, sizeof out, say_long);

    cr_assert_eq(strncmp(out, "<3>x.y text=xxx", 15), 0, "%.40s", out);
    cr_assert_leq(n, 1001);
    cr_assert_eq(out[n - 1], '\n');
}

Test(log, a_gate_lets_the_same_cause_through_once_a_minute)
{
    struct vd_log_gate gate = {0};
    uint32_t repeats = 99;

    cr_assert(vd_log_gate(&gate, 1, 1000, &repeats));
    cr_assert_eq(repeats, 0);
    cr_assert(!vd_log_gate(&gate, 1, 2000, &repeats));
    cr_assert(!vd_log_gate(&gate, 1, 3000, &repeats));
    cr_assert(vd_log_gate(&gate, 2, 4000, &repeats), "another cause is news");
    cr_assert_eq(repeats, 0);
    cr_assert(vd_log_gate(&gate, 1, 5000, &repeats));
    cr_assert(!vd_log_gate(&gate, 1, 6000, &repeats));
    cr_assert(vd_log_gate(&gate, 1, 5000 + 60000000, &repeats));
    cr_assert_eq(repeats, 1);
}
