#include "ingest/publish/flow.h"

void vd_flow_begin(struct vd_flow *f, int64_t first, int64_t last)
{
    *f = (struct vd_flow){
        .first = first, .last = last, .next = first, .acked = first - 1, .highest = first - 1};
}

void vd_flow_holds(struct vd_flow *f, int64_t first, int64_t last)
{
    f->first = first;
    f->last = last;
    if (f->next < first)
        f->next = first;
    if (f->acked < first - 1)
        f->acked = first - 1;
}

void vd_flow_welcome(struct vd_flow *f, int64_t number, int64_t now_us)
{
    f->is_welcome = true;
    f->progress_us = now_us;
    if (number > f->acked)
        f->acked = number;
    f->next = f->acked + 1;
}

bool vd_flow_ack(struct vd_flow *f, int64_t number, int64_t now_us)
{
    if (number <= f->acked || number > f->last)
        return false;
    f->acked = number;
    f->progress_us = now_us;
    if (f->next <= number)
        f->next = number + 1;
    return true;
}

bool vd_flow_expected(struct vd_flow *f, int64_t number)
{
    if (number <= f->acked || number > f->last + 1)
        return false;
    if (number < f->next)
        f->next = number;
    return true;
}

int64_t vd_flow_room(const struct vd_flow *f, int64_t window)
{
    int64_t room = f->acked + window - f->next + 1, held = f->last - f->next + 1;

    if (!f->is_welcome)
        return 0;
    room = room < held ? room : held;
    return room > 0 ? room : 0;
}

bool vd_flow_sent(struct vd_flow *f, int64_t now_us)
{
    bool is_again = f->next <= f->highest;

    if (f->next == f->acked + 1)
        f->progress_us = now_us; /* the clock of the oldest one starts */
    if (!is_again)
        f->highest = f->next;
    f->next++;
    return is_again;
}

bool vd_flow_overdue(struct vd_flow *f, int64_t resend_us, int64_t now_us)
{
    if (!f->is_welcome || f->next == f->acked + 1 || now_us - f->progress_us < resend_us)
        return false;
    f->next = f->acked + 1;
    f->progress_us = now_us;
    return true;
}
