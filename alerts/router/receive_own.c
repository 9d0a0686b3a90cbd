/* Our own happenings, as messages of a source like any other. */
#include <string.h>

#include "alerts/router/receive_priv.h"

static bool has_room(struct vd_receiver *r)
{
    struct vd_batch *b = receiver_current(r);

    return b != NULL && r->own != NULL && b->n_items + 2 <= b->items_max &&
           b->n_sources < VD_BATCH_SOURCES_MAX;
}

static void add_own(struct vd_receiver *r, const char *json, int len)
{
    struct vd_part body = {json, len > 0 ? (size_t)len : 0};

    if (len > 0)
        receiver_take_event(r, r->own, r->own->seq.taken + 1, &body);
}

static void say_one(struct vd_receiver *r, enum vd_node_cause cause, const char *detail)
{
    char json[VD_EVENT_JSON_MAX + 1];
    int64_t now_us = receiver_wall(r);

    if (detail != NULL)
        add_own(r, json,
                vd_node_start(&r->node, cause, detail, r->own->seq.taken + 1, now_us, json,
                              sizeof json, NULL));
    if (detail == NULL || cause == VD_NODE_STARTED)
        add_own(r, json,
                vd_node_end(&r->node, cause, r->own->seq.taken + 1, now_us, json, sizeof json,
                            NULL));
}

void receiver_take_own(struct vd_receiver *r)
{
    while (r->writer.n_leftovers > 0 && has_room(r)) {
        char json[VD_EVENT_JSON_MAX + 1];
        const struct vd_leftover *left = &r->writer.leftovers[--r->writer.n_leftovers];

        add_own(r, json,
                vd_node_leftover(&r->node, left, r->own->seq.taken + 1, receiver_wall(r), json,
                                 sizeof json, NULL));
    }
    for (int cause = 0; cause < VD_N_NODE_CAUSES && has_room(r); cause++) {
        char detail[VD_DETAIL_MAX + 1];
        bool is_new, is_over;

        pthread_mutex_lock(&r->lock);
        is_new = r->says[cause].is_new;
        is_over = r->says[cause].is_over;
        memcpy(detail, r->says[cause].detail, sizeof detail);
        r->says[cause].is_new = false;
        pthread_mutex_unlock(&r->lock);
        if (is_new)
            say_one(r, (enum vd_node_cause)cause, is_over ? NULL : detail);
    }
}
