/* base/str.h: bounded text and the times that cross our borders. */
#ifndef VD_BASE_STR_H
#define VD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2026-08-22T03:14:07.412Z" and its NUL. */
enum { VD_TIME_TEXT = 25 };

/* Copies src with its NUL into dst of size bytes, cutting what does not fit. False if cut. */
bool vd_str_copy(char *dst, size_t size, const char *src);

/* The same for UTF-8: what does not fit is cut between characters. size is at least 1. */
void vd_copy_utf8(char *dst, size_t size, const char *text);

/* Appends printf text to dst, which holds *len bytes of size. False, with dst cut and still
 * terminated, when it does not fit. */
__attribute__((format(printf, 4, 5))) bool vd_str_add(char *dst, size_t size, size_t *len,
                                                      const char *fmt, ...);

/* A whole decimal number and nothing else. */
bool vd_str_int64(const char *text, int64_t *ret_value);

/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is a legal
 * byte here; refuse it where it hurts. */
bool vd_str_is_utf8(const char *text, size_t len);

/* Microseconds since 1970 UTC -> RFC 3339 with milliseconds. Years 1970 to 9999. */
void vd_time_format(int64_t wall_us, char text[VD_TIME_TEXT]);

/* RFC 3339 with any fraction and any offset -> microseconds since 1970 UTC. */
bool vd_time_parse(const char *text, int64_t *ret_wall_us);

/* The value of a hexadecimal digit in either case; -1: it is none. */
int vd_hex_digit(char c);

#endif
