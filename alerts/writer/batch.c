#include "alerts/writer/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct vd_batch *vd_batch_new(int items_max)
{
    struct vd_batch *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    b->items_max = items_max;
    b->items = calloc((size_t)items_max, sizeof *b->items);
    if (b->items == NULL)
        vd_batch_free(&b);
    return b;
}

void vd_batch_free(struct vd_batch **batch)
{
    struct vd_batch *b = *batch;

    if (b == NULL)
        return;
    vd_pile_fini(&b->pile);
    free(b->items);
    free(b->rows);
    free(b);
    *batch = NULL;
}

void vd_batch_reset(struct vd_batch *batch)
{
    vd_pile_reset(&batch->pile);
    batch->n_items = batch->n_sources = batch->n_cameras = batch->n_rows = 0;
    batch->cameras = NULL;
    batch->next = NULL;
    batch->begun_us = batch->due_us = batch->last_position = 0;
}

bool vd_batch_is_empty(const struct vd_batch *batch)
{
    return batch->n_items == 0 && batch->n_sources == 0 && batch->n_cameras == 0;
}

int vd_batch_source(struct vd_batch *batch, int slot, const char *name, int32_t id)
{
    struct vd_batch_source *s;

    for (int i = 0; i < batch->n_sources; i++)
        if (batch->sources[i].slot == slot)
            return i;
    if (batch->n_sources == VD_BATCH_SOURCES_MAX)
        return -1;
    s = &batch->sources[batch->n_sources];
    memset(s, 0, sizeof *s);
    s->slot = slot;
    s->id = id;
    (void)vd_str_copy(s->name, sizeof s->name, name);
    return batch->n_sources++;
}

int vd_event_topic(const struct vd_event *ev, char *topic, size_t size)
{
    int n =
        snprintf(topic, size, "event/%s%s-/%s/%s/%s/", ev->area, ev->area[0] != '\0' ? "/" : "",
                 ev->camera, vd_kind_name(ev->kind), vd_phase_name(ev->phase));

    return n < 0 || (size_t)n >= size ? VD_EINVAL : n;
}

static bool is_far(int64_t a, int64_t b, int64_t limit)
{
    return a - b > limit || b - a > limit;
}

/* Says why the message may not stand under this source and sequence, or takes it as an event.
 */
static int decode(struct vd_batch *batch, struct vd_item *item, int64_t time_suspect_us)
{
    const char *name = batch->sources[item->source].name;
    struct vd_event *ev = vd_pile_take(&batch->pile, sizeof *ev);
    char topic[VD_TOPIC_MAX];
    struct vd_err err = {0};
    int n;

    if (ev == NULL)
        return VD_ENOMEM;
    if (vd_event_decode(item->body, item->body_len, ev, &err) == VD_ENOMEM)
        return VD_ENOMEM;
    if (err.code == 0 && strcmp(ev->source, name) != 0)
        vd_err_set(&err, VD_EPROTO, "event: it came as '%s' and says it is of '%s'", name,
                   ev->source);
    if (err.code == 0 && ev->sequence != item->sequence)
        vd_err_set(&err, VD_EPROTO,
                   "event: it came as number %" PRIu64 " and says it is number %" PRIu64,
                   item->sequence, ev->sequence);
    if (err.code != 0) {
        item->poison = vd_pile_copy(&batch->pile, err.msg, strlen(err.msg));
        return item->poison == NULL ? VD_ENOMEM : 0;
    }
    n = vd_event_topic(ev, topic, sizeof topic);
    item->topic = vd_pile_copy(&batch->pile, topic, (size_t)n);
    item->ev = ev;
    item->is_suspect = is_far(ev->time_us, item->received_us, time_suspect_us);
    return item->topic == NULL ? VD_ENOMEM : 0;
}

int vd_batch_add(struct vd_batch *batch, int source, uint64_t sequence, const void *body,
                 size_t len, int64_t received_us, int64_t time_suspect_us)
{
    struct vd_item *item;
    int rc;

    if (batch->n_items == batch->items_max)
        return VD_EAGAIN;
    item = &batch->items[batch->n_items];
    *item = (struct vd_item){.source = source,
                             .sequence = sequence,
                             .received_us = received_us,
                             .body = vd_pile_copy(&batch->pile, body, len),
                             .body_len = len};
    if (item->body == NULL)
        return VD_ENOMEM;
    rc = decode(batch, item, time_suspect_us);
    if (rc == 0)
        batch->n_items++;
    return rc;
}

int vd_batch_publish(struct vd_batch *batch, const struct vd_pg_feed_row *row)
{
    if (batch->n_rows == batch->rows_max) {
        int max = batch->rows_max == 0 ? 256 : batch->rows_max * 2;
        struct vd_pg_feed_row *more = realloc(batch->rows, (size_t)max * sizeof *more);

        if (more == NULL)
            return VD_ENOMEM;
        batch->rows = more;
        batch->rows_max = max;
    }
    batch->rows[batch->n_rows++] = *row;
    return 0;
}
