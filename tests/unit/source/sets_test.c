#include <criterion/criterion.h>
#include <string.h>

#include "ingest/source/sets.h"

/* One letter a NAL unit: what kind it is; its second byte tells units of a kind apart. */
static size_t make(enum vd_codec codec, const char *kinds, uint8_t *out)
{
    static const struct {
        char name;
        uint8_t h264, h265; /* first byte of the unit */
    } types[] = {{'a', 9, 35 << 1},    {'v', 0, 32 << 1},    {'s', 0x67, 33 << 1},
                 {'S', 0x67, 33 << 1}, {'p', 0x68, 34 << 1}, {'P', 0x68, 34 << 1},
                 {'e', 6, 39 << 1},    {'I', 0x65, 19 << 1}, {'-', 0x41, 1 << 1}};
    size_t n = 0;

    for (; *kinds != '\0'; kinds++)
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            if (types[i].name != *kinds)
                continue;
            if (n % 2 == 0)
                out[n++] = 0;
            memcpy(out + n, "\0\0\1", 3);
            n += 3;
            out[n++] = codec == VD_CODEC_H265 ? types[i].h265 : types[i].h264;
            out[n++] = (uint8_t)*kinds;
            out[n++] = 0xab;
        }
    return n;
}

static void read_back(const struct vd_sets *sets, char *kinds)
{
    const uint8_t *nal;
    size_t at = 0, len;

    while (vd_sets_next_nal(sets->bytes, sets->n, &at, &nal, &len)) {
        cr_assert_eq(len, 3);
        *kinds++ = (char)nal[1];
    }
    *kinds = '\0';
}

Test(sets, are_found_in_front_of_the_picture_each_once_in_the_order_of_their_kinds)
{
    static const struct {
        enum vd_codec codec;
        const char *packet, *sets;
        bool is_whole;
    } cases[] = {
        {VD_CODEC_H264, "aspeI", "sp", true},   {VD_CODEC_H264, "psI", "sp", true},
        {VD_CODEC_H264, "sspPpI", "spP", true}, {VD_CODEC_H264, "I", "", false},
        {VD_CODEC_H264, "sI", "s", false},      {VD_CODEC_H264, "-sp", "", false},
        {VD_CODEC_H264, "sp", "sp", true},      {VD_CODEC_H265, "avspeI", "vsp", true},
        {VD_CODEC_H265, "psvI--", "vsp", true}, {VD_CODEC_H265, "spI", "sp", false},
        {VD_CODEC_H265, "vsSpI", "vsSp", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t packet[256];
        size_t n = make(cases[i].codec, cases[i].packet, packet);
        struct vd_sets sets;
        char kinds[64];

        vd_sets_find(cases[i].codec, packet, n, &sets);
        read_back(&sets, kinds);
        cr_assert_str_eq(kinds, cases[i].sets, "case %zu: '%s'", i, kinds);
        cr_assert_eq(vd_sets_are_whole(cases[i].codec, &sets), cases[i].is_whole, "case %zu",
                     i);
    }
}

Test(sets, of_now_replace_their_kind_and_keep_the_others)
{
    static const struct {
        enum vd_codec codec;
        const char *old, *fresh, *both;
    } cases[] = {
        {VD_CODEC_H264, "sp", "S", "Sp"},   {VD_CODEC_H264, "sp", "", "sp"},
        {VD_CODEC_H264, "", "sp", "sp"},    {VD_CODEC_H265, "vsp", "SP", "vSP"},
        {VD_CODEC_H264, "spP", "Sp", "Sp"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t packet[256];
        struct vd_sets old, fresh;
        char kinds[64];

        vd_sets_find(cases[i].codec, packet, make(cases[i].codec, cases[i].old, packet), &old);
        vd_sets_find(cases[i].codec, packet, make(cases[i].codec, cases[i].fresh, packet),
                     &fresh);
        vd_sets_complete(cases[i].codec, &fresh, &old);
        read_back(&fresh, kinds);
        cr_assert_str_eq(kinds, cases[i].both, "case %zu: '%s'", i, kinds);
    }
}

Test(sets, that_are_too_long_are_left_out)
{
    static uint8_t packet[VD_SETS_MAX + 64];
    struct vd_sets sets;

    memset(packet, 0xab, sizeof packet);
    memcpy(packet, "\0\0\1\x67", 4);
    memcpy(packet + VD_SETS_MAX + 8, "\0\0\1\x68\1\0\0\1\x65", 9);
    vd_sets_find(VD_CODEC_H264, packet, sizeof packet, &sets);
    cr_assert_eq(sets.n, 6);
    cr_assert_not(vd_sets_are_whole(VD_CODEC_H264, &sets));
}

Test(sets, of_a_jpeg_are_its_size)
{
    static const uint8_t good[] = {0xff, 0xd8, 0xff, 0xe0, 0,  4, 1, 2,   0xff, 0xc4, 0, 3,
                                   0,    0xff, 0xc0, 0,    17, 8, 0, 240, 1,    64,   3, 0};
    int w = 0, h = 0;

    cr_assert(vd_sets_jpeg_size(good, sizeof good, &w, &h));
    cr_assert_eq(w, 320);
    cr_assert_eq(h, 240);
    for (size_t n = 0; n < 22; n++)
        cr_assert_not(vd_sets_jpeg_size(good, n, &w, &h), "%zu bytes", n);
}
