/* base/log.h: one line a happening, to stderr, written with one write(). */
#ifndef VD_BASE_LOG_H
#define VD_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum vd_log_level { VD_LOG_ERROR = 3, VD_LOG_WARN = 4, VD_LOG_INFO = 6, VD_LOG_DEBUG = 7 };

/* Sets the highest level that is printed (INFO until called) and the program's name, borrowed
 * for good. Under journald ($JOURNAL_STREAM) lines begin with "<n>" and carry no time.
 * Call before threads start. */
void vd_log_init(const char *program, enum vd_log_level max);

/* "error", "warn", "info", "debug" -> level; false when it is none of them. */
bool vd_log_level_parse(const char *text, enum vd_log_level *ret_level);

bool vd_log_wants(enum vd_log_level level);

/* id is a stable dotted name ("cam.lost"); the rest is logfmt: key=value, texts in double
 * quotes. Thread-safe, does not allocate, cuts a line at 1000 bytes, turns control characters
 * into '?'. */
__attribute__((format(printf, 3, 4))) void vd_log(enum vd_log_level level, const char *id,
                                                  const char *fmt, ...);

/* Lets the same cause through once a minute. Embedded where the cause is; all zero to begin. */
struct vd_log_gate {
    int64_t next_us;
    uint32_t cause;
    uint32_t held;
};

/* True when a line about this cause (any hash or code of it) may be written at mono_us; then
 * *ret_repeats is how many were held back since the last one. One thread a gate. */
bool vd_log_gate(struct vd_log_gate *gate, uint32_t cause, int64_t mono_us,
                 uint32_t *ret_repeats);

#define LOG_ERROR(id, ...) vd_log(VD_LOG_ERROR, id, __VA_ARGS__)
#define LOG_WARN(id, ...)  vd_log(VD_LOG_WARN, id, __VA_ARGS__)
#define LOG_INFO(id, ...)  vd_log(VD_LOG_INFO, id, __VA_ARGS__)
#define LOG_DEBUG(id, ...)                                                                     \
    do {                                                                                       \
        if (vd_log_wants(VD_LOG_DEBUG))                                                        \
            vd_log(VD_LOG_DEBUG, id, __VA_ARGS__);                                             \
    } while (0)

#endif
