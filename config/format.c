/* The way back: from a field to the text that makes it, and whether two fields are the same. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"

static const void *field(const struct vd_key *key, const void *object)
{
    return (const char *)object + key->offset;
}

/* Reads a field through a copy, whatever its pointer type is called. */
#define GET(type, name, key, object)                                                           \
    type name;                                                                                 \
    memcpy(&name, field(key, object), sizeof name)

static int count_of(const struct vd_key *key, const void *object)
{
    int n;

    memcpy(&n, (const char *)object + key->offset2, sizeof n);
    return n;
}

static int64_t raw_of(const struct vd_key *key, const void *object)
{
    if (key->type == VD_KEY_LEVEL) {
        GET(int, level, key, object);
        return level;
    }
    if (key->type == VD_KEY_NUMBER || key->type == VD_KEY_PERCENT) {
        GET(float, value, key, object);
        return llround((double)value * (key->type == VD_KEY_NUMBER ? 1e3 : 1e6));
    }
    GET(int64_t, raw, key, object);
    return raw;
}

static const char *format_pair(const struct vd_key *key, const void *object,
                               char buf[VD_VALUE_TEXT_MAX])
{
    if (key->type == VD_KEY_RATIO) {
        GET(struct vd_ratio, ratio, key, object);
        (void)snprintf(buf, VD_VALUE_TEXT_MAX, "%d/%d", ratio.m, ratio.n);
    } else {
        GET(int, from, key, object);
        int to = count_of(key, object);

        (void)snprintf(buf, VD_VALUE_TEXT_MAX, "%02d:%02d-%02d:%02d", from / 60, from % 60,
                       to / 60, to % 60);
    }
    return buf;
}

const char *vd_value_format(const struct vd_key *key, const void *object,
                            char buf[VD_VALUE_TEXT_MAX])
{
    switch (key->type) {
    case VD_KEY_BOOL: {
        GET(bool, value, key, object);
        return value ? "true" : "false";
    }
    case VD_KEY_ENUM: {
        GET(int, value, key, object);
        vd_names_word(key->names, value, buf, VD_VALUE_TEXT_MAX);
        return buf;
    }
    case VD_KEY_INT:
    case VD_KEY_LEVEL:
    case VD_KEY_NUMBER:
    case VD_KEY_PERCENT:
    case VD_KEY_DURATION:
    case VD_KEY_SIZE:
        vd_value_number_text(key->type, raw_of(key, object), buf);
        return buf;
    case VD_KEY_RATIO:
    case VD_KEY_DAILY:
        return format_pair(key, object, buf);
    default: {
        GET(const char *, text, key, object);
        return text;
    }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_strings(const struct vd_key *key, const void *a, const void *b)
{
    GET(struct vd_strings, l, key, a);
    GET(struct vd_strings, r, key, b);

    if (l.n != r.n)
        return false;
    for (int i = 0; i < l.n; i++)
        if (strcmp(l.items[i], r.items[i]) != 0)
            return false;
    return true;
}

static bool same_polygon(const struct vd_key *key, const void *a, const void *b)
{
    GET(struct vd_polygon, l, key, a);
    GET(struct vd_polygon, r, key, b);

    return l.n_points == r.n_points &&
           (l.n_points == 0 ||
            memcmp(l.points, r.points, (size_t)l.n_points * sizeof *l.points) == 0);
}

static bool same_rows(const struct vd_keys *keys, const void *a, const void *b)
{
    for (size_t i = 0; i < keys->n; i++)
        if (!vd_value_equal(&keys->rows[i], a, b))
            return false;
    return true;
}

static bool same_list(const struct vd_key *key, const void *a, const void *b)
{
    GET(const char *, l, key, a);
    GET(const char *, r, key, b);
    int n = count_of(key, a);

    if (n != count_of(key, b))
        return false;
    for (int i = 0; i < n; i++)
        if (!same_rows(key->sub, l + (size_t)i * key->sub->size,
                       r + (size_t)i * key->sub->size))
            return false;
    return true;
}

bool vd_value_equal(const struct vd_key *key, const void *a, const void *b)
{
    char left[VD_VALUE_TEXT_MAX], right[VD_VALUE_TEXT_MAX];

    switch (key->type) {
    case VD_KEY_MAP:
        return same_rows(key->sub, field(key, a), field(key, b));
    case VD_KEY_LIST:
        return same_list(key, a, b);
    case VD_KEY_IDS:
    case VD_KEY_DATES:
        return same_strings(key, a, b);
    case VD_KEY_POLYGON:
        return same_polygon(key, a, b);
    case VD_KEY_POINT: {
        GET(struct vd_point, l, key, a);
        GET(struct vd_point, r, key, b);
        return memcmp(&l, &r, sizeof l) == 0;
    }
    case VD_KEY_SET: {
        GET(uint32_t, l, key, a);
        GET(uint32_t, r, key, b);
        return l == r;
    }
    default:
        return same_text(vd_value_format(key, a, left), vd_value_format(key, b, right));
    }
}
