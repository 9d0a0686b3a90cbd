#include "ingest/worker/relief.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "ingest/worker/ladder.h"
#include "ingest/worker/load.h"
#include "ingest/worker/numbers.h"

enum { NAMED_MAX = 3 /* cameras in one sentence */, EVERY_US = 900 * 1000 };

struct vd_relief {
    const char *worker;
    struct vd_outbox *outbox;
    struct vd_lane *lane;
    const struct vd_clock *clock;
    struct vd_ladder ladder;
    struct vd_load load;
    struct vd_rung *rungs;
    enum vd_level *before; /* the levels that rungs had */
    int room;
    struct vd_use use;
    int64_t worst_us, looked_us;
    struct vd_event told; /* open while rev > 0 */
};

int vd_relief_open(struct vd_relief **ret_relief, const char *worker, struct vd_outbox *outbox,
                   struct vd_lane *lane, const struct vd_clock *clock, struct vd_err *err)
{
    struct vd_relief *r = calloc(1, sizeof *r);

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "overload ladder: out of memory");
    r->worker = worker;
    r->outbox = outbox;
    r->lane = lane;
    r->clock = clock;
    *ret_relief = r;
    return 0;
}

static bool make_room(struct vd_relief *r, int n)
{
    struct vd_rung *rungs;
    enum vd_level *before;

    if (n <= r->room)
        return true;
    rungs = realloc(r->rungs, (size_t)n * sizeof *rungs);
    if (rungs == NULL)
        return false;
    r->rungs = rungs;
    before = realloc(r->before, (size_t)n * sizeof *before);
    if (before == NULL)
        return false;
    r->before = before;
    r->room = n;
    return true;
}

static int count_lowered(const struct vd_relief *r, int n)
{
    int lowered = 0;

    for (int i = 0; i < n; i++)
        lowered += r->rungs[i].level != VD_LEVEL_FULL;
    return lowered;
}

static void measure(struct vd_relief *r, int n)
{
    int counts[VD_N_LEVELS] = {0};

    r->worst_us = 0;
    for (int i = 0; i < n; i++) {
        const struct vd_rung *rung = &r->rungs[i];

        counts[rung->level]++;
        if (rung->lag_us > r->worst_us)
            r->worst_us = rung->lag_us;
        vd_metric_observe_us(&vd_numbers[VD_NUMBER_LAG], rung->lag_us);
    }
    vd_metric_set(&vd_numbers[VD_NUMBER_LAG_WORST], r->worst_us / 1000);
    vd_metric_set(&vd_numbers[VD_NUMBER_CPU], r->use.own);
    for (int level = 0; level < VD_N_LEVELS; level++)
        vd_metric_set(&vd_numbers[VD_NUMBER_LEVEL_FULL + level], counts[level]);
}

/* Who was moved to what, why, how many are lowered, what to do. */
static void describe(struct vd_relief *r, struct vd_crew *crew, int n, int moved)
{
    char *text = r->told.detail;
    size_t size = sizeof r->told.detail, len = 0;
    int named = 0, lowered = count_lowered(r, n);

    text[0] = '\0';
    for (int i = 0; i < n && named < NAMED_MAX; i++)
        if (r->rungs[i].level != r->before[i])
            (void)vd_str_add(text, size, &len, "%s%s: %s", named++ == 0 ? "" : ", ",
                             vd_crew_id(crew, i), vd_level_name(r->rungs[i].level));
    if (abs(moved) > named)
        (void)vd_str_add(text, size, &len, " and %d more", abs(moved) - named);
    (void)vd_str_add(text, size, &len,
                     ". CPU %d %% (machine %d %%), pictures up to %.1f s late. ", r->use.own,
                     r->use.machine, (double)r->worst_us / 1e6);
    if (lowered > 0)
        (void)vd_str_add(text, size, &len,
                         "%d of %d cameras are watched less. Add workers or cores.", lowered,
                         n);
    else
        (void)vd_str_add(text, size, &len, "All cameras are watched in full again.");
}

static void post(struct vd_relief *r, enum vd_phase phase, enum vd_end_reason reason)
{
    struct vd_event *ev = &r->told;

    ev->phase = phase;
    ev->rev++;
    ev->time_us = r->clock->wall_us(r->clock->self);
    ev->end_reason = reason;
    ev->end_us = phase == VD_PHASE_END ? ev->time_us : 0;
    (void)vd_outbox_post(r->outbox, r->lane, ev, NULL);
    if (phase == VD_PHASE_END)
        ev->rev = 0;
}

static void tell(struct vd_relief *r, struct vd_crew *crew, int n, int moved)
{
    struct vd_event *ev = &r->told;
    bool is_new = ev->rev == 0;
    int lowered = count_lowered(r, n);

    if (is_new) {
        *ev = (struct vd_event){.kind = VD_KIND_NODE};
        ev->start_us = r->clock->wall_us(r->clock->self);
        ev->event = vd_uuid_make(ev->start_us);
        (void)vd_str_copy(ev->camera, sizeof ev->camera, r->worker);
    }
    describe(r, crew, n, moved);
    ev->score = n > 0 ? (float)lowered / (float)n : 0;
    ev->peak = ev->score > ev->peak ? ev->score : ev->peak;
    LOG_WARN("ladder.step",
             "moved=%d lowered=%d cameras=%d cpu=%d machine=%d lag_ms=%" PRId64
             " reason=\"%s\"",
             moved, lowered, n, r->use.own, r->use.machine, r->worst_us / 1000, ev->detail);
    if (lowered == 0)
        post(r, VD_PHASE_END, VD_END_QUIET);
    else
        post(r, is_new ? VD_PHASE_START : VD_PHASE_UPDATE, VD_END_NONE);
}

/* The last lowered camera was taken out or configured anew: nothing is left to come up. */
static void end_without(struct vd_relief *r, int n)
{
    if (r->told.rev == 0 || count_lowered(r, n) > 0)
        return;
    r->told.detail[0] = '\0';
    post(r, VD_PHASE_END, VD_END_CHANGED);
}

void vd_relief_tick(struct vd_relief *r, struct vd_crew *crew)
{
    int64_t now_us = r->clock->mono_us(r->clock->self);
    int n = vd_crew_size(crew), moved;

    if (now_us - r->looked_us < EVERY_US || !make_room(r, n))
        return;
    r->looked_us = now_us;
    vd_crew_rungs(crew, r->rungs);
    r->use = vd_load_sample(&r->load, now_us);
    for (int i = 0; i < n; i++)
        r->before[i] = r->rungs[i].level;
    moved = vd_ladder_step(&r->ladder, &vd_ladder_defaults, r->use, r->rungs, n, now_us);
    measure(r, n);
    for (int i = 0; i < n && moved != 0; i++)
        if (r->rungs[i].level != r->before[i])
            vd_crew_level(crew, i, r->rungs[i].level);
    if (moved != 0)
        tell(r, crew, n, moved);
    else
        end_without(r, n);
}

void vd_relief_close(struct vd_relief **relief)
{
    struct vd_relief *r = *relief;

    *relief = NULL;
    if (r == NULL)
        return;
    if (r->told.rev > 0)
        post(r, VD_PHASE_END, VD_END_RESTART);
    free(r->rungs);
    free(r->before);
    free(r);
}
