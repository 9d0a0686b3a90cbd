/* alerts/router/node.h: happenings of the router itself, as events like any other: a refused
 * configuration begins one and a good one ends it. One thread. */
#ifndef VD_ALERTS_ROUTER_NODE_H
#define VD_ALERTS_ROUTER_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/writer/exchange.h"
#include "base/err.h"
#include "base/event.h"

#define VD_ROUTER_NODE "router"

enum vd_node_cause { VD_NODE_CONFIG, VD_NODE_STARTED, VD_N_NODE_CAUSES };

struct vd_node {
    char source[VD_SOURCE_MAX + 1];
    struct {
        struct vd_uuid event; /* nil: not open */
        uint32_t rev;
        int64_t start_us;
        char detail[VD_DETAIL_MAX + 1];
    } open[VD_N_NODE_CAUSES];
};

/* A fresh epoch: "/router/<UUIDv7>". Nothing is open. */
void vd_node_begin(struct vd_node *node, int64_t now_us);

/* The message that says a cause began (or goes on, with other words), or that it is over. Fills
 * json with number `sequence` and returns its length; 0: there is nothing to say. */
int vd_node_start(struct vd_node *node, enum vd_node_cause cause, const char *detail,
                  uint64_t sequence, int64_t now_us, char *json, size_t size,
                  struct vd_err *err);
int vd_node_end(struct vd_node *node, enum vd_node_cause cause, uint64_t sequence,
                int64_t now_us, char *json, size_t size, struct vd_err *err);

/* The end of what a router before us left open. */
int vd_node_leftover(const struct vd_node *node, const struct vd_leftover *left,
                     uint64_t sequence, int64_t now_us, char *json, size_t size,
                     struct vd_err *err);

#endif
