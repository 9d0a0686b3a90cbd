#include "alerts/router/node.h"

#include <stdio.h>
#include <string.h>

#include "alerts/writer/shows.h"
#include "base/str.h"

void vd_node_begin(struct vd_node *node, int64_t now_us)
{
    struct vd_uuid epoch = vd_uuid_make(now_us);
    char text[VD_UUID_TEXT];

    memset(node, 0, sizeof *node);
    vd_uuid_format(&epoch, text);
    (void)snprintf(node->source, sizeof node->source, "/router/%s", text);
}

static struct vd_event event_of(const struct vd_node *node, uint64_t sequence, int64_t now_us)
{
    struct vd_event ev = {.id = vd_uuid_make(now_us),
                          .sequence = sequence,
                          .kind = VD_KIND_NODE,
                          .time_us = now_us,
                          .recorded_us = now_us};

    (void)vd_str_copy(ev.source, sizeof ev.source, node->source);
    (void)vd_str_copy(ev.camera, sizeof ev.camera, VD_ROUTER_NODE);
    return ev;
}

int vd_node_start(struct vd_node *node, enum vd_node_cause cause, const char *detail,
                  uint64_t sequence, int64_t now_us, char *json, size_t size,
                  struct vd_err *err)
{
    struct vd_event ev = event_of(node, sequence, now_us);
    char words[VD_DETAIL_MAX + 1];
    bool is_new = vd_uuid_is_nil(&node->open[cause].event);

    vd_copy_utf8(words, sizeof words, detail);
    if (!is_new && strcmp(words, node->open[cause].detail) == 0)
        return 0;
    if (is_new) {
        node->open[cause].event = vd_uuid_make(now_us);
        node->open[cause].rev = 0;
        node->open[cause].start_us = now_us;
    }
    (void)vd_str_copy(node->open[cause].detail, sizeof node->open[cause].detail, words);
    ev.phase = is_new ? VD_PHASE_START : VD_PHASE_UPDATE;
    ev.event = node->open[cause].event;
    ev.rev = ++node->open[cause].rev;
    ev.start_us = node->open[cause].start_us;
    (void)vd_str_copy(ev.detail, sizeof ev.detail, words);
    return vd_event_encode(&ev, json, size, err);
}

int vd_node_end(struct vd_node *node, enum vd_node_cause cause, uint64_t sequence,
                int64_t now_us, char *json, size_t size, struct vd_err *err)
{
    struct vd_event ev = event_of(node, sequence, now_us);

    if (vd_uuid_is_nil(&node->open[cause].event))
        return 0;
    ev.phase = VD_PHASE_END;
    ev.end_reason = VD_END_QUIET;
    ev.event = node->open[cause].event;
    ev.rev = node->open[cause].rev + 1;
    ev.start_us = node->open[cause].start_us;
    ev.end_us = now_us;
    (void)vd_str_copy(ev.detail, sizeof ev.detail, node->open[cause].detail);
    memset(&node->open[cause], 0, sizeof node->open[cause]);
    return vd_event_encode(&ev, json, size, err);
}

int vd_node_leftover(const struct vd_node *node, const struct vd_leftover *left,
                     uint64_t sequence, int64_t now_us, char *json, size_t size,
                     struct vd_err *err)
{
    struct vd_event ev = event_of(node, sequence, now_us);

    ev.phase = VD_PHASE_END;
    ev.end_reason = VD_END_RESTART;
    ev.event = left->event;
    ev.rev = left->rev + 1;
    ev.start_us = left->start_us;
    ev.end_us = now_us;
    return vd_event_encode(&ev, json, size, err);
}
