/* Texts to values and back: numbers with their units, shapes, addresses. */
#include <criterion/criterion.h>
#include <string.h>

#include "config/polygon.h"
#include "config/value.h"

struct field {
    int64_t raw;
    float fraction;
    const char *text;
};

static int set(enum vd_key_type type, const char *text, struct field *field,
               struct vd_arena *arena)
{
    bool is_float = type == VD_KEY_PERCENT || type == VD_KEY_NUMBER;
    struct vd_key key = {.name = "key",
                         .type = type,
                         .offset = is_float ? offsetof(struct field, fraction) : 0,
                         .min = 0,
                         .max = INT64_C(1) << 50,
                         .names = "rtsp rtsps"};

    if (type == VD_KEY_URL || type == VD_KEY_LISTEN || type == VD_KEY_TIMEZONE) {
        key.offset = offsetof(struct field, text);
        key.min = 1;
        key.max = 1000;
    }
    return vd_value_set(arena, &key, field, text, NULL);
}

static const struct {
    enum vd_key_type type;
    const char *text;
    int64_t raw;         /* -1: refused */
    const char *printed; /* NULL: the text itself */
} numbers[] = {
    {VD_KEY_DURATION, "0s", 0, NULL},
    {VD_KEY_DURATION, "10s", 10000000, NULL},
    {VD_KEY_DURATION, "10 s", 10000000, "10s"},
    {VD_KEY_DURATION, "250ms", 250000, NULL},
    {VD_KEY_DURATION, "1.5s", 1500000, "1500ms"},
    {VD_KEY_DURATION, "0.5ms", 500, NULL},
    {VD_KEY_DURATION, "60s", 60000000, "1m"},
    {VD_KEY_DURATION, "90m", INT64_C(5400000000), NULL},
    {VD_KEY_DURATION, "24h", INT64_C(86400000000), "1d"},
    {VD_KEY_DURATION, "2w", INT64_C(1209600000000), "14d"},
    {VD_KEY_DURATION, "10", -1, NULL},
    {VD_KEY_DURATION, "s", -1, NULL},
    {VD_KEY_DURATION, "10S", -1, NULL},
    {VD_KEY_DURATION, "10sec", -1, NULL},
    {VD_KEY_DURATION, "-0s", 0, "0s"},
    {VD_KEY_DURATION, "-1s", -1, NULL},
    {VD_KEY_DURATION, "+1s", -1, NULL},
    {VD_KEY_DURATION, " 1s", -1, NULL},
    {VD_KEY_DURATION, "1e3s", -1, NULL},
    {VD_KEY_DURATION, "1.s", -1, NULL},
    {VD_KEY_DURATION, ".5s", -1, NULL},
    {VD_KEY_DURATION, "1.0000001s", -1, NULL},
    {VD_KEY_DURATION, "9223372036854775807s", -1, NULL},
    {VD_KEY_DURATION, "99999999999999999999999s", -1, NULL},
    {VD_KEY_SIZE, "0B", 0, NULL},
    {VD_KEY_SIZE, "20GiB", INT64_C(21474836480), NULL},
    {VD_KEY_SIZE, "1.5KiB", 1536, "1536B"},
    {VD_KEY_SIZE, "1.1GiB", 1181116006, "1181116006B"},
    {VD_KEY_SIZE, "1MB", 1000000, "1000000B"},
    {VD_KEY_SIZE, "1024MiB", 1 << 30, "1GiB"},
    {VD_KEY_SIZE, "20G", -1, NULL},
    {VD_KEY_SIZE, "20", -1, NULL},
    {VD_KEY_SIZE, "99999999TiB", -1, NULL},
    {VD_KEY_PERCENT, "0.3%", 3000, NULL},
    {VD_KEY_PERCENT, "100%", 1000000, NULL},
    {VD_KEY_PERCENT, "0.0001%", 1, NULL},
    {VD_KEY_PERCENT, "0.00001%", -1, NULL},
    {VD_KEY_PERCENT, "0.3", -1, NULL},
    {VD_KEY_INT, "42", 42, NULL},
    {VD_KEY_INT, "042", 42, "42"},
    {VD_KEY_INT, "4.2", -1, NULL},
    {VD_KEY_INT, "4.0", 4, "4"},
    {VD_KEY_INT, "", -1, NULL},
    {VD_KEY_INT, "0x1f", -1, NULL},
    {VD_KEY_NUMBER, "2.5", 2500, NULL},
    {VD_KEY_NUMBER, "2.5001", -1, NULL},
};

Test(value, numbers_carry_their_units_and_come_back_the_same)
{
    struct vd_arena arena = {0};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct field field = {0};
        char text[VD_VALUE_TEXT_MAX];
        int rc = set(numbers[i].type, numbers[i].text, &field, &arena);

        cr_assert_eq(rc, numbers[i].raw < 0 ? VD_EINVAL : 0, "'%s': %d", numbers[i].text, rc);
        if (rc < 0)
            continue;
        if (numbers[i].type == VD_KEY_PERCENT)
            cr_assert_float_eq(field.fraction, (double)numbers[i].raw / 1e6, 1e-7, "%s",
                               numbers[i].text);
        else if (numbers[i].type == VD_KEY_NUMBER)
            cr_assert_float_eq(field.fraction, (double)numbers[i].raw / 1e3, 1e-6, "%s",
                               numbers[i].text);
        else
            cr_assert_eq(field.raw, numbers[i].raw, "'%s': %lld", numbers[i].text,
                         (long long)field.raw);
        vd_value_number_text(numbers[i].type, numbers[i].raw, text);
        cr_assert_str_eq(text,
                         numbers[i].printed != NULL ? numbers[i].printed : numbers[i].text);
    }
    vd_arena_fini(&arena);
}

static const struct {
    enum vd_key_type type;
    const char *text;
    bool is_good;
} texts[] = {
    {VD_KEY_URL, "rtsp://10.0.0.1/live", true},
    {VD_KEY_URL, "rtsp://cam.example:8554", true},
    {VD_KEY_URL, "rtsps://[2001:db8::1]:322/a?b=c#d", true},
    {VD_KEY_URL, "rtsp://[2001:db8::1]/a", true},
    {VD_KEY_URL, "rtsp://10.0.0.1/live%40home", true},
    {VD_KEY_URL, "rtsp://10.0.0.1/live@home", false},
    {VD_KEY_URL, "rtsp://u@10.0.0.1/", false},
    {VD_KEY_URL, "rtsp://u:p@10.0.0.1/", false},
    {VD_KEY_URL, "rtsp://u:554/p@10.0.0.1/", false},
    {VD_KEY_URL, "rtsp://", false},
    {VD_KEY_URL, "rtsp:///x", false},
    {VD_KEY_URL, "rtsp://:554/x", false},
    {VD_KEY_URL, "rtsp://10.0.0.1:0/x", false},
    {VD_KEY_URL, "rtsp://10.0.0.1:/x", false},
    {VD_KEY_URL, "rtsp://2001:db8::1/x", false},
    {VD_KEY_URL, "rtsp://10.0.0.1/a b", false},
    {VD_KEY_URL, "http://10.0.0.1/", false},
    {VD_KEY_URL, "file:///etc/passwd", false},
    {VD_KEY_URL, "://x", false},
    {VD_KEY_LISTEN, "127.0.0.1:8080", true},
    {VD_KEY_LISTEN, "[::1]:8080", true},
    {VD_KEY_LISTEN, ":8080", true},
    {VD_KEY_LISTEN, "*:8080", true},
    {VD_KEY_LISTEN, "host.example:0", true},
    {VD_KEY_LISTEN, "::1:8080", false},
    {VD_KEY_LISTEN, "127.0.0.1", false},
    {VD_KEY_LISTEN, "127.0.0.1:", false},
    {VD_KEY_LISTEN, "127.0.0.1:65536", false},
    {VD_KEY_LISTEN, "127.0.0.1:-1", false},
    {VD_KEY_LISTEN, "a b:80", false},
    {VD_KEY_LISTEN, "[]:80", false},
    {VD_KEY_TIMEZONE, "Asia/Shanghai", true},
    {VD_KEY_TIMEZONE, "UTC", true},
    {VD_KEY_TIMEZONE, "America/Argentina/Buenos_Aires", true},
    {VD_KEY_TIMEZONE, "Asia", false},
    {VD_KEY_TIMEZONE, "../zoneinfo/UTC", false},
    {VD_KEY_TIMEZONE, "/usr/share/zoneinfo/UTC", false},
    {VD_KEY_TIMEZONE, "Mars/Olympus", false},
};

Test(value, texts_are_what_they_claim_to_be)
{
    struct vd_arena arena = {0};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct field field = {0};
        int rc = set(texts[i].type, texts[i].text, &field, &arena);

        cr_assert_eq(rc == 0, texts[i].is_good, "'%s': %d", texts[i].text, rc);
    }
    vd_arena_fini(&arena);
}

static const struct {
    const char *what;
    int n;
    struct vd_corner corners[8];
    bool is_good;
} shapes[] = {
    {"triangle", 3, {{0, 0}, {9, 0}, {0, 9}}, true},
    {"the other way round", 3, {{0, 0}, {0, 9}, {9, 0}}, true},
    {"square", 4, {{0, 0}, {9, 0}, {9, 9}, {0, 9}}, true},
    {"dent", 5, {{0, 0}, {9, 0}, {9, 9}, {4, 3}, {0, 9}}, true},
    {"corner on a straight side", 4, {{0, 0}, {4, 0}, {9, 0}, {0, 9}}, true},
    {"bow tie", 4, {{0, 0}, {9, 9}, {9, 0}, {0, 9}}, false},
    {"uneven bow tie", 4, {{0, 0}, {9, 9}, {9, 0}, {0, 5}}, false},
    {"line", 3, {{0, 0}, {4, 4}, {9, 9}}, false},
    {"line of four", 4, {{0, 0}, {9, 9}, {4, 4}, {2, 2}}, false},
    {"two", 2, {{0, 0}, {9, 9}}, false},
    {"none", 0, {{0, 0}}, false},
    {"point twice", 4, {{0, 0}, {9, 0}, {9, 0}, {0, 9}}, false},
    {"closed", 4, {{0, 0}, {9, 0}, {0, 9}, {0, 0}}, false},
    {"spike", 4, {{0, 0}, {9, 0}, {4, 0}, {4, 9}}, false},
    {"spike at the end", 4, {{4, 0}, {4, 9}, {0, 0}, {9, 0}}, false},
    {"touches itself in a point", 6, {{0, 0}, {4, 4}, {9, 0}, {9, 9}, {4, 4}, {0, 9}}, false},
    {"touches a side", 5, {{0, 0}, {9, 0}, {9, 9}, {4, 0}, {0, 9}}, false},
    {"whole picture", 4, {{0, 0}, {1000000, 0}, {1000000, 1000000}, {0, 1000000}}, true},
};

Test(value, a_shape_is_one_that_can_be_stood_in)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        cr_assert_eq(vd_polygon_check(shapes[i].corners, shapes[i].n, NULL) == 0,
                     shapes[i].is_good, "%s", shapes[i].what);
}

/* A walk can begin at any corner and go either way: the verdict is the same. */
Test(value, the_first_corner_of_a_shape_does_not_matter)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        int n = shapes[i].n;

        if (strcmp(shapes[i].what, "closed") == 0)
            continue;
        for (int shift = 0; shift < 2 * n; shift++) {
            struct vd_corner turned[8];

            for (int j = 0; j < n; j++)
                turned[j] =
                    shapes[i]
                        .corners[shift < n ? (j + shift) % n : (2 * n - 1 - j + shift) % n];
            cr_assert_eq(vd_polygon_check(turned, n, NULL) == 0, shapes[i].is_good,
                         "%s turned by %d", shapes[i].what, shift);
        }
    }
}

Test(value, a_way_meets_a_shape_where_it_is_in_it_or_on_its_edge)
{
    static const struct vd_corner arrow[] = {{0, 0}, {10, 5}, {0, 10}, {5, 5}};
    static const struct {
        struct vd_corner a, b;
        bool meets;
    } ways[] = {
        {{6, 5}, {8, 5}, true},    {{0, 4}, {0, 6}, false},     {{0, 4}, {6, 5}, true},
        {{-5, 5}, {20, 5}, true},  {{0, 0}, {0, 10}, true},     {{10, 5}, {20, 5}, true},
        {{11, 0}, {11, 9}, false}, {{1, 3}, {3, 5}, false},     {{20, 0}, {30, 1}, false},
        {{5, 5}, {-9, 5}, true},   {{-1, -1}, {-1, 11}, false}, {{3, 2}, {4, 3}, true},
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        cr_assert_eq(vd_polygon_meets(arrow, 4, ways[i].a, ways[i].b), ways[i].meets, "way %zu",
                     i);
        cr_assert_eq(vd_polygon_meets(arrow, 4, ways[i].b, ways[i].a), ways[i].meets,
                     "way %zu back", i);
    }
}

Test(value, addresses_are_taken_apart)
{
    char host[64];
    uint16_t port;

    cr_assert_eq(vd_config_listen("[::1]:8443", host, sizeof host, &port, NULL), 0);
    cr_assert_str_eq(host, "::1");
    cr_assert_eq(port, 8443);
    cr_assert_eq(vd_config_listen("*:1", host, sizeof host, &port, NULL), 0);
    cr_assert_str_eq(host, "");
    cr_assert_eq(vd_config_listen("abcdef:1", host, 6, &port, NULL), VD_EINVAL);
}
