#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/hub.h"
#include "base/json.h"

static const struct vd_who everybody = {.role = "operator"};

static struct vd_hub *fresh(int64_t position)
{
    struct vd_hub *hub = NULL;

    vd_json_init();
    cr_assert_eq(vd_hub_open(&hub, NULL), 0);
    vd_hub_reset(hub);
    vd_hub_reset_end(hub, position);
    return hub;
}

static void feed(struct vd_hub *hub, int64_t position, int n, const char *area,
                 const char *state)
{
    char text[512];
    int len = snprintf(text, sizeof text,
                       "{\"type\":\"vedette.alert.v1\",\"data\":{\"alert\":"
                       "\"00000000-0000-7000-8000-%012d\",\"area\":\"%s\",\"state\":\"%s\","
                       "\"opened\":\"2026-08-22T03:14:%02dZ\"}}",
                       n, area, state, n % 60);

    vd_hub_alert(hub, position, text, (size_t)len);
}

/* What a stream gets until it has all, NUL-terminated; the caller frees it. */
static char *drain(struct vd_hub *hub, struct vd_hub_cursor *cursor, const struct vd_who *who,
                   size_t step)
{
    char *text = calloc(1, 4 << 20);
    size_t len = 0;
    int n;

    while ((n = vd_hub_read(hub, cursor, who, text + len, step)) > 0)
        len += (size_t)n;
    if (n < 0)
        strcpy(text, "END");
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

Test(hub, keeps_what_is_unresolved_newest_first)
{
    struct vd_hub *hub = fresh(10);
    size_t len = 0;
    char *text;

    feed(hub, 11, 1, "a", "open");
    feed(hub, 12, 3, "a", "open");
    feed(hub, 13, 2, "a", "open");
    feed(hub, 14, 1, "a", "acknowledged");
    feed(hub, 15, 3, "a", "resolved");
    text = vd_hub_alerts_json(hub, &everybody, &len);
    cr_assert_eq(strlen(text), len);
    cr_assert_eq(count(text, "\"alert\""), 2);
    cr_assert_lt((void *)strstr(text, "000000000002"), (void *)strstr(text, "000000000001"));
    cr_assert_not_null(strstr(text, "acknowledged"));
    cr_assert_not_null(strstr(text, "\"position\":15"));
    cr_assert_eq(vd_hub_alert_count(hub, &everybody), 2);
    free(text);
    vd_hub_close(&hub);
}

Test(hub, gives_a_stream_everything_behind_its_position_once)
{
    static const size_t steps[] = {1, 7, 100, 65536};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct vd_hub *hub = fresh(10);
        struct vd_hub_cursor cursor = {0};
        char *text;

        for (int n = 1; n <= 20; n++)
            feed(hub, 10 + n, n, "a", "open");
        vd_hub_beat(hub, 1);
        cr_assert_eq(vd_hub_join(hub, 15, &cursor), VD_HUB_JOINED);
        feed(hub, 31, 21, "a", "open");
        text = drain(hub, &cursor, &everybody, steps[i]);
        cr_assert_eq(count(text, "event: alert\n"), 16, "step %zu: %s", steps[i], text);
        cr_assert_eq(count(text, "\nid: 15\n"), 0);
        cr_assert_eq(count(text, "\nid: 16\n"), 1);
        cr_assert_eq(count(text, "event: alert\nid: 31\n"), 1);
        free(text);
        vd_hub_cursor_fini(&cursor);
        vd_hub_close(&hub);
    }
}

Test(hub, sends_back_to_the_table_who_was_away_too_long)
{
    struct vd_hub *hub = fresh(0);
    struct vd_hub_cursor cursor = {0};

    for (int n = 1; n <= VD_HUB_RING + 10; n++)
        feed(hub, n, n, "a", "open");
    cr_assert_eq(vd_hub_join(hub, 9, &cursor), VD_HUB_OLD);
    cr_assert_eq(vd_hub_join(hub, 10, &cursor), VD_HUB_JOINED);
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}

Test(hub, closes_a_stream_that_falls_behind)
{
    struct vd_hub *hub = fresh(0);
    struct vd_hub_cursor cursor = {0};
    char *text;

    vd_hub_join(hub, 0, &cursor);
    free(drain(hub, &cursor, &everybody, 4096));
    for (int n = 1; n <= VD_HUB_RING + 1; n++)
        feed(hub, n, n, "a", "open");
    text = drain(hub, &cursor, &everybody, 4096);
    cr_assert_str_eq(text, "END");
    free(text);
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}

Test(hub, tells_a_stream_from_another_time_to_load_anew)
{
    struct vd_hub *hub = fresh(10);
    struct vd_hub_cursor cursor = {0};
    char *text;

    cr_assert_eq(vd_hub_join(hub, 5000, &cursor), VD_HUB_JOINED);
    text = drain(hub, &cursor, &everybody, 4096);
    cr_assert_not_null(strstr(text, "event: reset\n"));
    free(text);
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}

Test(hub, ends_streams_at_a_fresh_start_and_they_miss_nothing)
{
    struct vd_hub *hub = fresh(10);
    struct vd_hub_cursor cursor = {0};
    char *text;

    vd_hub_join(hub, 10, &cursor);
    free(drain(hub, &cursor, &everybody, 4096));
    vd_hub_reset(hub);
    vd_hub_reset_end(hub, 20);
    text = drain(hub, &cursor, &everybody, 4096);
    cr_assert_str_eq(text, "END");
    free(text);
    vd_hub_cursor_fini(&cursor);
    cr_assert_eq(vd_hub_join(hub, 10, &cursor), VD_HUB_OLD); /* rows 11 to 20: from the table */
    cr_assert_eq(vd_hub_join(hub, 20, &cursor), VD_HUB_JOINED);
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}

Test(hub, shows_an_area_only_to_those_who_may_see_it)
{
    struct vd_hub *hub = fresh(0);
    struct vd_hub_camera cameras[2];
    struct vd_who who = {.role = "operator", .n_areas = 1, .areas = {"a/b"}};
    struct vd_hub_cursor cursor = {0};
    struct vd_json *list;
    size_t len;
    char *text;

    memset(cameras, 0, sizeof cameras);
    strcpy(cameras[0].id, "cam-1");
    strcpy(cameras[0].area, "a/b/c");
    strcpy(cameras[1].id, "cam-2");
    strcpy(cameras[1].area, "a/x");
    vd_hub_join(hub, 0, &cursor);
    feed(hub, 1, 1, "a/b", "open");
    feed(hub, 2, 2, "a/bb", "open");
    feed(hub, 3, 3, "a", "open");
    vd_hub_set_cameras(hub, cameras, 2);
    text = drain(hub, &cursor, &who, 4096);
    cr_assert_eq(count(text, "event: alert\n"), 1, "%s", text);
    cr_assert_eq(count(text, "event: camera\n"), 1, "%s", text);
    free(text);
    text = vd_hub_alerts_json(hub, &who, &len);
    cr_assert_eq(count(text, "\"alert\""), 1);
    free(text);
    cr_assert_null(vd_hub_alert_json(hub, &who, "00000000-0000-7000-8000-000000000002", &len));
    text = vd_hub_alert_json(hub, &who, "00000000-0000-7000-8000-000000000001", &len);
    cr_assert_not_null(text);
    free(text);
    list = vd_hub_cameras_json(hub, &who);
    cr_assert_eq(vd_json_count(list), 1);
    vd_json_free(&list);
    cr_assert(vd_hub_sees_camera(hub, &who, "cam-1"));
    cr_assert_not(vd_hub_sees_camera(hub, &who, "cam-2"));
    cr_assert_not(vd_hub_sees_camera(hub, &who, "cam-3"));
    cr_assert(vd_hub_sees_camera(hub, &everybody, "cam-3"));
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}

Test(hub, says_a_change_of_a_camera_once)
{
    struct vd_hub *hub = fresh(0);
    struct vd_hub_camera camera;
    struct vd_hub_cursor cursor = {0};
    char *text;

    memset(&camera, 0, sizeof camera);
    strcpy(camera.id, "cam-1");
    strcpy(camera.state, "online");
    vd_hub_join(hub, -1, &cursor);
    vd_hub_set_cameras(hub, &camera, 1);
    vd_hub_set_cameras(hub, &camera, 1);
    strcpy(camera.state, "lost");
    vd_hub_set_cameras(hub, &camera, 1);
    vd_hub_set_cameras(hub, NULL, 0);
    text = drain(hub, &cursor, &everybody, 4096);
    cr_assert_eq(count(text, "event: camera\n"), 3, "%s", text);
    cr_assert_eq(count(text, "\"lost\""), 1);
    cr_assert_eq(count(text, "\"removed\""), 1);
    free(text);
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}

Test(hub, counts_for_each_the_alerts_that_he_sees)
{
    const struct vd_who clerk = {.n_areas = 1, .areas = {"a"}},
                        guest = {.n_areas = 1, .areas = {"c"}};
    struct vd_hub *hub = fresh(10);

    feed(hub, 11, 1, "a", "open");
    feed(hub, 12, 2, "a/b", "open");
    feed(hub, 13, 3, "b", "open");
    cr_assert_eq(vd_hub_alert_count(hub, &everybody), 3);
    cr_assert_eq(vd_hub_alert_count(hub, &clerk), 2);
    cr_assert_eq(vd_hub_alert_count(hub, &guest), 0);
    vd_hub_close(&hub);
}

Test(hub, passes_over_what_is_no_alert)
{
    static const char *const rows[] = {
        "", "x", "[]", "{}", "{\"data\":{}}", "{\"alert\":\"x\",\"area\":\"a\"}"};
    struct vd_hub *hub = fresh(0);
    struct vd_hub_cursor cursor = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vd_hub_alert(hub, (int64_t)i + 1, rows[i], strlen(rows[i]));
        cr_assert_eq(vd_hub_backlog_add(&cursor, &everybody, 1, rows[i], strlen(rows[i])), 0);
    }
    cr_assert_eq(vd_hub_alert_count(hub, &everybody), 0);
    cr_assert_eq(vd_hub_position(hub), 6);
    vd_hub_cursor_fini(&cursor);
    vd_hub_close(&hub);
}
