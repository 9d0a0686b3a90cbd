#include "ingest/worker/ladder.h"

#include <criterion/criterion.h>
#include <string.h>

enum { S = 1000000, CAMERAS = 24 };

/* A worker as a model: what a camera costs at each level, in percent of the whole, and lag that
 * grows by what is asked for beyond what there is. */
static const double cost[VD_N_LEVELS] = {12, 11, 9, 2, 0.5};

struct model {
    struct vd_ladder ladder;
    struct vd_rung rungs[CAMERAS];
    int n;
    double load; /* times the usual */
    double room; /* percent that there are */
    int64_t now_us, worst_us;
    int moves;
};

static void run(struct model *m, int seconds)
{
    for (int t = 0; t < seconds; t++, m->now_us += S) {
        double asked = 0;
        int cpu, moved;

        for (int i = 0; i < m->n; i++)
            asked += cost[m->rungs[i].level] * m->load;
        cpu = asked >= m->room ? 100 : (int)(asked * 100 / m->room);
        for (int i = 0; i < m->n; i++) {
            struct vd_rung *r = &m->rungs[i];

            r->lag_us += asked > m->room ? (int64_t)((1 - m->room / asked) * S)
                                         : -(int64_t)((m->room / asked - 1) * S);
            if (r->lag_us < 0)
                r->lag_us = 0;
            if (r->lag_us > m->worst_us)
                m->worst_us = r->lag_us;
        }
        if (asked < m->room && m->rungs[0].lag_us > 0)
            cpu = 100; /* catching up takes what there is */
        moved = vd_ladder_step(&m->ladder, &vd_ladder_defaults, (struct vd_use){cpu, cpu},
                               m->rungs, m->n, m->now_us);
        m->moves += moved < 0 ? -moved : moved;
    }
}

static struct model fresh(int n, double room)
{
    struct model m = {.n = n, .load = 1, .room = room, .now_us = S};

    for (int i = 0; i < n; i++)
        m.rungs[i].priority = i % 4 == 0 ? 9 : i % 2;
    return m;
}

static int count(const struct model *m, enum vd_level level, int priority)
{
    int n = 0;

    for (int i = 0; i < m->n; i++)
        n += m->rungs[i].level == level && m->rungs[i].priority == priority;
    return n;
}

Test(ladder, steps_as_the_table_says)
{
    static const struct {
        const char *what;
        int cpu;
        int64_t lag_us[4];
        int priority[4];
        const char *levels; /* after 6 s, a letter a camera: f h q k n */
    } rows[] = {
        {"all is well", 50, {0, 0, 0, 0}, {5, 5, 5, 5}, "ffff"},
        {"busy, and in time", 100, {S / 2, 0, 0, 0}, {5, 5, 5, 5}, "ffff"},
        {"late, and not busy: the network",
         40,
         {3 * S, 3 * S, 3 * S, 3 * S},
         {5, 5, 5, 5},
         "ffff"},
        {"behind: side by side", 100, {2 * S, 0, 0, 0}, {5, 5, 5, 5}, "qhhh"},
        {"the least important gives", 100, {0, 2 * S, 0, 0}, {5, 1, 5, 5}, "fnff"},
        {"far behind: to key frames at once", 100, {3 * S, 1, 1, 1}, {5, 5, 5, 5}, "nnnn"},
        {"and then the next", 100, {0, 2 * S, 2 * S, 0}, {7, 1, 5, 9}, "fnhf"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_ladder ladder = {0};
        struct vd_rung rungs[4] = {{0}};
        char levels[5] = "";

        for (int k = 0; k < 4; k++)
            rungs[k] =
                (struct vd_rung){.priority = rows[i].priority[k], .lag_us = rows[i].lag_us[k]};
        for (int t = 1; t <= 6; t++)
            (void)vd_ladder_step(&ladder, &vd_ladder_defaults, (struct vd_use){rows[i].cpu, 0},
                                 rungs, 4, t * S);
        for (int k = 0; k < 4; k++)
            levels[k] = "fhqkn"[rungs[k].level];
        cr_assert_str_eq(levels, rows[i].levels, "%s: %s", rows[i].what, levels);
    }
}

Test(ladder, three_times_too_much_spares_the_important_and_keeps_lag_bounded)
{
    struct model m = fresh(CAMERAS, CAMERAS * 12 / 3.0);

    run(&m, 120);
    cr_assert_eq(count(&m, VD_LEVEL_FULL, 9), 6, "of six");
    cr_assert_lt(m.worst_us, 10 * S, "%.1f s", (double)m.worst_us / S);
    cr_assert_lt(m.rungs[0].lag_us, S);
    cr_assert_lt(count(&m, VD_LEVEL_FULL, 0), count(&m, VD_LEVEL_FULL, 1) + 1);
}

/* Half and quarter save too little to be tried while seconds are lost. */
Test(ladder, who_is_far_behind_gives_most_at_the_second_look)
{
    struct vd_ladder ladder = {0};
    struct vd_rung rungs[4] = {{.priority = 1, .lag_us = 5 * S / 2},
                               {.priority = 1},
                               {.priority = 1},
                               {.priority = 9}};
    struct vd_use full = {100, 100};

    cr_assert_eq(vd_ladder_step(&ladder, &vd_ladder_defaults, full, rungs, 4, S), 0,
                 "a hiccup?");
    cr_assert_eq(vd_ladder_step(&ladder, &vd_ladder_defaults, full, rungs, 4, S + S / 2), -3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(rungs[i].level, VD_LEVEL_KEYS);
    cr_assert_eq(rungs[3].level, VD_LEVEL_FULL);
}

Test(ladder, goes_back_up_when_the_load_goes)
{
    struct model m = fresh(CAMERAS, CAMERAS * 12 / 3.0);

    run(&m, 120);
    m.load = 0.2;
    run(&m, 600);
    for (int i = 0; i < m.n; i++)
        cr_assert_eq(m.rungs[i].level, VD_LEVEL_FULL);
    cr_assert_eq(m.ladder.patience_us, 0, "what was is forgotten");
}

Test(ladder, does_not_flap_at_the_border)
{
    struct model m = fresh(CAMERAS, CAMERAS * 12 * 0.9);
    int settled;

    run(&m, 300);
    settled = m.moves;
    run(&m, 3600);
    cr_assert_leq(m.moves - settled, 60, "%d moves of 24 cameras in an hour",
                  m.moves - settled);
    cr_assert_lt(m.worst_us, 5 * S);
}

Test(ladder, waits_for_lag_that_is_on_its_way_out)
{
    struct vd_ladder ladder = {0};
    struct vd_rung rung = {.lag_us = 10 * S};
    int moved = 0;

    for (int t = 1; t <= 3; t++)
        moved += vd_ladder_step(&ladder, &vd_ladder_defaults, (struct vd_use){100, 100}, &rung,
                                1, t * S);
    cr_assert_eq(moved, -2);
    for (int t = 4; rung.lag_us > S; t++) {
        rung.lag_us -= S / 2;
        cr_assert_eq(vd_ladder_step(&ladder, &vd_ladder_defaults, (struct vd_use){100, 100},
                                    &rung, 1, t * S),
                     0);
    }
}

Test(ladder, comes_up_though_others_keep_the_machine_busy)
{
    struct vd_ladder ladder = {0};
    struct vd_rung rung = {.level = VD_LEVEL_HALF};

    for (int t = 1; t <= 12; t++)
        (void)vd_ladder_step(&ladder, &vd_ladder_defaults, (struct vd_use){20, 100}, &rung, 1,
                             t * S);
    cr_assert_eq(rung.level, VD_LEVEL_FULL);
}

Test(ladder, names_every_level)
{
    for (int i = 0; i < VD_N_LEVELS; i++)
        cr_assert_not_null(vd_level_name((enum vd_level)i));
}
