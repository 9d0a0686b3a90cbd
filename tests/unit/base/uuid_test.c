#include "base/uuid.h"

#include <criterion/criterion.h>
#include <string.h>

Test(uuid, carries_its_time_version_and_variant)
{
    const int64_t wall_us = INT64_C(1787368447412345);
    struct vd_uuid u = vd_uuid_make(wall_us);
    char text[VD_UUID_TEXT];

    vd_uuid_format(&u, text);
    cr_assert_eq(strlen(text), 36);
    cr_assert_eq(text[14], '7', "%s", text);
    cr_assert(strchr("89ab", text[19]) != NULL, "%s", text);
    cr_assert_eq(vd_uuid_wall_us(&u), INT64_C(1787368447412000));
}

Test(uuid, sorts_by_time_as_text)
{
    struct vd_uuid a = vd_uuid_make(INT64_C(1787368447412000));
    struct vd_uuid b = vd_uuid_make(INT64_C(1787368447413000));
    char left[VD_UUID_TEXT], right[VD_UUID_TEXT];

    vd_uuid_format(&a, left);
    vd_uuid_format(&b, right);
    cr_assert(strcmp(left, right) < 0);
}

Test(uuid, no_two_are_equal)
{
    struct vd_uuid a = vd_uuid_make(1), b = vd_uuid_make(1);

    cr_assert(!vd_uuid_equal(&a, &b));
    cr_assert(!vd_uuid_is_nil(&a));
}

Test(uuid, text_goes_both_ways_and_nothing_else_passes)
{
    static const char *const bad[] = {
        "",
        "0198c2f0-1111-7222-8333-44445555666",
        "0198c2f0-1111-7222-8333-4444555566667",
        "0198c2f0x1111-7222-8333-444455556666",
        "0198c2f0-1111-7222-8333-44445555666g",
        "{198c2f0-1111-7222-8333-444455556666}",
    };
    struct vd_uuid u = {{1}}, before = u;
    char text[VD_UUID_TEXT];

    cr_assert(vd_uuid_parse("0198C2F0-1111-7222-8333-44445555666F", &u));
    vd_uuid_format(&u, text);
    cr_assert_str_eq(text, "0198c2f0-1111-7222-8333-44445555666f");
    u = before;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(!vd_uuid_parse(bad[i], &u), "'%s'", bad[i]);
        cr_assert(vd_uuid_equal(&u, &before));
    }
}
