/* tests/support/dsp_check.c: every kernel over widths 1 to 100, odd strides, both stride signs,
 * any alignment, random and extreme values. What lies around the outputs is compared too. */
#include "tests/support/dsp_check.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/rnd.h"

enum { WIDTHS = 100, ROOM = 64, PIXELS = WIDTHS + 2 * ROOM };

/* Random, or nothing but extremes, or close to one value. */
static int value(uint64_t *seed, int mode, int top)
{
    uint64_t r = rnd_next(seed);

    switch (mode) {
    case 0:
        return (int)(r % (unsigned)(top + 1));
    case 1:
        return r & 1 ? top : 0;
    case 2:
        return top;
    case 3:
        return 0;
    default:
        return top / 2 + (int)(r % (unsigned)(top / 16 + 1));
    }
}

static void fill_bytes(uint8_t *p, size_t n, uint64_t *seed, int mode, int top)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)value(seed, mode, top);
}

static void fill_words(int16_t *p, size_t n, uint64_t *seed, int mode, int top)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (int16_t)value(seed, mode, top);
}

static bool same(const void *got, const void *want, size_t size, char *why, size_t why_size,
                 const char *what, int w, int more)
{
    if (memcmp(got, want, size) == 0)
        return true;
    snprintf(why, why_size, "%s differ: w=%d, case %d", what, w, more);
    return false;
}

static bool shrink(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    enum { H = 3, STRIDE = 2600, SMALL = PIXELS };
    static uint8_t src[H * 26 * STRIDE], got[H * SMALL], want[H * SMALL];

    for (int n = 1; n <= 26; n++) {
        for (int w = 1; w <= WIDTHS; w += n < 5 ? 1 : 11) {
            int mode = (w + n) % 4, back = (w / 2 + n) % 2;
            size_t from = back ? (size_t)(H * n - 1) * STRIDE : 0;
            ptrdiff_t stride = back ? -STRIDE : STRIDE;

            fill_bytes(src, (size_t)(H * n * STRIDE), &seed, mode, 255);
            memset(got, 0xA5, sizeof got);
            memset(want, 0xA5, sizeof want);
            vd_dsp_c.shrink(src + from, stride, want + ROOM + w % 3, SMALL, w, H, n);
            dsp->shrink(src + from, stride, got + ROOM + w % 3, SMALL, w, H, n);
            if (!same(got, want, sizeof got, why, why_size, "pictures", w, n))
                return false;
        }
    }
    return true;
}

struct pixels {
    int16_t mean0[PIXELS], mean1[PIXELS], dev[PIXELS], weight1[PIXELS];
    uint8_t flags[PIXELS];
};

struct compare_case {
    uint8_t x[PIXELS], before[PIXELS], tolerance[PIXELS], hold[PIXELS];
    struct vd_model_step step;
    struct pixels pixels;
};

static void fill_case(struct compare_case *c, uint64_t *seed, int mode)
{
    struct pixels *p = &c->pixels;

    fill_bytes(c->x, PIXELS, seed, mode, 255);
    fill_bytes(c->before, PIXELS, seed, mode, 255);
    fill_bytes(c->tolerance, PIXELS, seed, mode == 4 ? 0 : mode, mode == 4 ? 16 : 255);
    fill_bytes(c->hold, PIXELS, seed, 0, 1);
    fill_words(p->mean0, PIXELS, seed, mode, 255 << 7);
    fill_words(p->mean1, PIXELS, seed, mode, 255 << 7);
    fill_words(p->dev, PIXELS, seed, mode == 4 ? 0 : mode, mode == 4 ? 12 << 7 : INT16_MAX);
    fill_words(p->weight1, PIXELS, seed, mode == 4 ? 0 : mode, mode == 4 ? 1 << 14 : INT16_MAX);
    memset(p->flags, 0xA5, sizeof p->flags);
    c->step = (struct vd_model_step){
        .t_min = (int16_t)value(seed, 0, mode == 1 ? INT16_MAX : 2000),
        .dev_max = (int16_t)value(seed, 0, mode == 1 ? INT16_MAX : 2000),
        .a_mean = (int16_t)value(seed, 0, mode == 1 ? INT16_MAX : 1 << 14),
        .a_dev = (int16_t)value(seed, 0, mode == 1 ? INT16_MAX : 1 << 14),
        .a_weight = (int16_t)value(seed, 0, mode == 1 ? INT16_MAX : 1 << 14),
        .weight_new = (int16_t)value(seed, 0, 1 << 14),
        .weight_bg = (int16_t)value(seed, 0, 1 << 14),
    };
}

static void compare_with(const struct vd_dsp *dsp, const struct compare_case *c,
                         struct pixels *p, int at, int w)
{
    const struct vd_model model = {p->mean0 + at, p->mean1 + at, p->dev + at, p->weight1 + at};
    const struct vd_compare_row row = {c->x + at, c->before + at, c->tolerance + at,
                                       c->hold + at, &model};

    dsp->compare(&row, &c->step, p->flags + at, w);
}

static bool compare(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    static struct compare_case c;
    static struct pixels got, want;

    for (int w = 1; w <= WIDTHS; w++) {
        for (int turn = 0; turn < 40; turn++) {
            fill_case(&c, &seed, turn % 5);
            got = want = c.pixels;
            compare_with(&vd_dsp_c, &c, &want, ROOM + turn % 7, w);
            compare_with(dsp, &c, &got, ROOM + turn % 7, w);
            if (!same(&got, &want, sizeof got, why, why_size, "flags or models", w, turn))
                return false;
        }
    }
    return true;
}

struct sums {
    int32_t columns[PIXELS], cells[ROOM], rows[16];
};

static bool sums(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    static uint8_t bytes[8 * PIXELS];
    static int16_t words[8 * PIXELS];
    static struct sums got, want;

    for (int w = 1; w <= WIDTHS; w++) {
        for (int rows = 1; rows <= 8; rows++) {
            int back = (w + rows) % 2, at = back ? (rows - 1) * PIXELS : 0;
            ptrdiff_t stride = back ? -PIXELS : PIXELS;

            fill_bytes(bytes, sizeof bytes, &seed, (w + rows) % 4, 255);
            fill_words(words, 8 * PIXELS, &seed, (w + rows) % 4, 255 << 7);
            memset(&got, 0x25, sizeof got);
            want = got;
            vd_dsp_c.sum_bytes(bytes + at, stride, w, rows, want.columns + 3, want.cells + 1,
                               want.rows + 1);
            dsp->sum_bytes(bytes + at, stride, w, rows, got.columns + 3, got.cells + 1,
                           got.rows + 1);
            if (!same(&got, &want, sizeof got, why, why_size, "sums of bytes", w, rows))
                return false;
            vd_dsp_c.sum_q7(words + at, stride, w, rows, want.columns + 3, want.cells + 1,
                            want.rows + 1);
            dsp->sum_q7(words + at, stride, w, rows, got.columns + 3, got.cells + 1,
                        got.rows + 1);
            if (!same(&got, &want, sizeof got, why, why_size, "sums of words", w, rows))
                return false;
        }
    }
    return true;
}

static bool count(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    static uint8_t flags[8 * PIXELS];
    uint8_t got[2 * ROOM], want[2 * ROOM];

    for (int w = 8; w <= WIDTHS; w += 8) {
        for (int rows = 1; rows <= 8; rows++) {
            fill_bytes(flags, sizeof flags, &seed, rows % 3, rows % 2 ? 15 : 255);
            memset(got, 0xA5, sizeof got);
            memcpy(want, got, sizeof got);
            vd_dsp_c.count(flags + rows, PIXELS, w, rows, want + 1, want + ROOM);
            dsp->count(flags + rows, PIXELS, w, rows, got + 1, got + ROOM);
            if (!same(got, want, sizeof got, why, why_size, "counts", w, rows))
                return false;
        }
    }
    return true;
}

static bool bits(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    uint8_t flags[512];
    uint64_t got[12], want[12];

    for (int w = 32; w <= 352; w += 32) {
        for (int mode = 0; mode < 4; mode++) {
            fill_bytes(flags, sizeof flags, &seed, mode, 255);
            memset(got, 0xA5, sizeof got);
            memcpy(want, got, sizeof got);
            vd_dsp_c.bits(flags + mode, w, want + 1);
            dsp->bits(flags + mode, w, got + 1);
            if (!same(got, want, sizeof got, why, why_size, "bits", w, mode))
                return false;
        }
    }
    return true;
}

static bool relight(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    static const int gains[] = {0, 1, 2048, 4095, 4096, 8192, INT16_MAX};
    static const int offsets[] = {0, 1, -1, 4000, -4000, 1 << 24, -(1 << 24), 65280};
    int16_t got[PIXELS], want[PIXELS];

    for (int w = 1; w <= WIDTHS; w++) {
        for (int turn = 0; turn < 7 * 8; turn++) {
            fill_words(got, PIXELS, &seed, turn % 4, 255 << 7);
            memcpy(want, got, sizeof got);
            vd_dsp_c.relight(want + ROOM, w, gains[turn % 7], offsets[turn / 7]);
            dsp->relight(got + ROOM, w, gains[turn % 7], offsets[turn / 7]);
            if (!same(got, want, sizeof got, why, why_size, "means", w, turn))
                return false;
        }
    }
    return true;
}

static bool range(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    int16_t rows[3][PIXELS];
    uint8_t got[PIXELS], want[PIXELS];

    for (int w = 1; w <= WIDTHS; w++) {
        for (int turn = 0; turn < 9; turn++) {
            const int16_t *above = rows[turn == 7] + ROOM,
                          *below = rows[2 - (turn == 8)] + ROOM;

            for (int i = 0; i < 3; i++)
                fill_words(rows[i], PIXELS, &seed, (turn + i) % 5, 255 << 7);
            memset(got, 0xA5, sizeof got);
            memset(want, 0xA5, sizeof want);
            vd_dsp_c.range(above, rows[1] + ROOM, below, want + ROOM, w);
            dsp->range(above, rows[1] + ROOM, below, got + ROOM, w);
            if (!same(got, want, sizeof got, why, why_size, "ranges", w, turn))
                return false;
        }
    }
    return true;
}

static float real(uint64_t *seed, float top)
{
    return (float)(rnd_next(seed) % 65536) / 65535 * top;
}

static bool agree(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    float b[WIDTHS + 4], x[WIDTHS + 4];

    for (int n = 1; n <= WIDTHS; n++) {
        for (int turn = 0; turn < 50; turn++) {
            float gain = 0.5F + real(&seed, 1.5F), offset = real(&seed, 200) - 100;
            float limit = real(&seed, 8);
            int got, want;

            for (int i = 0; i < n; i++) {
                b[turn % 4 + i] = turn % 5 ? real(&seed, 255) : (float)(rnd_next(&seed) % 256);
                x[turn % 4 + i] = turn % 2 ? real(&seed, 255)
                                           : gain * b[turn % 4 + i] + offset + real(&seed, 9);
            }
            want = vd_dsp_c.agree(b + turn % 4, x + turn % 4, n, gain, offset, limit);
            got = dsp->agree(b + turn % 4, x + turn % 4, n, gain, offset, limit);
            if (!same(&got, &want, sizeof got, why, why_size, "agreeing", n, turn))
                return false;
        }
    }
    return true;
}

static bool shift_cost(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size)
{
    float b[360], x[360], got[16], want[16];

    for (int n = 1; n <= 352; n += n < WIDTHS ? 1 : 9) {
        for (int i = 0; i < n; i++) {
            b[i] = real(&seed, 40) - 20;
            x[i] = real(&seed, 40) - 20;
        }
        memset(got, 0x45, sizeof got);
        memset(want, 0x45, sizeof want);
        vd_dsp_c.shift_cost(b, x, n, want + 1);
        dsp->shift_cost(b, x, n, got + 1);
        if (!same(got, want, sizeof got, why, why_size, "costs", n, 0))
            return false;
    }
    return true;
}

const struct dsp_check dsp_checks[] = {
    {"shrink", shrink}, {"compare", compare}, {"sum", sums},
    {"count", count},   {"bits", bits},       {"relight", relight},
    {"range", range},   {"agree", agree},     {"shift_cost", shift_cost},
    {NULL, NULL},
};
