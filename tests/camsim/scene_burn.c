/* tests/camsim/scene_burn.c: the frame number in the picture, for machines (a row of blocks
 * that survives any encoder and scaler) and for people (digits beside it). */
#include <string.h>

#include "tests/camsim/scene_internal.h"

enum { BITS = 20, SUM_BITS = 4, CELLS = BITS + SUM_BITS, DARK = 32, LIGHT = 220 };

/* 3 x 5 digits, a row an octal digit, top first */
static const uint16_t digits[10] = {075557, 026227, 071747, 071717, 055711,
                                    074717, 074757, 071111, 075757, 075717};

static unsigned sum_of(unsigned number)
{
    unsigned sum = 5;

    for (; number != 0; number >>= 4)
        sum += number & 15u;
    return sum & 15u;
}

static void cell(struct vd_scene *sc, int x, int y, int size, uint8_t luma)
{
    int w = sc->spec.width, h = sc->spec.height;

    for (int r = y; r < y + size && r < h; r++) {
        if (x + size > w)
            return;
        memset(sc->work.y + (int64_t)r * w + x, luma, (size_t)size);
        memset(sc->work.u + (int64_t)(r / 2) * (w / 2) + x / 2, 128, (size_t)(size + 1) / 2);
        memset(sc->work.v + (int64_t)(r / 2) * (w / 2) + x / 2, 128, (size_t)(size + 1) / 2);
    }
}

void scene_burn(struct vd_scene *sc, const struct moment *m)
{
    unsigned number = (unsigned)m->frame & ((1u << BITS) - 1u);
    unsigned code = number << SUM_BITS | sum_of(number);
    int size = sc->spec.height / 60 > 2 ? sc->spec.height / 60 : 2, dot = size / 2;
    unsigned value = number;

    for (int i = 0; i < CELLS; i++)
        cell(sc, i * size, 0, size, code >> (CELLS - 1 - i) & 1u ? LIGHT : DARK);
    for (int i = 0; i < 25 * 7; i++)
        cell(sc, i % 25 * dot, size + i / 25 * dot, dot, DARK);
    for (int i = 5; i >= 0; i--, value /= 10)
        for (int k = 0; k < 15; k++)
            cell(sc, (1 + i * 4 + k % 3) * dot, size + (1 + k / 3) * dot, dot,
                 digits[value % 10] >> (14 - k) & 1u ? LIGHT : DARK);
}

int vd_scene_read_number(const uint8_t *y, int stride, int width, int height)
{
    int size = height / 60 > 2 ? height / 60 : 2;
    unsigned code = 0;

    if (width < size * CELLS || height < size)
        return -1;
    for (int i = 0; i < CELLS; i++) {
        int sum = 0, n = 0;

        for (int r = size / 4; r < size - size / 4; r++)
            for (int x = i * size + size / 4; x < (i + 1) * size - size / 4; x++, n++)
                sum += y[(int64_t)r * stride + x];
        sum /= n > 0 ? n : 1;
        if (sum > DARK + 60 && sum < LIGHT - 60)
            return -1;
        code = code << 1 | (sum > 128 ? 1u : 0u);
    }
    if (sum_of(code >> SUM_BITS) != (code & 15u))
        return -1;
    return (int)(code >> SUM_BITS);
}
