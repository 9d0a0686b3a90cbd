#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "alerts/api/search.h"

static int decode(const char *query, struct vd_search *search, struct vd_err *err)
{
    struct vd_target target;
    char text[1024];
    unsigned allow;

    snprintf(text, sizeof text, "/api/v1/alerts?%s", query);
    cr_assert_eq(vd_route_decode("GET", text, &target, &allow), 0, "%s", query);
    return vd_search_decode(&target.query, search, err);
}

Test(search, knows_the_live_list_from_a_search)
{
    static const struct {
        const char *query;
        bool is_live;
    } rows[] = {
        {"state=unresolved", true},
        {"state=unresolved&limit=200", true},
        {"state=unresolved&order=newest", true},
        {"state=unresolved&order=urgent", false},
        {"state=unresolved&q=&from=", true},
        {"", false},
        {"state=open", false},
        {"state=unresolved&severity=red", false},
        {"state=unresolved&q=gate", false},
        {"state=unresolved&cursor=1795000000000000.01a20992-6f11-7ba3-999b-1fbda3ea2858",
         false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_search search;

        cr_assert_eq(decode(rows[i].query, &search, NULL), 0, "%s", rows[i].query);
        cr_assert_eq(search.is_live, rows[i].is_live, "%s", rows[i].query);
    }
}

Test(search, reads_every_filter)
{
    struct vd_search s;

    cr_assert_eq(
        decode("state=open,resolved&severity=red&camera=gate-3&area=4403/440305&owner=ann&"
               "q=patrol&from=2026-08-22T03:14:07Z&to=2026-08-22T11:14:07%2B08:00&limit=7&"
               "cursor=1795000000000000.01A20992-6f11-7ba3-999b-1fbda3ea2858",
               &s, NULL),
        0);
    cr_assert_eq(s.filter.n_states, 2);
    cr_assert_str_eq(s.filter.states[0], "open");
    cr_assert_str_eq(s.filter.states[1], "resolved");
    cr_assert_str_eq(s.filter.severity, "red");
    cr_assert_str_eq(s.filter.camera, "gate-3");
    cr_assert_str_eq(s.filter.area, "4403/440305");
    cr_assert_str_eq(s.filter.owner, "ann");
    cr_assert_str_eq(s.filter.text, "patrol");
    cr_assert_eq(s.filter.from_us, s.filter.to_us);
    cr_assert_eq(s.filter.limit, 7);
    cr_assert_eq(s.filter.before_us, INT64_C(1795000000000000));
    cr_assert_str_eq(s.filter.before_id, "01a20992-6f11-7ba3-999b-1fbda3ea2858");
}

Test(search, refuses_what_it_does_not_know)
{
    static const char *const rows[] = {
        "colour=red",
        "severity=blue",
        "severity=RED",
        "state=closed",
        "state=open,,",
        "state=open,unresolved",
        "state=unresolved,open",
        "state=open,open,open,open,open",
        "limit=0",
        "order=x",
        "limit=201",
        "limit=x",
        "limit=7x",
        "from=yesterday",
        "to=2026-13-01T00:00:00Z",
        "camera=../x",
        "camera=Gate",
        "area=a//b",
        "area=-",
        "cursor=x",
        "cursor=1",
        "cursor=0.01a20992-6f11-7ba3-999b-1fbda3ea2858",
        "cursor=1.x",
        "q=a&q=b",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_search search;
        struct vd_err err = {0};

        cr_assert_eq(decode(rows[i], &search, &err), VD_EPROTO, "%s", rows[i]);
        cr_assert(err.msg[0] != '\0', "%s says nothing", rows[i]);
    }
}

Test(search, refuses_a_text_that_is_too_long_to_look_for)
{
    char query[VD_ALERT_TEXT_MAX + 4] = "q=";
    struct vd_search search;
    struct vd_err err = {0};

    memset(query + 2, 'a', VD_ALERT_TEXT_MAX);
    cr_assert_eq(decode(query, &search, &err), 0);
    query[VD_ALERT_TEXT_MAX + 2] = 'a';
    cr_assert_eq(decode(query, &search, &err), VD_EPROTO);
    cr_assert_not_null(strstr(err.msg, "600 bytes"), "%s", err.msg);
}

Test(search, gives_a_cursor_that_it_takes_back)
{
    char cursor[VD_CURSOR_TEXT], query[128];
    struct vd_search search;

    vd_cursor_encode(INT64_C(1795000000123456), "01a20992-6f11-7ba3-999b-1fbda3ea2858", cursor);
    snprintf(query, sizeof query, "cursor=%s", cursor);
    cr_assert_eq(decode(query, &search, NULL), 0);
    cr_assert_eq(search.filter.before_us, INT64_C(1795000000123456));
}
