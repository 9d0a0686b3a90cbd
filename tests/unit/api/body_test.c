#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/body.h"

Test(body, takes_a_name_and_a_password)
{
    static const char text[] = "{\"name\":\"ann\",\"password\":\"p\\u00e4ss\",\"more\":1}";
    struct vd_sign_in body;

    cr_assert_eq(vd_body_sign_in(text, strlen(text), &body, NULL), 0);
    cr_assert_str_eq(body.name, "ann");
    cr_assert_str_eq(body.password, "päss");
}

Test(body, refuses_every_other_sign_in)
{
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "{\"name\":\"a\"}",
        "{\"name\":\"\",\"password\":\"x\"}",
        "{\"name\":\"a\",\"password\":\"\"}",
        "{\"name\":1,\"password\":\"x\"}",
        "{\"name\":\"a\",\"password\":null}",
        "{\"name\":\"a\",\"name\":\"b\",\"password\":\"x\"}",
        "{\"name\":\"a\\u0000b\",\"password\":\"x\"}",
        "{\"name\":\"a\",\"password\":\"x\"",
        "{\"name\":\"a\",\"password\":\"x\"}}",
    };
    struct vd_sign_in body;
    char *text = malloc(VD_BODY_MAX + 64);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(vd_body_sign_in(rows[i], strlen(rows[i]), &body, NULL), VD_EPROTO, "%s",
                     rows[i]);
    snprintf(text, VD_BODY_MAX, "{\"name\":\"a\",\"password\":\"%0300d\"}", 0);
    cr_assert_eq(vd_body_sign_in(text, strlen(text), &body, NULL), VD_EPROTO);
    memset(text, ' ', VD_BODY_MAX + 1);
    cr_assert_eq(vd_body_sign_in(text, VD_BODY_MAX + 1, &body, NULL), VD_EPROTO);
    free(text);
}

Test(body, reads_a_change)
{
    static const struct {
        const char *text;
        int rc;
        int64_t version;
        const char *disposition;
    } rows[] = {
        {"", 0, 0, ""},
        {"{}", 0, 0, ""},
        {"{\"version\":7}", 0, 7, ""},
        {"{\"version\":7,\"disposition\":\"nuisance\",\"note\":\"cat\"}", 0, 7, "nuisance"},
        {"{\"version\":null,\"note\":null}", 0, 0, ""},
        {"{\"version\":0}", VD_EPROTO, 0, ""},
        {"{\"version\":-1}", VD_EPROTO, 0, ""},
        {"{\"version\":1.5}", VD_EPROTO, 0, ""},
        {"{\"version\":\"7\"}", VD_EPROTO, 0, ""},
        {"{\"disposition\":\"cat\"}", VD_EPROTO, 0, ""},
        {"{\"disposition\":\"a-disposition-that-is-long\"}", VD_EPROTO, 0, ""},
        {"{\"note\":7}", VD_EPROTO, 0, ""},
        {"[7]", VD_EPROTO, 0, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_change_body body = {0};

        cr_assert_eq(vd_body_change(rows[i].text, strlen(rows[i].text), &body, NULL),
                     rows[i].rc, "%s", rows[i].text);
        cr_assert_eq(body.version, rows[i].version, "%s", rows[i].text);
        cr_assert_str_eq(body.disposition, rows[i].disposition, "%s", rows[i].text);
    }
}

Test(body, knows_a_version_in_a_header)
{
    static const struct {
        const char *header;
        int rc;
        int64_t version;
    } rows[] = {
        {NULL, 0, 0},
        {"", 0, 0},
        {"\"7\"", 0, 7},
        {"7", 0, 7},
        {"W/\"7\"", 0, 7},
        {"*", VD_EPROTO, 0},
        {"\"\"", VD_EPROTO, 0},
        {"\"7", VD_EPROTO, 0},
        {"0", VD_EPROTO, 0},
        {"\"x\"", VD_EPROTO, 0},
        {"\"1\", \"2\"", VD_EPROTO, 0},
        {"\"99999999999999999999999\"", VD_EPROTO, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t version = -1;

        cr_assert_eq(vd_if_match(rows[i].header, &version), rows[i].rc, "%s", rows[i].header);
        if (rows[i].rc == 0)
            cr_assert_eq(version, rows[i].version, "%s", rows[i].header);
    }
}
