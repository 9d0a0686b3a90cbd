#include "ingest/worker/pace.h"

/* The least span of a class, in times of min_us: what heals by itself is asked often, what
 * takes a person is not. */
static const int floors[VD_N_FAULTS] = {
    [VD_FAULT_NOT_FOUND] = 8,
    [VD_FAULT_BUSY] = 4,
    [VD_FAULT_PROTO] = 8,
    [VD_FAULT_UNSUPPORTED] = 16,
};

static int64_t span(const struct vd_pace *p, const struct vd_pace_settings *s,
                    enum vd_fault fault)
{
    int64_t span_us = s->min_us;

    for (int i = 1; i < p->failures && span_us < s->max_us; i++)
        span_us *= 2;
    if (span_us < floors[fault] * s->min_us)
        span_us = floors[fault] * s->min_us;
    return span_us < s->max_us ? span_us : s->max_us;
}

/* How long until one more refusal is within what the window allows. */
static int64_t auth_wait(struct vd_pace *p, const struct vd_pace_settings *s, int64_t now_us)
{
    int tries = s->auth_tries < 1                        ? 1
                : s->auth_tries > VD_PACE_AUTH_TRIES_MAX ? VD_PACE_AUTH_TRIES_MAX
                                                         : s->auth_tries;
    int oldest;

    p->refusals_us[p->next_refusal] = now_us;
    p->next_refusal = (p->next_refusal + 1) % VD_PACE_AUTH_TRIES_MAX;
    oldest = (p->next_refusal + VD_PACE_AUTH_TRIES_MAX - tries) % VD_PACE_AUTH_TRIES_MAX;
    if (p->refusals_us[oldest] == 0)
        return 0;
    return p->refusals_us[oldest] + s->auth_window_us - now_us;
}

int64_t vd_pace_failed(struct vd_pace *p, const struct vd_pace_settings *s, enum vd_fault fault,
                       int64_t now_us, uint64_t random)
{
    int64_t floor_us = s->min_us / 4, span_us, wait_us, least_us;

    p->failures += p->failures < 1000;
    span_us = span(p, s, fault);
    wait_us = floor_us + (int64_t)(random % (uint64_t)(span_us - floor_us + 1));
    if (fault != VD_FAULT_AUTH)
        return wait_us;
    least_us = auth_wait(p, s, now_us);
    return wait_us > least_us ? wait_us : least_us;
}

void vd_pace_good(struct vd_pace *p)
{
    *p = (struct vd_pace){.failures = 0};
}
