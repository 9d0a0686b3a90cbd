#include "ingest/worker/happenings.h"

#include "base/str.h"

static const struct vd_happening_seen *find(const struct vd_happenings *h,
                                            const struct vd_uuid *event)
{
    for (int i = 0; i < VD_HAPPENINGS_MAX; i++)
        if (h->seen[i].rev != 0 && vd_uuid_equal(&h->seen[i].event, event))
            return &h->seen[i];
    return NULL;
}

static struct vd_happening_seen *make_room(struct vd_happenings *h)
{
    struct vd_happening_seen *best = &h->seen[0];

    for (int i = 1; i < VD_HAPPENINGS_MAX && best->rev != 0; i++) {
        struct vd_happening_seen *s = &h->seen[i];

        if (s->rev == 0 || (best->is_open && !s->is_open) ||
            (best->is_open == s->is_open && s->used < best->used))
            best = s;
    }
    return best;
}

void vd_happenings_number(const struct vd_happenings *h, struct vd_event *event)
{
    const struct vd_happening_seen *s = find(h, &event->event);

    if (s == NULL)
        return;
    event->rev = s->rev + 1;
    if (event->clip[0] == '\0' && event->phase != VD_PHASE_MEDIA)
        (void)vd_str_copy(event->clip, sizeof event->clip, s->clip);
}

void vd_happenings_note(struct vd_happenings *h, const struct vd_event *event)
{
    const struct vd_happening_seen *known = find(h, &event->event);
    struct vd_happening_seen *s;

    if (known != NULL) {
        s = &h->seen[known - h->seen];
    } else {
        s = make_room(h);
        *s = (struct vd_happening_seen){.event = event->event,
                                        .is_open = event->phase != VD_PHASE_MEDIA};
    }
    s->rev = event->rev;
    s->used = ++h->uses;
    if (event->phase == VD_PHASE_END)
        s->is_open = false;
    if (s->clip[0] == '\0')
        (void)vd_str_copy(s->clip, sizeof s->clip, event->clip);
}

bool vd_happenings_is_open(const struct vd_happenings *h, const struct vd_uuid *event)
{
    const struct vd_happening_seen *s = find(h, event);

    return s != NULL && s->is_open;
}
