/* alerts/router/sequence.h: what the receiver does with the next number of a source: go-back-N.
 * Pure. Numbers are taken in order, once; what was taken is acknowledged when committed. */
#ifndef VD_ALERTS_ROUTER_SEQUENCE_H
#define VD_ALERTS_ROUTER_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* {0}: nothing is known of the source, and nothing is taken. */
struct vd_sequence {
    bool is_known;
    uint64_t committed; /* in the database */
    uint64_t taken;     /* handed to the writer; >= committed */
    uint64_t told;      /* the number last told as expected; 0: none since one was taken */
    int64_t told_us;
};

enum vd_sequence_answer {
    VD_SEQUENCE_TAKE,   /* the next one: hand it to the writer, then vd_sequence_take */
    VD_SEQUENCE_AGAIN,  /* committed before: acknowledge */
    VD_SEQUENCE_WAIT,   /* taken, not committed: its acknowledgement comes */
    VD_SEQUENCE_EXPECT, /* a gap: tell the number expected */
    VD_SEQUENCE_HUSH,   /* a gap, and the sender was told */
    VD_SEQUENCE_UNKNOWN,
};

/* A gap is told once, then again every so often: a window of messages behind one that was lost
 * must not be answered by as many rewinds. */
enum { VD_SEQUENCE_TELL_US = 200000 };

enum vd_sequence_answer vd_sequence_offer(struct vd_sequence *seq, uint64_t number,
                                          int64_t mono_us);
void vd_sequence_take(struct vd_sequence *seq, uint64_t number);

/* The writer said so. A number below what is known changes nothing. */
void vd_sequence_commit(struct vd_sequence *seq, uint64_t committed);

/* The writer dropped what it was given: begin again behind what is committed. */
void vd_sequence_rewind(struct vd_sequence *seq, uint64_t committed);

#endif
