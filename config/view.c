#include "config/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/print.h"
#include "config/value.h"

#define COPY(type, name, key, object)                                                          \
    type name;                                                                                 \
    memcpy(&name, (const char *)(object) + (key)->offset, sizeof name)

/* The appenders take their value and fail on NULL, so a list is built without a check a step;
 * the first failure is kept in *ret. */
static void add(int *ret, struct vd_json *array, struct vd_json *value)
{
    int rc = vd_json_append(array, value);

    *ret = *ret < 0 ? *ret : rc;
}

static struct vd_json *view_set(const struct vd_key *key, const void *object, int *rc)
{
    COPY(uint32_t, flags, key, object);
    struct vd_json *array = vd_json_array();

    for (int i = 0, n = vd_names_count(key->names); i < n && array != NULL; i++) {
        char word[64];

        vd_names_word(key->names, i, word, sizeof word);
        if ((flags >> i & 1) != 0)
            add(rc, array, vd_json_text(word));
    }
    return array;
}

static struct vd_json *view_ids(const struct vd_key *key, const void *object, int *rc)
{
    COPY(struct vd_strings, list, key, object);
    struct vd_json *array = vd_json_array();

    for (int i = 0; i < list.n && array != NULL; i++)
        add(rc, array, vd_json_text(list.items[i]));
    return array;
}

/* As it was written: a float of 0.1 is 0.100000001. */
static struct vd_json *coordinate(float value)
{
    return vd_json_real(round((double)value * 1e6) / 1e6);
}

static struct vd_json *view_corner(const struct vd_point *point, int *rc)
{
    struct vd_json *corner = vd_json_array();

    if (corner != NULL) {
        add(rc, corner, coordinate(point->x));
        add(rc, corner, coordinate(point->y));
    }
    return corner;
}

static struct vd_json *view_polygon(const struct vd_key *key, const void *object, int *rc)
{
    COPY(struct vd_polygon, polygon, key, object);
    struct vd_json *array = vd_json_array();

    for (int i = 0; i < polygon.n_points && array != NULL; i++)
        add(rc, array, view_corner(&polygon.points[i], rc));
    return array;
}

static struct vd_json *view_list(const struct vd_key *key, const void *object, int *rc)
{
    COPY(const char *, items, key, object);
    struct vd_json *array = vd_json_array();
    int n;

    memcpy(&n, (const char *)object + key->offset2, sizeof n);
    for (int i = 0; i < n && array != NULL; i++)
        add(rc, array, vd_view_json(key->sub, items + (size_t)i * key->sub->size));
    return array;
}

static struct vd_json *view_value(const struct vd_key *key, const void *object, int *rc)
{
    char buf[VD_VALUE_TEXT_MAX];
    const char *text;

    switch (key->type) {
    case VD_KEY_MAP:
        return vd_view_json(key->sub, (const char *)object + key->offset);
    case VD_KEY_LIST:
        return view_list(key, object, rc);
    case VD_KEY_SET:
        return view_set(key, object, rc);
    case VD_KEY_IDS:
    case VD_KEY_DATES:
        return view_ids(key, object, rc);
    case VD_KEY_POLYGON:
        return view_polygon(key, object, rc);
    case VD_KEY_POINT: {
        COPY(struct vd_point, point, key, object);
        return view_corner(&point, rc);
    }
    default:
        break;
    }
    text = vd_value_format(key, object, buf);
    if (key->type == VD_KEY_BOOL)
        return vd_json_bool(text[0] == 't');
    if (key->type == VD_KEY_INT || key->type == VD_KEY_LEVEL)
        return vd_json_int(strtoll(text, NULL, 10));
    return key->type == VD_KEY_NUMBER ? vd_json_real(strtod(text, NULL)) : vd_json_text(text);
}

struct vd_json *vd_view_json(const struct vd_keys *keys, const void *object)
{
    struct vd_json *view = vd_json_object();
    int rc = 0;

    for (size_t i = 0; i < keys->n && view != NULL && rc == 0; i++) {
        const struct vd_key *key = &keys->rows[i];
        int set;

        if (vd_print_omits(key, object, VD_PRINT_PUBLIC))
            continue;
        set = vd_json_set(view, key->name, view_value(key, object, &rc));
        rc = rc < 0 ? rc : set;
    }
    if (rc < 0)
        vd_json_free(&view);
    return view;
}
