#include <criterion/criterion.h>

#include <string.h>

#include "alerts/api/cookie.h"

#define T "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

struct row {
    const char *header;
    bool is_tls, is_found;
};

Test(cookie, finds_its_own_and_nothing_else)
{
    static const struct row rows[] = {
        {NULL, false, false},
        {"", false, false},
        {"vedette=" T, false, true},
        {"a=b; vedette=" T, false, true},
        {"a=b;vedette=" T ";c=d", false, true},
        {"  vedette=" T "  ", false, true},
        {"xvedette=" T, false, false},
        {"vedettex=" T, false, false},
        {"Vedette=" T, false, false},
        {"vedette=", false, false},
        {"vedette=" T "x", false, false},
        {"vedette=\"" T "\"", false, false},
        {"vedette=../../../../../../../../../../../../etc/pas", false, false},
        {"vedette=" T "; vedette=" T, false, false},
        {"vedette=" T, true, false},
        {"__Host-vedette=" T, true, true},
        {"__Host-vedette=" T, false, false},
        {"__Host-vedette=" T "; vedette=x", true, true},
        {";;;;", false, false},
        {"vedette", false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char token[VD_TOKEN_TEXT + 1];
        bool is_found = vd_cookie_token(rows[i].header, rows[i].is_tls, token);

        cr_assert_eq(is_found, rows[i].is_found, "%s", rows[i].header);
        if (is_found)
            cr_assert_str_eq(token, T);
    }
}

Test(cookie, is_kept_from_scripts_and_other_sites)
{
    char text[256];

    vd_cookie_set(text, sizeof text, T, false);
    cr_assert_str_eq(text, "vedette=" T "; Path=/; HttpOnly; SameSite=Strict");
    vd_cookie_set(text, sizeof text, T, true);
    cr_assert_str_eq(text, "__Host-vedette=" T "; Path=/; HttpOnly; SameSite=Strict; Secure");
    vd_cookie_set(text, sizeof text, NULL, false);
    cr_assert_str_eq(text, "vedette=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}
