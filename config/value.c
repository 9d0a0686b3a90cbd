#include "config/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct decimal {
    int64_t whole;
    int64_t millionths;
    int n_decimals;
    bool is_negative;
    const char *rest; /* what follows the number: its unit */
};

/* A field of a struct is at least as aligned as its type; the copy keeps the compiler out of
 * it, for a `const T *` is written as the `void *` it is not. */
static void put(const struct vd_key *key, void *object, const void *value, size_t size)
{
    memcpy((char *)object + key->offset, value, size);
}

static bool read_decimal(const char *text, struct decimal *ret)
{
    struct decimal d = {.is_negative = text[0] == '-'};
    const char *at = text + d.is_negative;
    int64_t place = 100000;

    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(d.whole, 10, &d.whole) ||
            __builtin_add_overflow(d.whole, *at - '0', &d.whole))
            d.whole = INT64_MAX / 10; /* stays beyond every range */
    if (at[0] == '.' && at[1] >= '0' && at[1] <= '9') {
        for (at++; *at >= '0' && *at <= '9'; at++, place /= 10, d.n_decimals++)
            d.millionths += (*at - '0') * place;
    }
    d.rest = at;
    *ret = d;
    return true;
}

struct unit {
    const char *name;
    int64_t scale; /* raw units in one of it */
};

/* The units of a type, the usual one first; NULL where there are none. */
static const struct unit *units_of(enum vd_key_type type)
{
    static const struct unit durations[] = {{"s", 1000000},
                                            {"ms", 1000},
                                            {"m", INT64_C(60000000)},
                                            {"h", INT64_C(3600000000)},
                                            {"d", INT64_C(86400000000)},
                                            {"w", INT64_C(604800000000)},
                                            {NULL, 0}};
    static const struct unit sizes[] = {{"GiB", INT64_C(1) << 30},
                                        {"MiB", 1 << 20},
                                        {"KiB", 1 << 10},
                                        {"TiB", INT64_C(1) << 40},
                                        {"B", 1},
                                        {"kB", 1000},
                                        {"MB", 1000000},
                                        {"GB", INT64_C(1000000000)},
                                        {"TB", INT64_C(1000000000000)},
                                        {NULL, 0}};
    static const struct unit percents[] = {{"%", 10000}, {NULL, 0}};

    switch (type) {
    case VD_KEY_DURATION:
        return durations;
    case VD_KEY_SIZE:
        return sizes;
    case VD_KEY_PERCENT:
        return percents;
    default:
        return NULL;
    }
}

static int no_unit(const struct vd_key *key, const char *text, const struct decimal *d,
                   struct vd_err *err)
{
    static const char durations[] = "ms, s, m, h, d or w";
    static const char sizes[] = "B, KiB, MiB, GiB or TiB";
    const char *usual = key->type == VD_KEY_SIZE ? sizes : durations;
    int len = (int)(d->rest - text);

    if (len > 40)
        len = 40;
    if (key->type == VD_KEY_PERCENT)
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' needs a percent sign: %.*s%%", key->name,
                          text, len, text);
    if (*d->rest != '\0')
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' has an unknown unit; there are %s",
                          key->name, text, usual);
    return vd_err_set(err, VD_EINVAL, "%s: '%.40s' needs a unit (%s): %.*s%s", key->name, text,
                      usual, len, text, units_of(key->type)[0].name);
}

static int out_of_range(const struct vd_key *key, const char *text, struct vd_err *err)
{
    char min[VD_VALUE_TEXT_MAX], max[VD_VALUE_TEXT_MAX];

    vd_value_number_text(key->type, key->min, min);
    vd_value_number_text(key->type, key->max, max);
    return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is outside %s to %s", key->name, text, min,
                      max);
}

/* The scale of what follows the number, and the decimals that it can carry. */
static int scale_of(const struct vd_key *key, const char *text, const struct decimal *d,
                    int64_t *ret_scale, struct vd_err *err)
{
    const struct unit *unit = units_of(key->type);
    const char *rest = d->rest;

    if (unit == NULL) {
        if (*rest != '\0')
            return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not a number", key->name, text);
        *ret_scale = key->type == VD_KEY_NUMBER ? 1000 : 1;
        return 0;
    }
    rest += strspn(rest, " ");
    for (; unit->name != NULL; unit++)
        if (strcmp(unit->name, rest) == 0) {
            *ret_scale = unit->scale;
            return 0;
        }
    return no_unit(key, text, d, err);
}

static int read_number(const struct vd_key *key, const char *text, int64_t *ret_raw,
                       struct vd_err *err)
{
    struct decimal d;
    int64_t scale = 1, raw;
    int rc;

    if (!read_decimal(text, &d))
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not a number", key->name, text);
    rc = scale_of(key, text, &d, &scale, err);
    if (rc < 0)
        return rc;
    /* whole * scale + millionths * scale / 10^6, without a step that overflows unseen: scale
     * is at most 2^40 and millionths under 2^20. */
    if (__builtin_mul_overflow(d.whole, scale, &raw) ||
        __builtin_add_overflow(raw, d.millionths * scale / 1000000, &raw) ||
        (d.is_negative && raw != 0) || raw < key->min || raw > key->max)
        return out_of_range(key, text, err);
    if (key->type != VD_KEY_SIZE && /* of which a byte is no matter */
        (d.n_decimals > 6 || d.millionths * scale % 1000000 != 0))
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' has more decimals than it can keep",
                          key->name, text);
    *ret_raw = raw;
    return 0;
}

static int set_number(const struct vd_key *key, void *object, const char *text,
                      struct vd_err *err)
{
    int64_t raw = 0;
    int rc = read_number(key, text, &raw, err);

    if (rc < 0)
        return rc;
    if (key->type == VD_KEY_LEVEL) {
        int level = (int)raw;

        put(key, object, &level, sizeof level);
    } else if (key->type == VD_KEY_NUMBER || key->type == VD_KEY_PERCENT) {
        float value = (float)((double)raw / (key->type == VD_KEY_NUMBER ? 1e3 : 1e6));

        put(key, object, &value, sizeof value);
    } else {
        put(key, object, &raw, sizeof raw);
    }
    return 0;
}

static int set_bool(const struct vd_key *key, void *object, const char *text,
                    struct vd_err *err)
{
    bool value = strcmp(text, "true") == 0;

    if (!value && strcmp(text, "false") != 0)
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is neither true nor false", key->name,
                          text);
    put(key, object, &value, sizeof value);
    return 0;
}

/* The place of the name, or VD_EINVAL with the nearest name, or all of them. */
static int read_name(const struct vd_key *key, const char *text, struct vd_err *err)
{
    int i = vd_names_find(key->names, text), n = vd_names_count(key->names);

    if (i >= 0)
        return i;
    for (i = 0; i < n && n > 3; i++) {
        char word[64];

        vd_names_word(key->names, i, word, sizeof word);
        if (vd_text_near(text, word) || strncasecmp(text, word, strlen(word)) == 0)
            return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not known; did you mean '%s'?",
                              key->name, text, word);
    }
    return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not one of: %s", key->name, text,
                      key->names);
}

static int set_enum(const struct vd_key *key, void *object, const char *text,
                    struct vd_err *err)
{
    int i = strchr(text, ' ') == NULL
                ? read_name(key, text, err)
                : vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not one of: %s", key->name, text,
                             key->names);

    if (i < 0)
        return i;
    put(key, object, &i, sizeof i);
    return 0;
}

int vd_value_add_flag(const struct vd_key *key, void *object, const char *name,
                      struct vd_err *err)
{
    uint32_t flags;
    int i = read_name(key, name, err);

    if (i < 0)
        return i;
    memcpy(&flags, (char *)object + key->offset, sizeof flags);
    flags |= UINT32_C(1) << i;
    put(key, object, &flags, sizeof flags);
    return 0;
}

static int set_ratio(const struct vd_key *key, void *object, const char *text,
                     struct vd_err *err)
{
    struct vd_ratio ratio;
    char rest;

    if (sscanf(text, "%4d/%4d%c", &ratio.m, &ratio.n, &rest) != 2)
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not of the form 3/5", key->name,
                          text);
    if (ratio.m < 1 || ratio.n < ratio.m || ratio.n > key->max)
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' wants 1 <= M <= N <= %" PRId64,
                          key->name, text, key->max);
    put(key, object, &ratio, sizeof ratio);
    return 0;
}

static bool is_digits(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++)
        if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
            return false;
    return *text == '\0';
}

static int set_daily(const struct vd_key *key, void *object, const char *text,
                     struct vd_err *err)
{
    int h[2], m[2], from, to;

    if (!is_digits(text, "00:00-00:00") ||
        sscanf(text, "%2d:%2d-%2d:%2d", &h[0], &m[0], &h[1], &m[1]) != 4)
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' is not of the form \"22:00-06:00\"",
                          key->name, text);
    from = h[0] * 60 + m[0];
    to = h[1] * 60 + m[1];
    if (m[0] > 59 || m[1] > 59 || from > 1439 || to > 1440)
        return vd_err_set(err, VD_EINVAL, "%s: '%.40s' has a time that no clock shows",
                          key->name, text);
    if (from == to)
        return vd_err_set(err, VD_EINVAL,
                          "%s: '%.40s' is empty; the whole day is \"00:00-24:00\"", key->name,
                          text);
    put(key, object, &from, sizeof from);
    memcpy((char *)object + key->offset2, &to, sizeof to);
    return 0;
}

static int set_text(struct vd_arena *arena, const struct vd_key *key, void *object,
                    const char *text, struct vd_err *err)
{
    const char *copy;
    int rc = vd_value_check_text(key, text, err);

    if (rc < 0)
        return rc;
    copy = vd_arena_text(arena, text, strlen(text));
    if (copy == NULL)
        return vd_err_set(err, VD_ENOMEM, "%s: out of memory", key->name);
    put(key, object, &copy, sizeof copy);
    return 0;
}

int vd_value_set(struct vd_arena *arena, const struct vd_key *key, void *object,
                 const char *text, struct vd_err *err)
{
    switch (key->type) {
    case VD_KEY_BOOL:
        return set_bool(key, object, text, err);
    case VD_KEY_INT:
    case VD_KEY_LEVEL:
    case VD_KEY_NUMBER:
    case VD_KEY_PERCENT:
    case VD_KEY_DURATION:
    case VD_KEY_SIZE:
        return set_number(key, object, text, err);
    case VD_KEY_ENUM:
        return set_enum(key, object, text, err);
    case VD_KEY_RATIO:
        return set_ratio(key, object, text, err);
    case VD_KEY_DAILY:
        return set_daily(key, object, text, err);
    default:
        return set_text(arena, key, object, text, err);
    }
}

int vd_value_coordinate(const char *text, int32_t *ret_millionths, struct vd_err *err)
{
    struct decimal d;

    if (!read_decimal(text, &d) || *d.rest != '\0')
        return vd_err_set(err, VD_EINVAL, "'%.40s' is not a number", text);
    if (d.whole > 1 && !d.is_negative)
        return vd_err_set(err, VD_EINVAL,
                          "'%.40s' is outside the picture; write fractions of its width and "
                          "height, 0 to 1, not pixels",
                          text);
    if (d.is_negative || d.whole > 1 || (d.whole == 1 && d.millionths > 0))
        return vd_err_set(err, VD_EINVAL, "'%.40s' is outside the picture, which is 0 to 1",
                          text);
    /* Further decimals are below a pixel of any picture: cut, not refused. */
    *ret_millionths = (int32_t)(d.whole * 1000000 + d.millionths);
    return 0;
}

static void trimmed(char *text, size_t room, int64_t raw, int64_t scale, int decimals,
                    const char *unit)
{
    char digits[VD_VALUE_TEXT_MAX / 2];
    size_t len;

    (void)snprintf(digits, sizeof digits, "%0*" PRId64, decimals, raw % scale);
    for (len = strlen(digits); len > 0 && digits[len - 1] == '0'; len--)
        digits[len - 1] = '\0';
    (void)snprintf(text, room, "%" PRId64 "%s%s%s", raw / scale, len > 0 ? "." : "", digits,
                   unit);
}

void vd_value_number_text(enum vd_key_type type, int64_t raw, char text[VD_VALUE_TEXT_MAX])
{
    static const struct unit durations[] = {{"d", INT64_C(86400000000)},
                                            {"h", INT64_C(3600000000)},
                                            {"m", 60000000},
                                            {"s", 1000000}};
    static const struct unit sizes[] = {{"TiB", INT64_C(1) << 40},
                                        {"GiB", 1 << 30},
                                        {"MiB", 1 << 20},
                                        {"KiB", 1 << 10},
                                        {"B", 1}};
    const struct unit *units = type == VD_KEY_DURATION ? durations : sizes;
    size_t n = type == VD_KEY_DURATION ? 4 : type == VD_KEY_SIZE ? 5 : 0;

    for (size_t i = 0; i < n; i++) {
        bool is_last = i + 1 == n; /* 0 is 0 of the smallest */

        if (raw % units[i].scale == 0 && (raw > 0 || is_last)) {
            (void)snprintf(text, VD_VALUE_TEXT_MAX, "%" PRId64 "%s", raw / units[i].scale,
                           units[i].name);
            return;
        }
    }
    if (type == VD_KEY_DURATION)
        trimmed(text, VD_VALUE_TEXT_MAX, raw, 1000, 3, "ms");
    else if (type == VD_KEY_PERCENT)
        trimmed(text, VD_VALUE_TEXT_MAX, raw, 10000, 4, "%");
    else if (type == VD_KEY_NUMBER)
        trimmed(text, VD_VALUE_TEXT_MAX, raw, 1000, 3, "");
    else
        (void)snprintf(text, VD_VALUE_TEXT_MAX, "%" PRId64, raw);
}
