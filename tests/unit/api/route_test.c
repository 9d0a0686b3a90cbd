#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "alerts/api/route.h"

#define ID "01a20992-6f11-7ba3-999b-1fbda3ea2858"

struct good {
    const char *method, *target;
    enum vd_route route;
    const char *id;
};

Test(route, finds_what_a_request_asks_for)
{
    static const struct good cases[] = {
        {"GET", "/", VD_ROUTE_ASSET, ""},
        {"HEAD", "/", VD_ROUTE_ASSET, ""},
        {"GET", "/a/vedette-0123.js", VD_ROUTE_ASSET, "a/vedette-0123.js"},
        {"GET", "/apix", VD_ROUTE_ASSET, "apix"},
        {"GET", "/%61/x", VD_ROUTE_ASSET, "a/x"},
        {"GET", "/healthz", VD_ROUTE_HEALTH, ""},
        {"GET", "/metrics?x=1", VD_ROUTE_METRICS, ""},
        {"POST", "/api/v1/session", VD_ROUTE_SESSION_OPEN, ""},
        {"GET", "/api/v1/session", VD_ROUTE_SESSION_SHOW, ""},
        {"DELETE", "/api/v1/session", VD_ROUTE_SESSION_CLOSE, ""},
        {"GET", "/api/v1/alerts", VD_ROUTE_ALERT_LIST, ""},
        {"HEAD", "/api/v1/alerts", VD_ROUTE_ALERT_LIST, ""},
        {"GET", "/api/v1/alerts?", VD_ROUTE_ALERT_LIST, ""},
        {"GET", "/api/v1/alerts?&&", VD_ROUTE_ALERT_LIST, ""},
        {"GET", "/api/v1/alerts/" ID, VD_ROUTE_ALERT_SHOW, ID},
        {"GET", "/api/v1/alerts/%30x", VD_ROUTE_ALERT_SHOW, "0x"},
        {"POST", "/api/v1/alerts/" ID "/acknowledge", VD_ROUTE_ALERT_CHANGE, ID},
        {"POST", "/api/v1/alerts/" ID "/resolve", VD_ROUTE_ALERT_CHANGE, ID},
        {"GET", "/api/v1/cameras", VD_ROUTE_CAMERA_LIST, ""},
        {"GET", "/api/v1/media/gate-3." ID, VD_ROUTE_MEDIA, "gate-3." ID},
        {"GET", "/api/v1/media/%2e%2e%2fsecrets", VD_ROUTE_MEDIA, "../secrets"},
        {"GET", "/api/v1/status", VD_ROUTE_STATUS, ""},
        {"GET", "/api/v1/stream?after=7", VD_ROUTE_STREAM, ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct good *c = &cases[i];
        struct vd_target target;
        unsigned allow;

        cr_assert_eq(vd_route_decode(c->method, c->target, &target, &allow), 0, "%s %s",
                     c->method, c->target);
        cr_assert_eq(target.route, c->route, "%s %s gave %s", c->method, c->target,
                     vd_route_name(target.route));
        cr_assert_str_eq(target.id, c->id, "%s %s", c->method, c->target);
    }
}

struct bad {
    const char *method, *target;
    int fault;
    unsigned allow;
};

Test(route, says_what_is_wrong_with_a_request)
{
    static const struct bad cases[] = {
        {"GET", "", VD_ROUTE_BAD, 0},
        {"GET", "api", VD_ROUTE_BAD, 0},
        {"GET", "http://elsewhere/", VD_ROUTE_BAD, 0},
        {"GET", "/x#y", VD_ROUTE_BAD, 0},
        {"GET", "*", VD_ROUTE_BAD, 0},
        {"GET", "/api/v1/", VD_ROUTE_NONE, 0},
        {"GET", "/api/v2/alerts", VD_ROUTE_NONE, 0},
        {"GET", "/api/v1/alerts/", VD_ROUTE_NONE, 0},
        {"GET", "/api/v1/alerts//acknowledge", VD_ROUTE_NONE, 0},
        {"GET", "/api/v1/alerts/x/y/z", VD_ROUTE_NONE, 0},
        {"GET", "/api/v1/alerts/%zz", VD_ROUTE_NONE, 0},
        {"GET", "/api/v1/alerts/%00", VD_ROUTE_NONE, 0},
        {"GET", "/%", VD_ROUTE_NONE, 2},
        {"GET", "/%c3%28", VD_ROUTE_NONE, 2},
        {"POST", "/", VD_ROUTE_METHOD, 3},
        {"DELETE", "/api/v1/alerts", VD_ROUTE_METHOD, 3},
        {"GET", "/api/v1/alerts/x/acknowledge", VD_ROUTE_METHOD, 4},
        {"OPTIONS", "/api/v1/alerts", VD_ROUTE_NO_METHOD, 0},
        {"get", "/", VD_ROUTE_NO_METHOD, 0},
        {"GET", "/api/v1/alerts?%zz=1", VD_ROUTE_BAD, 3},
        {"GET", "/api/v1/alerts?=1", VD_ROUTE_BAD, 3},
        {"GET", "/api/v1/alerts?a=%0a", VD_ROUTE_BAD, 3},
        {"GET", "/api/v1/alerts?a=%ff", VD_ROUTE_BAD, 3},
        {"GET", "/api/v1/alerts?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", VD_ROUTE_BAD, 3},
        {"GET", "/api/v1/alerts?a-name-that-is-far-too-long=1", VD_ROUTE_BAD, 3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bad *c = &cases[i];
        struct vd_target target;
        unsigned allow;
        int fault = vd_route_decode(c->method, c->target, &target, &allow);

        cr_assert_eq(fault, c->fault, "%s %s gave %d", c->method, c->target, fault);
        if (fault == VD_ROUTE_METHOD)
            cr_assert(allow != 0, "%s %s: no Allow", c->method, c->target);
    }
}

Test(route, refuses_a_target_that_is_too_long)
{
    char text[VD_TARGET_MAX + 3] = "/";
    struct vd_target target;
    unsigned allow;

    memset(text + 1, 'a', VD_TARGET_MAX + 1);
    cr_assert_eq(vd_route_decode("GET", text, &target, &allow), VD_ROUTE_TOO_LONG);
}

Test(route, decodes_a_query)
{
    struct vd_target target;
    unsigned allow;

    cr_assert_eq(vd_route_decode("GET",
                                 "/api/v1/alerts?q=a+b%26c%E5%85%AC&camera=x&empty=&bare",
                                 &target, &allow),
                 0);
    cr_assert_eq(target.query.n, 4);
    cr_assert_str_eq(vd_query_get(&target.query, "q"), "a b&c公");
    cr_assert_str_eq(vd_query_get(&target.query, "camera"), "x");
    cr_assert_str_eq(vd_query_get(&target.query, "empty"), "");
    cr_assert_str_eq(vd_query_get(&target.query, "bare"), "");
    cr_assert_null(vd_query_get(&target.query, "none"));
}

Test(route, asks_for_the_page_token_with_every_change)
{
    static const char *const changes[][2] = {
        {"DELETE", "/api/v1/session"},
        {"POST", "/api/v1/alerts/x/acknowledge"},
        {"POST", "/api/v1/alerts/x/resolve"},
    };
    struct vd_target target;
    unsigned allow;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        cr_assert_eq(vd_route_decode(changes[i][0], changes[i][1], &target, &allow), 0);
        cr_assert_eq(target.needs & (VD_NEEDS_SESSION | VD_NEEDS_CSRF),
                     (unsigned)(VD_NEEDS_SESSION | VD_NEEDS_CSRF), "%s", changes[i][1]);
    }
}

Test(route, a_host_that_is_no_address_of_this_machine_is_not_local)
{
    static const struct {
        const char *host;
        bool is_local;
    } cases[] = {
        {"127.0.0.1", true},
        {"127.0.0.1:8080", true},
        {"[::1]:8080", true},
        {"[::1]", true},
        {"localhost", true},
        {"LOCALHOST:8080", true},
        {"a.localhost:80", true},
        {"10.0.0.7:8080", true},
        {"evil.example:8080", false},
        {"evillocalhost", false},
        {"localhost.evil", false},
        {"127.0.0.1.evil", false},
        {"[::1", false},
        {"[::1]x", false},
        {"", false},
        {"[127.0.0.1]", false},
        {"::1", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(vd_host_is_local(cases[i].host), cases[i].is_local, "'%s'", cases[i].host);
}
