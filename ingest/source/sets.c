#include "ingest/source/sets.h"

#include <string.h>

enum kind { KIND_OTHER, KIND_SLICE, KIND_VPS, KIND_SPS, KIND_PPS };

static int type_of(enum vd_codec codec, const uint8_t *nal)
{
    return codec == VD_CODEC_H265 ? nal[0] >> 1 & 0x3f : nal[0] & 0x1f;
}

static enum kind kind_of(enum vd_codec codec, const uint8_t *nal)
{
    int type = type_of(codec, nal);

    if (codec == VD_CODEC_H265)
        return type < 32    ? KIND_SLICE
               : type == 32 ? KIND_VPS
               : type == 33 ? KIND_SPS
               : type == 34 ? KIND_PPS
                            : KIND_OTHER;
    return type >= 1 && type <= 5 ? KIND_SLICE
           : type == 7            ? KIND_SPS
           : type == 8            ? KIND_PPS
                                  : KIND_OTHER;
}

/* Where 00 00 01 begins at or after at; n when nowhere. */
static size_t start_code(const uint8_t *data, size_t n, size_t at)
{
    while (at + 3 <= n) {
        const uint8_t *zero = memchr(data + at, 0, n - 2 - at);

        if (zero == NULL)
            return n;
        at = (size_t)(zero - data);
        if (data[at + 1] == 0 && data[at + 2] == 1)
            return at;
        at++;
    }
    return n;
}

bool vd_sets_next_nal(const uint8_t *data, size_t n, size_t *at, const uint8_t **ret_nal,
                      size_t *ret_len)
{
    for (;;) {
        size_t begin = start_code(data, n, *at), end;

        if (begin == n)
            return false;
        begin += 3;
        end = start_code(data, n, begin);
        *at = end;
        while (end > begin && data[end - 1] == 0)
            end--;
        if (end == begin)
            continue;
        *ret_nal = data + begin;
        *ret_len = end - begin;
        return true;
    }
}

static bool holds(const struct vd_sets *sets, const uint8_t *nal, size_t len)
{
    const uint8_t *other;
    size_t at = 0, n;

    while (vd_sets_next_nal(sets->bytes, sets->n, &at, &other, &n))
        if (n == len && memcmp(nal, other, len) == 0)
            return true;
    return false;
}

static void add(struct vd_sets *sets, const uint8_t *nal, size_t len)
{
    static const uint8_t code[4] = {0, 0, 0, 1};

    if (sets->n + sizeof code + len > sizeof sets->bytes || holds(sets, nal, len))
        return;
    memcpy(sets->bytes + sets->n, code, sizeof code);
    memcpy(sets->bytes + sets->n + sizeof code, nal, len);
    sets->n += sizeof code + len;
}

/* Adds those of one kind that stand before the first slice; returns how many there are. */
static int add_kind(enum vd_codec codec, enum kind kind, const uint8_t *data, size_t n,
                    struct vd_sets *sets)
{
    const uint8_t *nal;
    size_t at = 0, len;
    int found = 0;

    while (vd_sets_next_nal(data, n, &at, &nal, &len)) {
        enum kind k = kind_of(codec, nal);

        if (k == KIND_SLICE)
            break;
        if (k != kind)
            continue;
        add(sets, nal, len);
        found++;
    }
    return found;
}

/* A slice is long: looking for its end would read all of it. */
static size_t head_of(enum vd_codec codec, const uint8_t *data, size_t n)
{
    for (size_t at = 0; (at = start_code(data, n, at)) + 3 < n; at += 3)
        if (kind_of(codec, data + at + 3) == KIND_SLICE)
            return at;
    return n;
}

void vd_sets_find(enum vd_codec codec, const uint8_t *data, size_t n, struct vd_sets *ret_sets)
{
    ret_sets->n = 0;
    if (codec == VD_CODEC_JPEG)
        return;
    n = head_of(codec, data, n);
    for (enum kind kind = KIND_VPS; kind <= KIND_PPS; kind++)
        (void)add_kind(codec, kind, data, n, ret_sets);
}

void vd_sets_complete(enum vd_codec codec, struct vd_sets *fresh, const struct vd_sets *old)
{
    struct vd_sets whole = {.n = 0};

    for (enum kind kind = KIND_VPS; kind <= KIND_PPS; kind++)
        if (add_kind(codec, kind, fresh->bytes, fresh->n, &whole) == 0)
            (void)add_kind(codec, kind, old->bytes, old->n, &whole);
    *fresh = whole;
}

bool vd_sets_are_whole(enum vd_codec codec, const struct vd_sets *sets)
{
    const uint8_t *nal;
    unsigned seen = 0;
    size_t at = 0, len;
    unsigned needed = 1U << KIND_SPS | 1U << KIND_PPS;

    if (codec == VD_CODEC_JPEG)
        return true;
    if (codec == VD_CODEC_H265)
        needed |= 1U << KIND_VPS;
    while (vd_sets_next_nal(sets->bytes, sets->n, &at, &nal, &len))
        seen |= 1U << kind_of(codec, nal);
    return (seen & needed) == needed;
}

bool vd_sets_jpeg_size(const uint8_t *data, size_t n, int *ret_w, int *ret_h)
{
    size_t at = 2;

    if (n < 4 || data[0] != 0xff || data[1] != 0xd8)
        return false;
    while (at + 9 <= n && data[at] == 0xff) {
        int marker = data[at + 1];
        size_t len = (size_t)data[at + 2] << 8 | data[at + 3];

        /* SOF0 to SOF15, but for DHT, JPG and DAC, which share the row. */
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) {
            *ret_h = data[at + 5] << 8 | data[at + 6];
            *ret_w = data[at + 7] << 8 | data[at + 8];
            return *ret_w > 0 && *ret_h > 0;
        }
        if (marker == 0xda || len < 2)
            return false;
        at += 2 + len;
    }
    return false;
}
