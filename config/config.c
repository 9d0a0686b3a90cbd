#include "config/config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/keys.h"
#include "config/snapshot.h"
#include "config/value.h"

/* What a caller sees of it is cfg, its first member. */
struct snapshot {
    struct vd_config cfg;
    atomic_int refs;
    struct vd_arena arena;
};

struct vd_config *vd_snapshot_new(struct vd_arena **ret_arena)
{
    struct snapshot *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    atomic_init(&s->refs, 1);
    *ret_arena = &s->arena;
    return &s->cfg;
}

struct vd_config *vd_config_ref(struct vd_config *cfg)
{
    struct snapshot *s = (struct snapshot *)cfg;

    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return cfg;
}

void vd_config_unref(struct vd_config **cfg)
{
    struct snapshot *s = (struct snapshot *)*cfg;

    *cfg = NULL;
    /* The last one out must see what the others did before they let go. */
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
        return;
    vd_arena_fini(&s->arena);
    free(s);
}

/* Each of these structs begins with the name that it is sorted by. */
static int by_name(const void *name, const void *item)
{
    const char *of_item;

    memcpy(&of_item, item, sizeof of_item);
    return strcmp(name, of_item != NULL ? of_item : ""); /* NULL only while it is checked */
}

_Static_assert(offsetof(struct vd_camera_cfg, id) == 0, "sorted by its first member");
_Static_assert(offsetof(struct vd_area_cfg, code) == 0, "sorted by its first member");
_Static_assert(offsetof(struct vd_rule_cfg, id) == 0, "sorted by its first member");

static const void *find(const char *name, const void *items, int n, size_t size)
{
    return n > 0 ? bsearch(name, items, (size_t)n, size, by_name) : NULL;
}

const struct vd_camera_cfg *vd_config_camera(const struct vd_config *cfg, const char *id)
{
    return find(id, cfg->cameras, cfg->n_cameras, sizeof *cfg->cameras);
}

const struct vd_area_cfg *vd_config_area(const struct vd_config *cfg, const char *code)
{
    return find(code, cfg->areas, cfg->n_areas, sizeof *cfg->areas);
}

const struct vd_rule_cfg *vd_config_rule(const struct vd_config *cfg, const char *id)
{
    return find(id, cfg->rules, cfg->n_rules, sizeof *cfg->rules);
}

static bool same(const struct vd_keys *keys, const void *a, const void *b)
{
    for (size_t i = 0; i < keys->n; i++)
        if (!vd_value_equal(&keys->rows[i], a, b))
            return false;
    return true;
}

static bool diff_cameras(const struct vd_config *was, const struct vd_config *now,
                         vd_config_camera_fn *each, void *self)
{
    bool is_changed = false;
    int i = 0, j = 0;

    while (i < was->n_cameras || j < now->n_cameras) {
        const struct vd_camera_cfg *a = i < was->n_cameras ? &was->cameras[i] : NULL;
        const struct vd_camera_cfg *b = j < now->n_cameras ? &now->cameras[j] : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->id, b->id);

        if (order < 0)
            b = NULL;
        if (order > 0)
            a = NULL;
        i += a != NULL;
        j += b != NULL;
        if (order == 0 && a->secret_stamp == b->secret_stamp && same(&vd_camera_keys, a, b))
            continue;
        is_changed = true;
        if (each != NULL)
            each(self, a, b);
    }
    return is_changed;
}

/* Bits of what differs among the rows of a map and the maps below it. */
static unsigned diff_rows(const struct vd_keys *keys, const char *a, const char *b)
{
    unsigned bits = 0;

    for (size_t i = 0; i < keys->n; i++) {
        const struct vd_key *key = &keys->rows[i];

        if (key->type == VD_KEY_MAP)
            bits |= diff_rows(key->sub, a + key->offset, b + key->offset);
        else if ((key->flags & VD_KEY_GATHERED) == 0 && !vd_value_equal(key, a, b))
            bits |= VD_CONFIG_CHANGED_SYSTEM |
                    ((key->flags & VD_KEY_RESTART) != 0 ? VD_CONFIG_CHANGED_RESTART : 0u);
    }
    return bits;
}

unsigned vd_config_diff(const struct vd_config *was, const struct vd_config *now,
                        vd_config_camera_fn *each, void *self)
{
    unsigned bits = diff_rows(&vd_root_keys, (const char *)was, (const char *)now);

    if (!vd_value_equal(vd_keys_find(&vd_root_keys, "areas"), was, now))
        bits |= VD_CONFIG_CHANGED_AREAS;
    if (!vd_value_equal(vd_keys_find(&vd_root_keys, "rules"), was, now) ||
        !vd_value_equal(vd_keys_find(&vd_root_keys, "calendars"), was, now))
        bits |= VD_CONFIG_CHANGED_RULES;
    if (diff_cameras(was, now, each, self))
        bits |= VD_CONFIG_CHANGED_CAMERAS;
    return bits;
}

static bool is_host(const char *host, size_t len, bool is_v6)
{
    static const char name[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    static const char v6[] = "0123456789abcdefABCDEF:.%";

    return strspn(host, is_v6 ? v6 : name) >= len && (len > 0 || !is_v6);
}

int vd_config_listen(const char *text, char *host, size_t host_size, uint16_t *ret_port,
                     struct vd_err *err)
{
    const char *colon = strrchr(text, ':'), *begin = text;
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    bool is_v6 = text[0] == '[' && len > 1 && text[len - 1] == ']';
    int64_t port;

    if (is_v6) {
        begin++;
        len -= 2;
    } else if (len == 1 && text[0] == '*') {
        len = 0;
    }
    if (colon == NULL || strlen(colon + 1) > 5 || colon[1] < '0' || colon[1] > '9' ||
        !vd_str_int64(colon + 1, &port) || port > UINT16_MAX || len >= host_size ||
        !is_host(begin, len, is_v6))
        return vd_err_set(err, VD_EINVAL, "'%.60s' is not of the form host:port", text);
    (void)snprintf(host, host_size, "%.*s", (int)len, begin);
    *ret_port = (uint16_t)port;
    return 0;
}
