#include "alerts/router/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { SHOWN_MAX = 50 };

static const int64_t FRESH_US = 3000000;        /* it talks to us */
static const int64_t REMEMBERED_US = 600000000; /* what it said last still counts */

void vd_sources_fini(struct vd_sources *sources)
{
    for (int i = 0; i < sources->n; i++)
        free(sources->slots[i]);
    vd_map_fini(&sources->by_name);
    memset(sources, 0, sizeof *sources);
}

static int quietest(const struct vd_sources *sources)
{
    int found = -1;

    for (int i = 0; i < sources->n; i++) {
        const struct vd_source *s = sources->slots[i];

        if (!s->is_own && !s->is_asked && s->seq.taken == s->seq.committed &&
            (found < 0 || s->heard_us < sources->slots[found]->heard_us))
            found = i;
    }
    return found;
}

/* Room for one more: a new slot, or that of the one that was silent longest. */
static struct vd_source *make_room(struct vd_sources *sources)
{
    struct vd_source *s;
    int i;

    if (sources->n < VD_SOURCES_MAX) {
        s = calloc(1, sizeof *s);
        if (s != NULL)
            sources->slots[sources->n++] = s;
        return s;
    }
    i = quietest(sources);
    if (i < 0)
        return NULL;
    s = sources->slots[i];
    (void)vd_map_take(&sources->by_name, s->name, strlen(s->name));
    memset(s, 0, sizeof *s);
    return s;
}

static bool is_name(const char *name, size_t len)
{
    if (len == 0 || len > VD_SOURCE_MAX || name[0] != '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] >= 0x7f)
            return false;
    return true;
}

struct vd_source *vd_sources_get(struct vd_sources *sources, const char *name, size_t len,
                                 int64_t mono_us)
{
    struct vd_source *s = vd_map_get(&sources->by_name, name, len);

    if (s == NULL) {
        if (!is_name(name, len))
            return NULL;
        s = make_room(sources);
        if (s == NULL)
            return NULL;
        memcpy(s->name, name, len);
        s->name[len] = '\0';
        if (vd_map_put(&sources->by_name, s->name, len, s) < 0)
            return NULL; /* an empty slot, which the quietest gives way first */
    }
    s->heard_us = mono_us;
    return s;
}

int vd_sources_slot(const struct vd_sources *sources, const struct vd_source *source)
{
    for (int i = 0; i < sources->n; i++)
        if (sources->slots[i] == source)
            return i;
    return -1;
}

void vd_sources_forget_numbers(struct vd_sources *sources)
{
    for (int i = 0; i < sources->n; i++) {
        struct vd_source *s = sources->slots[i];

        memset(&s->seq, 0, sizeof s->seq);
        s->id = 0;
        s->is_asked = s->wants_welcome = false;
    }
}

struct vd_waiting vd_sources_waiting(const struct vd_sources *sources, int64_t mono_us)
{
    struct vd_waiting w = {0};

    for (int i = 0; i < sources->n; i++) {
        const struct vd_source *s = sources->slots[i];
        int64_t silent_us = mono_us - s->heard_us;

        if (s->depth == 0 || silent_us > REMEMBERED_US)
            continue;
        w.n += s->depth;
        if (s->oldest_us != 0 && (w.oldest_us == 0 || s->oldest_us < w.oldest_us))
            w.oldest_us = s->oldest_us;
        if (silent_us < FRESH_US && s->oldest_us != 0 &&
            (w.late_us == 0 || s->oldest_us < w.late_us))
            w.late_us = s->oldest_us;
    }
    return w;
}

static int add_source(struct vd_json *all, const struct vd_source *s, int64_t mono_us)
{
    struct vd_json *o = vd_json_object();

    if (vd_json_set(o, "waiting", vd_json_int(s->depth)) < 0 ||
        vd_json_set(o, "oldest", vd_json_time(s->oldest_us)) < 0 ||
        vd_json_set(o, "silent_ms", vd_json_int((mono_us - s->heard_us) / 1000)) < 0) {
        vd_json_free(&o);
        return VD_ENOMEM;
    }
    return vd_json_set(all, s->name, o);
}

struct vd_json *vd_sources_json(const struct vd_sources *sources, int64_t mono_us)
{
    struct vd_json *all = vd_json_object();
    int n = 0;

    for (int i = 0; i < sources->n && n < SHOWN_MAX && all != NULL; i++) {
        const struct vd_source *s = sources->slots[i];

        if (s->is_own || s->name[0] == '\0' || mono_us - s->heard_us > REMEMBERED_US)
            continue;
        n++;
        if (add_source(all, s, mono_us) < 0)
            vd_json_free(&all);
    }
    return all;
}
