#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "alerts/api/session.h"

#define S INT64_C(1000000)

static struct vd_who who_of(unsigned n, int64_t expires_us)
{
    struct vd_who who = {.name = "ann", .role = "operator", .expires_us = expires_us};

    memcpy(who.token, &n, sizeof n);
    return who;
}

static enum vd_session_state look(struct vd_sessions *sessions, unsigned n, int64_t mono_us,
                                  int64_t wall_us)
{
    struct vd_who who, key = who_of(n, 0);
    int64_t confirmed_us;
    bool wants_touch;

    return vd_sessions_get(sessions, key.token, mono_us, wall_us, &who, &confirmed_us,
                           &wants_touch);
}

Test(session, is_good_then_stale_then_over)
{
    struct vd_sessions *sessions = vd_sessions_new();
    struct vd_who who = who_of(1, 10000 * S);

    cr_assert_eq(look(sessions, 1, S, S), VD_SESSION_NONE);
    vd_sessions_put(sessions, &who, S);
    cr_assert_eq(look(sessions, 1, 2 * S, 2 * S), VD_SESSION_GOOD);
    cr_assert_eq(look(sessions, 2, 2 * S, 2 * S), VD_SESSION_NONE);
    cr_assert_eq(look(sessions, 1, 17 * S, 17 * S), VD_SESSION_STALE);
    vd_sessions_confirm(sessions, &who, 18 * S);
    cr_assert_eq(look(sessions, 1, 19 * S, 19 * S), VD_SESSION_GOOD);
    cr_assert_eq(look(sessions, 1, 20 * S, 10000 * S), VD_SESSION_OVER);
    cr_assert_eq(look(sessions, 1, 20 * S, 20 * S), VD_SESSION_NONE);
    vd_sessions_free(&sessions);
}

Test(session, ends_when_nobody_uses_it)
{
    struct vd_sessions *sessions = vd_sessions_new();
    struct vd_who who = who_of(1, INT64_MAX);

    vd_sessions_put(sessions, &who, S);
    vd_sessions_confirm(sessions, &who, VD_SESSION_IDLE_US + S);
    cr_assert_eq(look(sessions, 1, VD_SESSION_IDLE_US + 2 * S, S), VD_SESSION_OVER);
    vd_sessions_free(&sessions);
}

Test(session, asks_to_be_written_down_once_a_minute)
{
    struct vd_sessions *sessions = vd_sessions_new();
    struct vd_who who = who_of(1, INT64_MAX);
    int64_t confirmed_us;
    int touches = 0;
    bool wants_touch;

    vd_sessions_put(sessions, &who, 0);
    for (int64_t t = 0; t <= 300; t++) {
        vd_sessions_get(sessions, who.token, t * S, S, &who, &confirmed_us, &wants_touch);
        touches += wants_touch;
    }
    cr_assert_eq(touches, 4, "%d", touches);
    vd_sessions_free(&sessions);
}

Test(session, a_full_table_gives_up_the_one_idle_longest)
{
    struct vd_sessions *sessions = vd_sessions_new();

    for (unsigned n = 1; n <= VD_SESSIONS_MAX; n++) {
        struct vd_who who = who_of(n, INT64_MAX);

        vd_sessions_put(sessions, &who, (int64_t)n * 1000);
    }
    cr_assert_eq(look(sessions, 1, 3 * S, S), VD_SESSION_GOOD); /* used: now the youngest */
    struct vd_who who = who_of(9999, INT64_MAX);
    vd_sessions_put(sessions, &who, 3 * S);
    cr_assert_eq(look(sessions, 1, 3 * S, S), VD_SESSION_GOOD);
    cr_assert_eq(look(sessions, 2, 3 * S, S), VD_SESSION_NONE);
    cr_assert_eq(look(sessions, 9999, 3 * S, S), VD_SESSION_GOOD);
    vd_sessions_free(&sessions);
}

static bool count(void *arg, const uint8_t token[VD_HASH_BYTES])
{
    (void)token;
    ++*(int *)arg;
    return true;
}

Test(session, only_those_in_use_are_confirmed)
{
    struct vd_sessions *sessions = vd_sessions_new();
    struct vd_who old = who_of(1, INT64_MAX), young = who_of(2, INT64_MAX);
    int n = 0;

    vd_sessions_put(sessions, &old, 0);
    vd_sessions_put(sessions, &young, 100 * S);
    vd_sessions_each(sessions, 110 * S, count, &n);
    cr_assert_eq(n, 1);
    vd_sessions_drop(sessions, young.token);
    cr_assert_eq(look(sessions, 2, 110 * S, S), VD_SESSION_NONE);
    vd_sessions_free(&sessions);
}

Test(session, an_area_shows_what_lies_beneath_it_and_nothing_else)
{
    struct vd_who who = {.n_areas = 1};

    strcpy(who.areas[0], "4403/440305");
    cr_assert(vd_who_sees(&who, "4403/440305"));
    cr_assert(vd_who_sees(&who, "4403/440305/001"));
    cr_assert_not(vd_who_sees(&who, "4403"));
    cr_assert_not(vd_who_sees(&who, "4403/4403051"));
    cr_assert_not(vd_who_sees(&who, ""));
    who.n_areas = 0;
    cr_assert(vd_who_sees(&who, "anywhere"));
}

Test(session, who_sees_other_areas_than_before_does_not_see_alike)
{
    struct vd_who before = {.n_areas = 1, .areas = {"4403/440305"}}, now = before;

    cr_assert(vd_who_sees_alike(&before, &now));
    strcpy(now.areas[0], "4403/440306");
    cr_assert_not(vd_who_sees_alike(&before, &now));
    now.n_areas = 0; /* everything */
    cr_assert_not(vd_who_sees_alike(&before, &now));
    before.n_areas = 0;
    cr_assert(vd_who_sees_alike(&before, &now), "what lies in unused rows counts for nothing");
}
