/* Our own happenings: begun once, told again only in other words, ended once. */
#include <criterion/criterion.h>
#include <string.h>

#include "alerts/router/node.h"

static struct vd_event take(const char *json, int len)
{
    struct vd_event ev;
    struct vd_err err = {0};

    cr_assert_gt(len, 0);
    cr_assert_eq(vd_event_decode(json, (size_t)len, &ev, &err), 0, "%s", err.msg);
    return ev;
}

Test(node, begins_goes_on_and_ends_a_happening)
{
    char json[VD_EVENT_JSON_MAX + 1], longer[600];
    struct vd_node node;
    struct vd_event first, ev;
    int n;

    vd_node_begin(&node, 1000000000000);
    n = vd_node_start(&node, VD_NODE_CONFIG, "bad", 1, 1000000000000, json, sizeof json, NULL);
    first = take(json, n);
    cr_assert(first.phase == VD_PHASE_START && first.rev == 1 && first.kind == VD_KIND_NODE);
    cr_assert_str_eq(first.camera, VD_ROUTER_NODE);
    cr_assert_eq(
        vd_node_start(&node, VD_NODE_CONFIG, "bad", 2, 1000000000000, json, sizeof json, NULL),
        0);
    memset(longer, 'x', sizeof longer);
    memcpy(longer + 254, "\xe2\x82\xac", 4); /* a character across the limit */
    n = vd_node_start(&node, VD_NODE_CONFIG, longer, 2, 1000000000000, json, sizeof json, NULL);
    ev = take(json, n);
    cr_assert(ev.phase == VD_PHASE_UPDATE && ev.rev == 2);
    cr_assert_eq(strlen(ev.detail), 254);
    n = vd_node_end(&node, VD_NODE_CONFIG, 3, 1000000001000, json, sizeof json, NULL);
    ev = take(json, n);
    cr_assert(ev.phase == VD_PHASE_END && ev.rev == 3 &&
              vd_uuid_equal(&ev.event, &first.event));
    cr_assert_eq(vd_node_end(&node, VD_NODE_CONFIG, 4, 1000000001000, json, sizeof json, NULL),
                 0);
}

Test(node, ends_what_another_left)
{
    struct vd_leftover left = {.event = {{1}}, .rev = 4, .start_us = 900000000000};
    char json[VD_EVENT_JSON_MAX + 1];
    struct vd_node node;
    struct vd_event ev;

    vd_node_begin(&node, 1000000000000);
    ev = take(json, vd_node_leftover(&node, &left, 1, 1000000000000, json, sizeof json, NULL));
    cr_assert(ev.phase == VD_PHASE_END && ev.end_reason == VD_END_RESTART && ev.rev == 5);
}
