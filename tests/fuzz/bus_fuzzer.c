/* Frames as a peer of the router could send them: to its socket of events (hello, status,
 * events in any order) and to its replay. The first byte picks the number of the source, the
 * second the shape, eight are the number, the rest is the body. */
#include <stdlib.h>
#include <string.h>

#include "alerts/feed/replay.h"
#include "alerts/router/receive_priv.h"
#include "base/str.h"

enum { SHAPE_EVENT, SHAPE_CUT, SHAPE_LONG, SHAPE_REPLAY, N_SHAPES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vd_receiver *receiver_new(struct vd_config *cfg, struct vd_exchange **x)
{
    struct vd_receiver *r = calloc(1, sizeof *r);

    if (r == NULL || vd_exchange_open(x, 2, 4, NULL) < 0)
        abort();
    cfg->router.time_suspect_us = 1000000;
    r->opts.exchange = *x;
    r->opts.clock = &vd_clock_system;
    r->cfg = cfg;
    r->writer.is_committing = true;
    return r;
}

static void receiver_end(struct vd_receiver *r, struct vd_exchange **x)
{
    if (r->current != NULL)
        vd_exchange_recycle(*x, r->current);
    receiver_forget_cameras(r);
    vd_sources_fini(&r->sources);
    vd_exchange_close(x);
    free(r);
}

/* What was taken must be in order, and decoded or said to be poison. */
static void check(const struct vd_receiver *r)
{
    const struct vd_batch *b = r->current;

    for (int i = 0; b != NULL && i < b->n_items; i++) {
        const struct vd_item *item = &b->items[i];

        if (item->source < 0 || item->source >= b->n_sources ||
            (item->poison == NULL) != (item->ev != NULL && item->topic != NULL))
            abort();
        for (int k = i + 1; k < b->n_items; k++)
            if (b->items[k].source == item->source && b->items[k].sequence <= item->sequence)
                abort();
    }
}

static void take(struct vd_receiver *r, const uint8_t *data, size_t size)
{
    static const char *const names[] = {"/ingest/a/1", "/ingest/b/2", "/router/x", "no source"};
    const char *name = names[data[0] % 4];
    struct vd_part parts[4] = {
        {"peer", 4}, {name, strlen(name)}, {data + 2, 8}, {data + 10, size - 10}};
    struct vd_source *s;

    switch (data[1] % N_SHAPES) {
    case SHAPE_CUT:
        receiver_take(r, parts, 3);
        break;
    case SHAPE_LONG:
        parts[0].len = parts[2].len = size - 2;
        parts[0].data = parts[2].data;
        receiver_take(r, parts, 4);
        break;
    case SHAPE_REPLAY:
        (void)vd_replay_parse(parts[3].data, parts[3].len, &(struct vd_replay_request){0},
                              NULL);
        break;
    default:
        receiver_take(r, parts, 4);
        s = vd_map_get(&r->sources.by_name, name, strlen(name));
        if (s != NULL) /* as if the writer had looked it up */
            vd_sequence_commit(&s->seq, 0);
        receiver_take(r, parts, 4);
    }
}

/* Messages are parted by a line of "----". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char LINE[] = "\n----\n";
    struct vd_config cfg = {0};
    struct vd_exchange *x = NULL;
    struct vd_receiver *r = receiver_new(&cfg, &x);

    while (size >= 10) {
        const uint8_t *end = memmem(data, size, LINE, sizeof LINE - 1);
        size_t len = end != NULL ? (size_t)(end - data) : size;

        if (len >= 10)
            take(r, data, len);
        if (end == NULL)
            break;
        data += len + sizeof LINE - 1;
        size -= len + sizeof LINE - 1;
    }
    check(r);
    receiver_end(r, &x);
    return 0;
}
