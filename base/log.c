#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1000 };

static const int64_t GATE_US = INT64_C(60000000);

static struct {
    const char *program;
    enum vd_log_level max;
    bool journal;
} state = {.program = "vedette", .max = VD_LOG_INFO};

void vd_log_init(const char *program, enum vd_log_level max)
{
    state.program = program;
    state.max = max;
    state.journal = getenv("JOURNAL_STREAM") != NULL;
}

bool vd_log_level_parse(const char *text, enum vd_log_level *ret_level)
{
    static const struct {
        const char *name;
        enum vd_log_level level;
    } names[] = {
        {"error", VD_LOG_ERROR},
        {"warn", VD_LOG_WARN},
        {"info", VD_LOG_INFO},
        {"debug", VD_LOG_DEBUG},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0) {
            *ret_level = names[i].level;
            return true;
        }
    return false;
}

bool vd_log_wants(enum vd_log_level level)
{
    return level <= state.max;
}

static const char *level_name(enum vd_log_level level)
{
    switch (level) {
    case VD_LOG_ERROR:
        return "error";
    case VD_LOG_WARN:
        return "warn";
    case VD_LOG_INFO:
        return "info";
    case VD_LOG_DEBUG:
        break;
    }
    return "debug";
}

static int prefix(char *line, size_t size, enum vd_log_level level, const char *id)
{
    struct timespec now;
    struct tm tm;

    if (state.journal)
        return snprintf(line, size, "<%d>%s ", (int)level, id);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    return snprintf(line, size, "%02d:%02d:%02d.%03dZ %s %s %s ", tm.tm_hour, tm.tm_min,
                    tm.tm_sec, (int)(now.tv_nsec / 1000000), level_name(level), state.program,
                    id);
}

void vd_log(enum vd_log_level level, const char *id, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES + 2];
    int saved = errno;
    size_t len;
    int n;

    if (!vd_log_wants(level))
        return;
    n = prefix(line, LINE_MAX_BYTES, level, id);
    if (n < 0 || n >= LINE_MAX_BYTES)
        n = 0;
    len = (size_t)n;

    va_list ap;

    va_start(ap, fmt);
    n = vsnprintf(line + len, LINE_MAX_BYTES - len, fmt, ap);
    va_end(ap);
    if (n > 0)
        len += (size_t)n < LINE_MAX_BYTES - len ? (size_t)n : LINE_MAX_BYTES - len - 1;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n';
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
        continue;
    errno = saved;
}

bool vd_log_gate(struct vd_log_gate *gate, uint32_t cause, int64_t mono_us,
                 uint32_t *ret_repeats)
{
    if (gate->next_us != 0 && cause == gate->cause && mono_us < gate->next_us) {
        gate->held++;
        return false;
    }
    *ret_repeats = cause == gate->cause ? gate->held : 0;
    gate->held = 0;
    gate->cause = cause;
    gate->next_us = mono_us + GATE_US;
    return true;
}
