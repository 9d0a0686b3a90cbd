#include "config/print.h"

#include <math.h>
#include <string.h>

#include "config/value.h"

#define COPY(type, name, key, object)                                                          \
    type name;                                                                                 \
    memcpy(&name, (const char *)(object) + (key)->offset, sizeof name)

/* Whether the text means itself without quotes, also inside [ ]. */
static bool is_plain(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./%";

    return text[0] != '\0' && text[0] != '-' && text[0] != '.' && text[0] != '%' &&
           strspn(text, safe) == strlen(text);
}

/* An address can do without quotes; a ':' at its end would make a key of it. */
static bool is_plain_url(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./%:?=~+";
    size_t len = strlen(text);

    return strstr(text, "://") != NULL && text[0] >= 'a' && text[0] <= 'z' &&
           text[len - 1] != ':' && strspn(text, safe) == len;
}

static void print_text(const char *text, FILE *out)
{
    if (is_plain(text) || is_plain_url(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_set(const struct vd_key *key, const void *object, FILE *out)
{
    COPY(uint32_t, flags, key, object);
    const char *comma = "";

    fputc('[', out);
    for (int i = 0, n = vd_names_count(key->names); i < n; i++) {
        char word[64];

        if ((flags >> i & 1) == 0)
            continue;
        vd_names_word(key->names, i, word, sizeof word);
        fprintf(out, "%s%s", comma, word);
        comma = ", ";
    }
    fputs("]\n", out);
}

static void print_ids(const struct vd_key *key, const void *object, FILE *out)
{
    COPY(struct vd_strings, list, key, object);

    fputc('[', out);
    for (int i = 0; i < list.n; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", list.items[i]);
    fputs("]\n", out);
}

/* %g of millionths is exact and short. */
static void print_corner(const struct vd_point *point, FILE *out)
{
    long x = lround((double)point->x * 1e6), y = lround((double)point->y * 1e6);

    fprintf(out, "[%.6g, %.6g]", (double)x / 1e6, (double)y / 1e6);
}

static void print_polygon(const struct vd_key *key, const void *object, FILE *out)
{
    COPY(struct vd_polygon, polygon, key, object);

    fputc('[', out);
    for (int i = 0; i < polygon.n_points; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_corner(&polygon.points[i], out);
    }
    fputs("]\n", out);
}

/* Whether the field holds what its row would put there. */
static bool is_default(const struct vd_key *key, const void *object)
{
    char buf[VD_VALUE_TEXT_MAX];
    const char *text = vd_value_format(key, object, buf);

    return text == NULL || (key->def != NULL && strcmp(text, key->def) == 0);
}

/* A duration that nobody can have written. */
static bool is_no_span(const struct vd_key *key, const void *object)
{
    int64_t span_us;

    if (key->type != VD_KEY_DURATION)
        return false;
    memcpy(&span_us, (const char *)object + key->offset, sizeof span_us);
    return span_us < key->min;
}

static bool is_map_absent(const struct vd_keys *keys, const char *object, unsigned flags)
{
    bool is_empty = true;

    for (size_t i = 0; i < keys->n; i++) {
        bool is_row_absent = vd_print_omits(&keys->rows[i], object, flags);

        /* A schedule without its zone is none, whatever its defaults say; nor is a count
         * without its span. */
        if ((keys->rows[i].flags & VD_KEY_REQUIRED) != 0 &&
            (is_row_absent || is_no_span(&keys->rows[i], object)))
            return true;
        is_empty = is_empty && is_row_absent;
    }
    return is_empty;
}

bool vd_print_omits(const struct vd_key *key, const void *object, unsigned flags)
{
    if ((flags & VD_PRINT_PUBLIC) != 0 && (key->flags & VD_KEY_SECRET) != 0)
        return true;
    switch (key->type) {
    case VD_KEY_SET: {
        COPY(uint32_t, set, key, object);
        return set == 0;
    }
    case VD_KEY_IDS:
    case VD_KEY_DATES: {
        COPY(struct vd_strings, list, key, object);
        return list.n == 0;
    }
    case VD_KEY_POLYGON: {
        COPY(struct vd_polygon, polygon, key, object);
        return polygon.n_points == 0;
    }
    case VD_KEY_POINT:
        return false;
    case VD_KEY_LIST: {
        int n;

        memcpy(&n, (const char *)object + key->offset2, sizeof n);
        return n == 0;
    }
    case VD_KEY_MAP:
        return is_map_absent(key->sub, (const char *)object + key->offset, flags);
    default: {
        char buf[VD_VALUE_TEXT_MAX];

        return (flags & VD_PRINT_GIVEN) != 0 ? is_default(key, object)
                                             : vd_value_format(key, object, buf) == NULL;
    }
    }
}

static void print_list(const struct vd_key *key, const void *object, int indent, unsigned flags,
                       FILE *out)
{
    COPY(const char *, items, key, object);
    int n;

    memcpy(&n, (const char *)object + key->offset2, sizeof n);
    fputc('\n', out);
    for (int i = 0; i < n; i++)
        vd_print_yaml(key->sub, items + (size_t)i * key->sub->size, indent + 4, true, flags,
                      out);
}

static void print_value(const struct vd_key *key, const void *object, int indent,
                        unsigned flags, FILE *out)
{
    char buf[VD_VALUE_TEXT_MAX];

    switch (key->type) {
    case VD_KEY_MAP:
        fputc('\n', out);
        vd_print_yaml(key->sub, (const char *)object + key->offset, indent + 2, false, flags,
                      out);
        return;
    case VD_KEY_LIST:
        print_list(key, object, indent, flags, out);
        return;
    case VD_KEY_SET:
        print_set(key, object, out);
        return;
    case VD_KEY_IDS:
    case VD_KEY_DATES:
        print_ids(key, object, out);
        return;
    case VD_KEY_POLYGON:
        print_polygon(key, object, out);
        return;
    case VD_KEY_POINT: {
        COPY(struct vd_point, point, key, object);
        print_corner(&point, out);
        fputc('\n', out);
        return;
    }
    default:
        fputc(' ', out);
        print_text(vd_value_format(key, object, buf), out);
        fputc('\n', out);
    }
}

void vd_print_yaml(const struct vd_keys *keys, const void *object, int indent, bool is_item,
                   unsigned flags, FILE *out)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct vd_key *key = &keys->rows[i];
        bool is_flow = key->type == VD_KEY_SET || key->type == VD_KEY_IDS ||
                       key->type == VD_KEY_DATES || key->type == VD_KEY_POLYGON ||
                       key->type == VD_KEY_POINT;

        if (vd_print_omits(key, object, flags))
            continue;
        fprintf(out, "%*s%s%s:%s", is_item ? indent - 2 : indent, "", is_item ? "- " : "",
                key->name, is_flow ? " " : "");
        print_value(key, object, indent, flags, out);
        is_item = false;
    }
}
