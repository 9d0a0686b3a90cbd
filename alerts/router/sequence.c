#include "alerts/router/sequence.h"

enum vd_sequence_answer vd_sequence_offer(struct vd_sequence *seq, uint64_t number,
                                          int64_t mono_us)
{
    if (!seq->is_known)
        return VD_SEQUENCE_UNKNOWN;
    if (number == seq->taken + 1)
        return VD_SEQUENCE_TAKE;
    if (number <= seq->committed)
        return VD_SEQUENCE_AGAIN;
    if (number <= seq->taken)
        return VD_SEQUENCE_WAIT;
    if (seq->told == seq->taken + 1 && mono_us - seq->told_us < VD_SEQUENCE_TELL_US)
        return VD_SEQUENCE_HUSH;
    seq->told = seq->taken + 1;
    seq->told_us = mono_us;
    return VD_SEQUENCE_EXPECT;
}

void vd_sequence_take(struct vd_sequence *seq, uint64_t number)
{
    seq->taken = number;
    seq->told = 0;
}

void vd_sequence_commit(struct vd_sequence *seq, uint64_t committed)
{
    seq->is_known = true;
    if (committed > seq->committed)
        seq->committed = committed;
    if (seq->taken < seq->committed)
        seq->taken = seq->committed;
}

void vd_sequence_rewind(struct vd_sequence *seq, uint64_t committed)
{
    vd_sequence_commit(seq, committed);
    seq->taken = seq->committed;
    seq->told = 0;
}
