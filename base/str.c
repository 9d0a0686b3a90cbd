#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool vd_str_copy(char *dst, size_t size, const char *src)
{
    size_t len = strnlen(src, size);

    if (size == 0)
        return false;
    if (len == size) {
        memcpy(dst, src, size - 1);
        dst[size - 1] = '\0';
        return false;
    }
    memcpy(dst, src, len + 1);
    return true;
}

void vd_copy_utf8(char *dst, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(dst, text, len);
    dst[len] = '\0';
}

bool vd_str_add(char *dst, size_t size, size_t *len, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (*len >= size)
        return false;
    va_start(ap, fmt);
    n = vsnprintf(dst + *len, size - *len, fmt, ap);
    va_end(ap);
    if (n < 0)
        return false;
    if ((size_t)n >= size - *len) {
        *len = size - 1;
        return false;
    }
    *len += (size_t)n;
    return true;
}

bool vd_str_int64(const char *text, int64_t *ret_value)
{
    const char *digits = text + (*text == '-');
    char *end;
    long long v;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *ret_value = v;
    return true;
}

/* Length of the sequence that lead opens, and the smallest code point it may carry. */
static size_t utf8_lead(unsigned char lead, uint32_t *ret_bits, uint32_t *ret_least)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        *ret_bits = lead & 0x1fU;
        *ret_least = 0x80;
        return 2;
    }
    if ((lead & 0xf0) == 0xe0) {
        *ret_bits = lead & 0x0fU;
        *ret_least = 0x800;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *ret_bits = lead & 0x07U;
        *ret_least = 0x10000;
        return 4;
    }
    return 0;
}

bool vd_str_is_utf8(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;

    for (size_t i = 0; i < len;) {
        uint32_t code = 0, least = 0;
        size_t n;

        if (p[i] < 0x80) {
            i++;
            continue;
        }
        n = utf8_lead(p[i], &code, &least);
        if (n == 0 || n > len - i)
            return false;
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (p[i + k] & 0x3fU);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        i += n;
    }
    return true;
}

void vd_time_format(int64_t wall_us, char text[VD_TIME_TEXT])
{
    static const int64_t LAST_US = INT64_C(253402300799999999); /* 9999-12-31 */
    time_t seconds;
    struct tm tm;

    if (wall_us < 0)
        wall_us = 0;
    if (wall_us > LAST_US)
        wall_us = LAST_US;
    seconds = (time_t)(wall_us / 1000000);
    gmtime_r(&seconds, &tm);
    (void)snprintf(text, VD_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)(tm.tm_year + 1900) % 10000U, (unsigned)(tm.tm_mon + 1) % 100U,
                   (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U,
                   (unsigned)tm.tm_min % 100U, (unsigned)tm.tm_sec % 100U,
                   (unsigned)(wall_us / 1000 % 1000));
}

/* Reads exactly n digits. */
static bool digits(const char **p, int n, int *ret_value)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if ((*p)[i] < '0' || (*p)[i] > '9')
            return false;
        v = v * 10 + ((*p)[i] - '0');
    }
    *p += n;
    *ret_value = v;
    return true;
}

static bool literal(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool fraction(const char **p, int *ret_us)
{
    int us = 0, scale = 100000;

    if (**p == '.') {
        (*p)++;
        if (**p < '0' || **p > '9')
            return false;
        for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
            us += (**p - '0') * scale;
    }
    *ret_us = us;
    return true;
}

static bool offset(const char **p, int *ret_minutes)
{
    int sign, h, m;

    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        *ret_minutes = 0;
        return true;
    }
    if (**p != '+' && **p != '-')
        return false;
    sign = *(*p)++ == '-' ? -1 : 1;
    if (!digits(p, 2, &h) || !literal(p, ':') || !digits(p, 2, &m) || h > 23 || m > 59)
        return false;
    *ret_minutes = sign * (h * 60 + m);
    return true;
}

bool vd_time_parse(const char *text, int64_t *ret_wall_us)
{
    const char *p = text;
    struct tm tm = {0}, normal;
    int us, minutes;
    time_t t;

    if (!digits(&p, 4, &tm.tm_year) || !literal(&p, '-') || !digits(&p, 2, &tm.tm_mon) ||
        !literal(&p, '-') || !digits(&p, 2, &tm.tm_mday))
        return false;
    if (*p != 'T' && *p != 't' && *p != ' ')
        return false;
    p++;
    if (!digits(&p, 2, &tm.tm_hour) || !literal(&p, ':') || !digits(&p, 2, &tm.tm_min) ||
        !literal(&p, ':') || !digits(&p, 2, &tm.tm_sec) || !fraction(&p, &us) ||
        !offset(&p, &minutes) || *p != '\0')
        return false;
    if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    normal = tm;
    t = timegm(&normal);
    if (normal.tm_mday != tm.tm_mday && tm.tm_sec < 60) /* February 30th */
        return false;
    *ret_wall_us = ((int64_t)t - (int64_t)minutes * 60) * 1000000 + us;
    return true;
}

int vd_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}
