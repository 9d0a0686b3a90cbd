#include "ingest/condition/condition.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/condition/inner.h"

/* Two looks a second see everything that lasts; a rate of 5 or 25 would only cost. */
static const int64_t LOOK_US = SECONDS(0.45);

/* A usual view that was not met for so long is given up: the new one is the usual. */
static const int64_t RELEARN_US = SECONDS(600);

/* What a place stirs least is forgotten by so much a block: the double takes three hours. */
static const float STIR_RISE = 1.0005F;

/* Another mean by so many grey levels is no matter of noise: what was averaged is of yesterday.
 */
static const float SUDDEN = 12;

int vd_condition_open(struct vd_condition **ret_condition, struct vd_err *err)
{
    struct vd_condition *c = calloc(1, sizeof *c);

    if (c == NULL)
        return vd_err_set(err, VD_ENOMEM, "condition monitor: out of memory");
    *ret_condition = c;
    return 0;
}

void vd_condition_close(struct vd_condition **condition)
{
    free(*condition);
    *condition = NULL;
}

void vd_condition_gap(struct vd_condition *c)
{
    c->fresh = 0;
    c->noisy_looks = 0;
    c->same_mono_us = 0;
    for (int i = 0; i < N_RULES; i++)
        c->states[i].turned_mono_us = 0;
}

/* ---- looking ---- */

static void learn_size(struct vd_condition *c, int w, int h)
{
    size_t n_px = (size_t)w * (size_t)h;

    c->w = w;
    c->h = h;
    c->steady = c->room;
    c->usual = c->steady + n_px;
    c->usual_low = (uint8_t *)(c->usual + n_px);
    c->last = c->usual_low + n_px;
    c->looks = 0;
    c->blocks = 0;
    vd_condition_gap(c);
}

/* From the steady picture, in grey levels, on the mean; rows that far apart tell it. */
static float distance(const struct vd_condition *c, const uint8_t *luma, ptrdiff_t stride)
{
    enum { ROW_STEP = 4 };
    uint64_t sum = 0;
    int n = 0;

    for (int y = 0; y < c->h; y += ROW_STEP, n += c->w) {
        const uint16_t *steady = c->steady + y * c->w;
        uint32_t row = 0;

        for (int x = 0; x < c->w; x++)
            row += (uint32_t)abs(luma[y * stride + x] * 256 - steady[x]);
        sum += row;
    }
    return (float)sum / (float)n / 256;
}

/* Follows the picture within about 2 s; begins with it, and begins anew when all is different.
 */
static void follow_steady(struct vd_condition *c, const uint8_t *luma, ptrdiff_t stride)
{
    bool begins = c->fresh == 0 || distance(c, luma, stride) > SUDDEN;

    for (int y = 0; y < c->h; y++) {
        uint16_t *steady = c->steady + y * c->w;

        for (int x = 0; x < c->w; x++) {
            int target = luma[y * stride + x] * 256, was = begins ? target : steady[x];

            steady[x] = (uint16_t)(was + (target - was) / (1 << STEADY_SHIFT));
        }
    }
}

/* One row of the usual view, towards the steady picture by 1 / 2^shift. */
static void creep_row(struct vd_condition *c, int y, int shift)
{
    const uint16_t *steady = c->steady + y * c->w;
    uint16_t *high = c->usual + y * c->w;
    uint8_t *low = c->usual_low + y * c->w;

    for (int x = 0; x < c->w; x++) {
        int32_t was = high[x] << 8 | low[x], now = was + (((steady[x] << 8) - was) >> shift);

        high[x] = (uint16_t)(now >> 8);
        low[x] = (uint8_t)now;
    }
}

/* The first looks are averaged, so that the usual view is there at once; later ones creep in,
 * a part of the rows each time: what takes ten minutes needs no half seconds. */
static void follow_usual(struct vd_condition *c)
{
    int n = c->looks + 1;

    if (c->looks >= LEARN_LOOKS) {
        for (int y = c->looks % (1 << TURNS_SHIFT); y < c->h; y += 1 << TURNS_SHIFT)
            creep_row(c, y, USUAL_SHIFT - TURNS_SHIFT);
        return;
    }
    for (int i = 0; i < c->w * c->h; i++) {
        int32_t was = c->usual[i] << 8 | c->usual_low[i];
        int32_t now = was + ((c->steady[i] << 8) - was) / n;

        c->usual[i] = (uint16_t)(now >> 8);
        c->usual_low[i] = (uint8_t)now;
    }
}

static int compare(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;

    return (left > right) - (left < right);
}

/* How much pictures differ from one to the next. Key frames stir a frozen picture too, and what
 * a codec skips stirs a live one less: the lower quartile tells them apart. */
static void measure_stir(struct vd_condition *c, const struct vd_difference *difference)
{
    float sorted[STIR_N];

    c->stirs[c->fresh % STIR_N] = difference->stir;
    if (difference->stir > 0)
        c->same_mono_us = 0;
    else if (c->same_mono_us == 0)
        c->same_mono_us = c->last_mono_us;
    if (c->fresh < STIR_N)
        return;
    memcpy(sorted, c->stirs, sizeof sorted);
    qsort(sorted, STIR_N, sizeof sorted[0], compare);
    c->now.stir = sorted[STIR_N / 4];
}

/* The least that a place stirs is learnt block by block, so that what is judged now is not in
 * it: a freeze would pass for habit, or the end of rush hour for a freeze. */
static void learn_stir(struct vd_condition *c)
{
    if (c->fresh <= STIR_N)
        return;
    if (c->fresh % STIR_N == 1 || c->now.stir < c->block_stir)
        c->block_stir = c->now.stir;
    if (c->fresh % STIR_N != 0 || vd_condition_is_on(c, VD_KIND_FROZEN))
        return;
    c->now.usual_stir *= STIR_RISE;
    if (c->blocks == 0 || c->block_stir < c->now.usual_stir)
        c->now.usual_stir = c->block_stir;
    c->blocks++;
}

static void measure_noise(struct vd_condition *c, const struct vd_difference *difference)
{
    bool is_known = c->looks > LEARN_LOOKS;
    float bound = c->now.usual_noise * 3 > 6 ? c->now.usual_noise * 3 : 6;

    c->now.noise = difference->noise;
    c->noisy_looks = (c->noisy_looks << 1) & ((1 << STIR_N) - 1);
    if (is_known && c->now.noise > bound)
        c->noisy_looks |= 1;
}

static void measure(struct vd_condition *c, const struct vd_condition_picture *picture)
{
    struct vd_levels levels;
    struct vd_structure structure;

    vd_measure_levels(picture->luma, picture->stride, c->w, c->h, &levels);
    c->now.mean = levels.mean;
    c->now.p5 = levels.p5;
    c->now.p50 = levels.p50;
    c->now.p95 = levels.p95;
    if (c->fresh > 0) {
        struct vd_difference difference;

        vd_measure_difference(picture->luma, picture->stride, c->last, c->w, c->h, &difference);
        measure_stir(c, &difference);
        measure_noise(c, &difference);
    }
    for (int y = 0; y < c->h; y++)
        memcpy(c->last + y * c->w, picture->luma + y * picture->stride, (size_t)c->w);
    follow_steady(c, picture->luma, picture->stride);
    if (c->looks == 0)
        follow_usual(c); /* something to compare with */
    vd_measure_structure(c->steady, c->usual, c->w, c->h, c->now.usual_noise, &structure);
    c->now.textured = structure.textured;
    c->now.edged = structure.edged;
    c->now.ref_edged = structure.ref_edged;
    c->now.gone = structure.gone;
    c->now.match = structure.match;
    c->fine = structure.fine;
    if (c->now.gone >= TURN_GONE)
        vd_measure_turn(c->steady, c->usual, c->w, c->h, &c->turn);
    c->now.sharpness = c->usual_fine > 0 ? structure.fine / c->usual_fine : 1;
    c->lost = picture->lost;
}

/* The share of a fresh value that the usual takes: an average at first, 10 min later. */
static float creep(const struct vd_condition *c, float usual, float now)
{
    int n = c->looks < LEARN_LOOKS ? c->looks + 1 : c->looks < 1024 ? c->looks : 1024;

    return usual + (now - usual) / (float)n;
}

static void learn(struct vd_condition *c)
{
    follow_usual(c);
    if (c->looks >= SETTLED_LOOKS) /* before, noise would pass for sharpness */
        c->usual_fine = c->usual_fine == 0 ? c->fine : creep(c, c->usual_fine, c->fine);
    if (c->fresh > 0 && !(c->noisy_looks & 1))
        c->now.usual_noise = creep(c, c->now.usual_noise, c->now.noise);
    learn_stir(c);
}

static void change(struct vd_condition_out *out, int rule, bool is_on, int64_t since_us,
                   float score, float threshold)
{
    out->changes[out->n++] = (struct vd_condition_change){
        .kind = condition_rules[rule].kind,
        .is_on = is_on,
        .since_mono_us = since_us,
        .score = score,
        .threshold = threshold,
        .reason = is_on ? VD_END_NONE : VD_END_QUIET,
    };
}

/* Asks one rule; a change must last before it is believed. */
static void judge(struct vd_condition *c, int rule, int64_t mono_us,
                  struct vd_condition_out *out)
{
    struct rule_state *s = &c->states[rule];
    float score = 0, threshold = 0;
    int64_t needed_us =
        s->is_on ? condition_rules[rule].exit_us : condition_rules[rule].enter_us;

    s->is_candidate = condition_rules[rule].holds(c, s->is_on, &score, &threshold);
    if (s->is_candidate == s->is_on) {
        s->turned_mono_us = 0;
        return;
    }
    if (s->turned_mono_us == 0)
        s->turned_mono_us = mono_us;
    if (mono_us - s->turned_mono_us < needed_us)
        return;
    s->is_on = !s->is_on;
    change(out, rule, s->is_on, s->turned_mono_us, score, threshold);
    s->turned_mono_us = 0;
}

/* A view that stayed away for RELEARN_US will not come back: what is there now is the usual.
 * Ends what is judged by the usual view; dark and bright go on, they are absolute. */
static void relearn(struct vd_condition *c, int64_t mono_us, struct vd_condition_out *out)
{
    for (int i = 0; i < N_RULES; i++) {
        struct rule_state *s = &c->states[i];

        if (!s->is_on || condition_rules[i].is_absolute)
            continue;
        s->is_on = false;
        s->turned_mono_us = 0;
        change(out, i, false, mono_us, 0, 0);
        out->changes[out->n - 1].reason = VD_END_RELEARN;
    }
    c->looks = 0;
    c->usual_fine = 0;
    c->suspect_mono_us = 0;
}

static bool is_suspicious(const struct vd_condition *c)
{
    for (int i = 0; i < N_RULES; i++)
        if (condition_rules[i].blinds && (c->states[i].is_on || c->states[i].is_candidate))
            return true;
    return false;
}

/* A view that was never more than blank is no yardstick for one that shows something. */
static bool is_first_sight(const struct vd_condition *c)
{
    return c->now.ref_edged < 0.05F && c->now.edged > 0.1F;
}

/* Only a lens that shows something may become the usual view. */
static bool may_relearn(const struct vd_condition *c)
{
    for (int i = 0; i < N_RULES; i++)
        if (c->states[i].is_on && (condition_rules[i].kind == VD_KIND_COVERED ||
                                   condition_rules[i].kind == VD_KIND_DARK ||
                                   condition_rules[i].kind == VD_KIND_BRIGHT))
            return false;
    return true;
}

bool vd_condition_look(struct vd_condition *c, const struct vd_condition_picture *picture,
                       struct vd_condition_out *ret_out)
{
    int64_t mono_us = picture->mono_us;

    ret_out->n = 0;
    if (picture->w < SIDE_MIN || picture->h < SIDE_MIN || picture->w > VD_CONDITION_W_MAX ||
        picture->h > VD_CONDITION_H_MAX)
        return false;
    if (picture->w != c->w || picture->h != c->h)
        learn_size(c, picture->w, picture->h);
    else if (mono_us < c->last_mono_us + LOOK_US && mono_us >= c->last_mono_us)
        return false;
    c->last_mono_us = mono_us;
    measure(c, picture);
    if (c->looks >= SETTLED_LOOKS) /* before, nothing is usual */
        for (int i = 0; i < N_RULES; i++)
            judge(c, i, mono_us, ret_out);
    c->fresh++;
    if (!is_suspicious(c)) {
        if (c->looks > LEARN_LOOKS && is_first_sight(c))
            c->looks = 0;
        learn(c);
        c->suspect_mono_us = 0;
        c->looks++;
    } else if (c->suspect_mono_us == 0) {
        c->suspect_mono_us = mono_us;
    } else if (mono_us - c->suspect_mono_us >= RELEARN_US && may_relearn(c)) {
        relearn(c, mono_us, ret_out);
    }
    return true;
}

bool vd_condition_is_on(const struct vd_condition *c, enum vd_kind kind)
{
    for (int i = 0; i < N_RULES; i++)
        if (condition_rules[i].kind == kind)
            return c->states[i].is_on;
    return false;
}

const struct vd_condition_numbers *vd_condition_last(const struct vd_condition *c)
{
    return &c->now;
}
