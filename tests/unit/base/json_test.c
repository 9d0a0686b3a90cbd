#include "base/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(json, builds_prints_and_reads_back)
{
    struct vd_json *doc = vd_json_object(), *list = vd_json_array();
    const char *want =
        "{\"t\":\"\xc3\xa4\\n\",\"n\":null,\"i\":-5,\"r\":0.25,\"b\":true,\"l\":[1]}";
    char text[256];
    int64_t i;
    double r;
    bool b;

    cr_assert_eq(vd_json_set(doc, "t", vd_json_text("\xc3\xa4\n")), 0);
    cr_assert_eq(vd_json_set(doc, "n", vd_json_text(NULL)), 0);
    cr_assert_eq(vd_json_set(doc, "i", vd_json_int(-5)), 0);
    cr_assert_eq(vd_json_set(doc, "r", vd_json_real(0.25)), 0);
    cr_assert_eq(vd_json_set(doc, "b", vd_json_bool(true)), 0);
    cr_assert_eq(vd_json_append(list, vd_json_int(1)), 0);
    cr_assert_eq(vd_json_set(doc, "l", list), 0);
    cr_assert_eq(vd_json_print(doc, text, sizeof text, NULL), (int)strlen(want));
    cr_assert_str_eq(text, want);
    cr_assert_eq(vd_json_print(doc, text, strlen(want), NULL), VD_EINVAL,
                 "no room for the NUL");
    vd_json_free(&doc);
    cr_assert_null(doc);

    cr_assert_eq(vd_json_parse(&doc, want, strlen(want), NULL), 0);
    cr_assert_str_eq(vd_json_get_text(doc, "t"), "\xc3\xa4\n");
    cr_assert(vd_json_is_null(vd_json_get(doc, "n")));
    cr_assert(vd_json_as_int(vd_json_get(doc, "i"), &i) && i == -5);
    cr_assert(vd_json_as_real(vd_json_get(doc, "r"), &r) && r == 0.25);
    cr_assert(vd_json_as_real(vd_json_get(doc, "i"), &r) && r == -5);
    cr_assert(vd_json_as_bool(vd_json_get(doc, "b"), &b) && b);
    cr_assert_eq(vd_json_count(vd_json_get(doc, "l")), 1);
    cr_assert_eq(vd_json_get_int(doc, "absent", 9), 9);
    cr_assert_null(vd_json_get_text(doc, "i"));
    vd_json_free(&doc);
}

Test(json, refuses_hostile_text)
{
    static const char *const rows[] = {
        "",
        "1",
        "\"x\"",
        "{",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1}x",
        "[NaN]",
        "[\"\\u0000\"]",
        "[\"\xff\"]",
        "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
        "[1e999]",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_json *doc = NULL;
        struct vd_err err = {0};

        cr_assert_eq(vd_json_parse(&doc, rows[i], strlen(rows[i]), &err), VD_EPROTO, "row %zu",
                     i);
        cr_assert_null(doc);
        cr_assert_neq(err.msg[0], '\0');
    }
}

Test(json, failures_on_the_way_do_not_leak_or_crash)
{
    struct vd_json *doc = vd_json_object();

    cr_assert_eq(vd_json_set(doc, "x", NULL), VD_ENOMEM);
    cr_assert_null(vd_json_text("\xff"), "no UTF-8, no node");
    cr_assert_eq(vd_json_set(NULL, "x", vd_json_int(1)), VD_ENOMEM);
    cr_assert_eq(vd_json_append(doc, vd_json_int(1)), VD_ENOMEM, "an object is no array");
    cr_assert(vd_json_is_null(vd_json_get(NULL, "x")));
    cr_assert_eq(vd_json_set(doc, "r", vd_json_real(NAN)), 0);
    cr_assert(vd_json_is_null(vd_json_get(doc, "r")));
    vd_json_free(&doc);
}

static int collect(void *arg, const char *key, const struct vd_json *value)
{
    (void)value;
    strcat(arg, key);
    return strcmp(key, "c") == 0 ? 7 : 0;
}

Test(json, walks_keys_in_their_order_until_told_to_stop)
{
    struct vd_json *doc = NULL;
    char keys[16] = "";

    cr_assert_eq(vd_json_parse(&doc, "{\"b\":1,\"a\":2,\"c\":3,\"d\":4}", 25, NULL), 0);
    cr_assert_eq(vd_json_each(doc, collect, keys), 7);
    cr_assert_str_eq(keys, "bac");
    vd_json_free(&doc);
}
