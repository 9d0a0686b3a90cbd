#include "config/bind.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/polygon.h"
#include "config/value.h"

void vd_bind_problem(const struct vd_bind *bind, const struct vd_node *node, const char *fmt,
                     ...)
{
    char text[VD_PROBLEM_TEXT_MAX + 1];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    vd_problems_add(bind->problems, bind->file, node->line, node->column, "%s", text);
}

/* Turns a refused value into a problem at its node; lets a lack of memory through. */
static int refused(const struct vd_bind *bind, const struct vd_node *node, int rc,
                   const struct vd_err *err)
{
    if (rc != VD_EINVAL)
        return rc < 0 ? rc : 0;
    vd_bind_problem(bind, node, "%s", err->msg);
    return 0;
}

static bool is_nothing(const struct vd_node *node)
{
    return node->type == VD_NODE_TEXT && !node->is_quoted && node->text[0] == '\0';
}

/* The text of a node that must be one. */
static const char *text_of(const struct vd_bind *bind, const struct vd_key *key,
                           const struct vd_node *node)
{
    if (node->type == VD_NODE_TEXT && !is_nothing(node))
        return node->text;
    if (node->type == VD_NODE_TEXT)
        vd_bind_problem(bind, node, "%s: the value is missing", key->name);
    else
        vd_bind_problem(bind, node, "%s: wants one value, not a %s", key->name,
                        node->type == VD_NODE_MAP ? "map of keys" : "list");
    return NULL;
}

static int too_many(const struct vd_bind *bind, const struct vd_key *key,
                    const struct vd_node *node, int n)
{
    if (n >= key->min && n <= key->max)
        return 0;
    if (n > key->max)
        vd_bind_problem(bind, node, "%s: %d items, %" PRId64 " at most", key->name, n,
                        key->max);
    else
        vd_bind_problem(bind, node, "%s: the list is empty; leave the key out", key->name);
    return VD_EINVAL;
}

/* The first of the items that a list, or one text in place of a list, holds. */
static const struct vd_node *items_of(const struct vd_node *node, int *ret_n)
{
    *ret_n = node->type == VD_NODE_LIST ? node->n : 1;
    return node->type == VD_NODE_LIST ? node->first : node;
}

static int bind_set(const struct vd_bind *bind, const struct vd_key *key,
                    const struct vd_node *node, void *object)
{
    uint32_t none = 0;
    int n, rc = 0;
    const struct vd_node *item = items_of(node, &n);

    if (n == 0) {
        vd_bind_problem(bind, node, "%s: the list is empty; leave the key out", key->name);
        return 0;
    }
    memcpy((char *)object + key->offset, &none, sizeof none);
    for (int i = 0; i < n && rc == 0; i++, item = item->next) {
        const char *text = text_of(bind, key, item);
        struct vd_err err = {0};

        if (text != NULL)
            rc = refused(bind, item, vd_value_add_flag(key, object, text, &err), &err);
    }
    return rc;
}

static bool is_repeated(const char *const *items, int n, const char *text)
{
    for (int i = 0; i < n; i++)
        if (strcmp(items[i], text) == 0)
            return true;
    return false;
}

static int bind_ids(const struct vd_bind *bind, const struct vd_key *key,
                    const struct vd_node *node, void *object)
{
    int n;
    const struct vd_node *item = items_of(node, &n);
    struct vd_strings list = {0};
    const char **items;

    if (too_many(bind, key, node, n) < 0 || n == 0)
        return 0;
    items = vd_arena_array(bind->arena, (size_t)n, sizeof *items);
    if (items == NULL)
        return VD_ENOMEM;
    for (int i = 0; i < n; i++, item = item->next) {
        const char *text = text_of(bind, key, item);
        struct vd_err err = {0};

        if (text == NULL ||
            refused(bind, item, vd_value_check_item(key, text, &err), &err) < 0 || err.code < 0)
            continue;
        if (is_repeated(items, list.n, text)) {
            vd_bind_problem(bind, item, "%s: '%.63s' is given twice", key->name, text);
            continue;
        }
        items[list.n] = vd_arena_text(bind->arena, text, strlen(text));
        if (items[list.n++] == NULL)
            return VD_ENOMEM;
    }
    list.items = items;
    memcpy((char *)object + key->offset, &list, sizeof list);
    return 0;
}

/* Reads [x, y]. False: a problem was added. */
static bool read_corner(const struct vd_bind *bind, const struct vd_key *key,
                        const struct vd_node *node, struct vd_corner *ret)
{
    int32_t *fields[2] = {&ret->x, &ret->y};
    const struct vd_node *item = node->first;

    if (node->type != VD_NODE_LIST || node->n != 2) {
        vd_bind_problem(bind, node, "%s: a %s is written [x, y]", key->name,
                        key->type == VD_KEY_POINT ? "point" : "corner");
        return false;
    }
    for (int i = 0; i < 2; i++, item = item->next) {
        const char *text = text_of(bind, key, item);
        struct vd_err err = {0};

        if (text == NULL)
            return false;
        if (vd_value_coordinate(text, fields[i], &err) < 0) {
            vd_bind_problem(bind, item, "%s: %s", key->name, err.msg);
            return false;
        }
    }
    return true;
}

static int keep_polygon(const struct vd_bind *bind, const struct vd_key *key,
                        const struct vd_corner *corners, int n, void *object)
{
    struct vd_point *points = vd_arena_array(bind->arena, (size_t)n, sizeof *points);
    struct vd_polygon polygon = {.points = points, .n_points = n};

    if (points == NULL)
        return VD_ENOMEM;
    for (int i = 0; i < n; i++)
        points[i] = (struct vd_point){.x = (float)(corners[i].x / 1e6),
                                      .y = (float)(corners[i].y / 1e6)};
    memcpy((char *)object + key->offset, &polygon, sizeof polygon);
    return 0;
}

static int bind_polygon(const struct vd_bind *bind, const struct vd_key *key,
                        const struct vd_node *node, void *object)
{
    struct vd_corner corners[VD_CONFIG_POINTS_MAX];
    const struct vd_node *item = node->first;
    struct vd_err err = {0};

    if (node->type != VD_NODE_LIST) {
        vd_bind_problem(bind, node, "%s: wants a list of corners: [[0,0],[1,0],[1,1]]",
                        key->name);
        return 0;
    }
    if (node->n > key->max) {
        vd_bind_problem(bind, node, "%s: %d corners, %" PRId64 " at most", key->name, node->n,
                        key->max);
        return 0;
    }
    for (int i = 0; i < node->n; i++, item = item->next)
        if (!read_corner(bind, key, item, &corners[i]))
            return 0; /* the others have the same fault, as a rule */
    if (vd_polygon_check(corners, node->n, &err) < 0) {
        vd_bind_problem(bind, node, "%s: %s", key->name, err.msg);
        return 0;
    }
    return keep_polygon(bind, key, corners, node->n, object);
}

static int bind_point(const struct vd_bind *bind, const struct vd_key *key,
                      const struct vd_node *node, void *object)
{
    struct vd_corner corner;
    struct vd_point point;

    if (!read_corner(bind, key, node, &corner))
        return 0;
    point = (struct vd_point){.x = (float)(corner.x / 1e6), .y = (float)(corner.y / 1e6)};
    memcpy((char *)object + key->offset, &point, sizeof point);
    return 0;
}

static int bind_list(const struct vd_bind *bind, const struct vd_key *key,
                     const struct vd_node *node, void *object)
{
    const struct vd_node *item = node->first;
    char *items;
    int rc = 0;

    if (node->type != VD_NODE_LIST) {
        vd_bind_problem(bind, node, "%s: wants a list; put '- ' before %s", key->name,
                        key->sub->thing);
        return 0;
    }
    if (too_many(bind, key, node, node->n) < 0 || node->n == 0)
        return 0;
    items = vd_arena_array(bind->arena, (size_t)node->n, key->sub->size);
    if (items == NULL)
        return VD_ENOMEM;
    memcpy((char *)object + key->offset, &(void *){items}, sizeof(void *));
    memcpy((char *)object + key->offset2, &node->n, sizeof node->n);
    for (int i = 0; i < node->n && rc == 0; i++, item = item->next)
        rc = vd_bind(bind, key->sub, item, items + (size_t)i * key->sub->size);
    return rc;
}

static int bind_value(const struct vd_bind *bind, const struct vd_key *key,
                      const struct vd_node *node, void *object)
{
    struct vd_err err = {0};
    const char *text;

    switch (key->type) {
    case VD_KEY_SET:
        return bind_set(bind, key, node, object);
    case VD_KEY_IDS:
    case VD_KEY_DATES:
        return bind_ids(bind, key, node, object);
    case VD_KEY_POLYGON:
        return bind_polygon(bind, key, node, object);
    case VD_KEY_POINT:
        return bind_point(bind, key, node, object);
    case VD_KEY_LIST:
        return bind_list(bind, key, node, object);
    default:
        text = text_of(bind, key, node);
        return text != NULL ? refused(bind, node,
                                      vd_value_set(bind->arena, key, object, text, &err), &err)
                            : 0;
    }
}

/* Defaults are in the tables: one that is refused is our mistake, which a test finds. */
static int set_default(const struct vd_bind *bind, const struct vd_key *key, void *object)
{
    if (key->def == NULL)
        return 0;
    if (key->type != VD_KEY_SET)
        return vd_value_set(bind->arena, key, object, key->def, NULL);
    for (int i = 0, n = vd_names_count(key->def); i < n; i++) {
        char word[64];
        int rc;

        vd_names_word(key->def, i, word, sizeof word);
        rc = vd_value_add_flag(key, object, word, NULL);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void find_strangers(const struct vd_bind *bind, const struct vd_keys *keys,
                           const struct vd_node *node)
{
    for (const struct vd_node *child = node->first; child != NULL; child = child->next) {
        char advice[160];

        if (vd_keys_find(keys, child->key) != NULL)
            continue;
        vd_keys_advise(keys, child->key, advice, sizeof advice);
        vd_problems_add(bind->problems, bind->file, child->key_line, child->key_column,
                        "'%.64s' is no key of %s%s", child->key, keys->thing, advice);
    }
}

static int bind_row(const struct vd_bind *bind, const struct vd_keys *keys,
                    const struct vd_key *key, const struct vd_node *parent, void *object)
{
    const struct vd_node *node = vd_node_child(parent, key->name);
    int rc = set_default(bind, key, object);

    if (rc < 0)
        return rc;
    if (node == NULL && parent != NULL && (key->flags & VD_KEY_REQUIRED) != 0)
        vd_bind_problem(bind, parent, "%s needs '%s:'", keys->thing, key->name);
    if (node != NULL && key->sub != NULL && is_nothing(node)) {
        vd_problems_add(bind->problems, bind->file, node->key_line, node->key_column,
                        "'%s:' has nothing below it; indent what belongs to it, or delete it",
                        key->name);
        node = NULL;
    }
    if (key->type == VD_KEY_MAP)
        return vd_bind(bind, key->sub, node, (char *)object + key->offset);
    return node != NULL ? bind_value(bind, key, node, object) : 0;
}

int vd_bind(const struct vd_bind *bind, const struct vd_keys *keys, const struct vd_node *node,
            void *object)
{
    int rc = 0;

    if (node != NULL && node->type == VD_NODE_MAP) {
        find_strangers(bind, keys, node);
    } else if (node != NULL) {
        bool is_squeezed = node->type == VD_NODE_TEXT && strchr(node->text, ':') != NULL;

        vd_bind_problem(bind, node, "%s is written as keys with values: 'key: value'%s",
                        keys->thing, is_squeezed ? "; put a space after the ':'" : "");
        node = NULL;
    }
    for (size_t i = 0; i < keys->n && rc == 0; i++)
        if ((keys->rows[i].flags & VD_KEY_GATHERED) == 0)
            rc = bind_row(bind, keys, &keys->rows[i], node, object);
    return rc;
}
