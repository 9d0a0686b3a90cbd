/* ingest/publish/flow.h: which message goes next: window, acknowledgement, go-back-N. Pure. */
#ifndef VD_INGEST_PUBLISH_FLOW_H
#define VD_INGEST_PUBLISH_FLOW_H

#include <stdbool.h>
#include <stdint.h>

/* Of one source. All zero, then vd_flow_begin. */
struct vd_flow {
    int64_t first, last; /* what the spool holds */
    int64_t next;        /* goes out next */
    int64_t acked;       /* the router has committed up to here */
    int64_t highest;     /* ever sent: what is below next after a step back is sent again */
    int64_t progress_us; /* when the last acknowledgement or welcome came */
    bool is_welcome;
};

/* Another source, or the same after the router changed: nothing goes before a welcome. */
void vd_flow_begin(struct vd_flow *flow, int64_t first, int64_t last);

/* The spool holds first..last now. */
void vd_flow_holds(struct vd_flow *flow, int64_t first, int64_t last);

/* The router has committed up to number, and waits for what follows. */
void vd_flow_welcome(struct vd_flow *flow, int64_t number, int64_t now_us);

/* True when the acknowledgement says something new. */
bool vd_flow_ack(struct vd_flow *flow, int64_t number, int64_t now_us);

/* The router asks for number next. False when that is no longer, or never was, ours. */
bool vd_flow_expected(struct vd_flow *flow, int64_t number);

/* How many may go out now, from flow->next on. */
int64_t vd_flow_room(const struct vd_flow *flow, int64_t window);

/* Sequence flow->next went out. True when that was a repetition. */
bool vd_flow_sent(struct vd_flow *flow, int64_t now_us);

/* Steps back to the first that is unacknowledged when that was sent resend_us ago. */
bool vd_flow_overdue(struct vd_flow *flow, int64_t resend_us, int64_t now_us);

#endif
