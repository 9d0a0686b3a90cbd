/* What each condition asks for, and the table of them. */
#include <stdlib.h>

#include "ingest/condition/inner.h"

/* A live picture that does not change by a bit for so long is none, whatever the codec skips.
 */
static const int64_t SAME_US = SECONDS(60);

static bool is_dark(const struct vd_condition *c, float slack)
{
    return c->now.p95 < 40 + slack && c->now.mean < 28 + slack;
}

static bool is_bright(const struct vd_condition *c, float slack)
{
    return c->now.p50 > 215 - slack;
}

/* Without light the place still shows faintly, or all is black (video range: 16); what lies on
 * the lens lets some light through and shows nothing. */
static bool is_black_or_faint(const struct vd_condition *c)
{
    return c->now.p50 < 22 || c->now.match > 0.12F || c->now.ref_edged < 0.05F;
}

/* Dark: nothing to see for lack of light. */
static bool dark(const struct vd_condition *c, bool is_on, float *score, float *threshold)
{
    *score = c->now.p95;
    *threshold = is_on ? 52 : 40;
    return is_dark(c, is_on ? 12 : 0) && (is_on || is_black_or_faint(c));
}

static bool bright(const struct vd_condition *c, bool is_on, float *score, float *threshold)
{
    *score = c->now.p50;
    *threshold = is_on ? 200 : 215;
    return is_bright(c, is_on ? 15 : 0);
}

/* How well the usual structure is still met; the coarse measure sees through noise. */
static float fit(const struct vd_condition *c)
{
    bool is_coarse_known = c->now.gone >= TURN_GONE;

    return is_coarse_known && c->turn.still > c->now.match ? c->turn.still : c->now.match;
}

/* Covered: what is usually there is gone, and nothing else has come in its place. */
static bool covered(const struct vd_condition *c, bool is_on, float *score, float *threshold)
{
    bool is_flat = c->now.edged < (is_on ? 0.5F : 0.3F) * c->now.ref_edged;

    *score = c->now.gone;
    *threshold = is_on ? 0.5F : 0.75F;
    if (is_bright(c, 8) || (!is_on && is_dark(c, 6) && is_black_or_faint(c)))
        return false;
    if (c->now.ref_edged < 0.05F) /* has never seen anything: blank from the start */
        return c->now.textured < 0.02F && c->now.edged < 0.02F;
    return c->now.gone >= *threshold && is_flat && fit(c) < 0.4F;
}

/* The view fits the usual one better when it is shifted. */
static bool is_turned(const struct vd_condition *c, bool is_on)
{
    const struct vd_turn *t = &c->turn;

    if (t->dx_px == 0 && t->dy_px == 0)
        return false;
    if (is_on)
        return t->match > t->still + 0.05F;
    return t->match > 0.45F && t->still < 0.92F && 1 - t->match < 0.55F * (1 - t->still);
}

/* Moved: what is usually there is gone, and something else, or the same elsewhere, is in its
 * place. */
static bool moved(const struct vd_condition *c, bool is_on, float *score, float *threshold)
{
    *score = c->now.gone;
    *threshold = is_on ? 0.4F : 0.6F;
    if (c->now.ref_edged < 0.05F || is_dark(c, 12) || is_bright(c, 15) ||
        c->now.edged < 0.5F * c->now.ref_edged)
        return false;
    if (c->now.gone >= TURN_GONE && is_turned(c, is_on)) {
        *threshold = TURN_GONE;
        return true;
    }
    return c->now.gone >= *threshold && c->now.match < (is_on ? 0.65F : 0.55F);
}

/* Blurred: the coarse structure is there, the fine one is not. */
static bool blurred(const struct vd_condition *c, bool is_on, float *score, float *threshold)
{
    *score = c->now.sharpness;
    *threshold = is_on ? 0.75F : 0.6F;
    if (c->now.ref_edged < 0.05F || is_dark(c, 12) || is_bright(c, 15))
        return false;
    return c->now.sharpness < *threshold && fit(c) > 0.4F && c->now.textured > 0.05F;
}

/* Frozen: pictures come, but they are one picture. What a place stirs least is its noise as far
 * as the codec lets it through: where that is next to nothing, or not known yet, a still
 * picture proves nothing, and only the very same bytes for a minute do. */
static bool frozen(const struct vd_condition *c, bool is_on, float *score, float *threshold)
{
    *score = c->now.stir;
    *threshold = c->now.usual_stir / (is_on ? 4 : 8);
    if (c->fresh < STIR_N + 1)
        return is_on;
    if (c->same_mono_us != 0 && c->last_mono_us - c->same_mono_us >= SAME_US)
        return true;
    return c->blocks >= 2 && c->now.usual_stir >= 0.05F && c->now.stir < *threshold;
}

/* Low quality: noise far above what the place is used to, or a stream that loses much. */
static bool low_quality(const struct vd_condition *c, bool is_on, float *score,
                        float *threshold)
{
    int bad = __builtin_popcount((unsigned)c->noisy_looks);

    if (c->lost >= (is_on ? 0.02F : 0.05F)) {
        *score = c->lost;
        *threshold = is_on ? 0.02F : 0.05F;
        return true;
    }
    *score = c->now.noise;
    *threshold = c->now.usual_noise * 3;
    return is_on ? bad > 0 : bad >= 3;
}

const struct condition_rule condition_rules[N_RULES] = {
    {VD_KIND_DARK, dark, SECONDS(4), SECONDS(4), true, true},
    {VD_KIND_BRIGHT, bright, SECONDS(4), SECONDS(4), true, true},
    {VD_KIND_COVERED, covered, SECONDS(4), SECONDS(4), true, true},
    {VD_KIND_MOVED, moved, SECONDS(12), SECONDS(6), true, false},
    {VD_KIND_BLURRED, blurred, SECONDS(12), SECONDS(8), true, false},
    {VD_KIND_FROZEN, frozen, SECONDS(1), SECONDS(2), false, true},
    {VD_KIND_LOW_QUALITY, low_quality, SECONDS(1), SECONDS(6), false, true},
};
