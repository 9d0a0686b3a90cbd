#include <criterion/criterion.h>

#include "alerts/api/health.h"

#define S INT64_C(1000000)

struct row {
    const char *what;
    struct vd_health_facts facts;
    bool has_router, has_database, is_committing;
    int64_t delayed_us, waiting;
};

Test(health, tells_since_when_things_are_late)
{
    static const struct row rows[] = {
        {"all is well", {1, 99 * S, 1099 * S, true, 0, 0, true, 0, 0}, true, true, true, 0, 0},
        {"nothing was ever heard",
         {500, 0, 0, false, 0, 0, true, 0, 0},
         false,
         true,
         false,
         500,
         0},
        {"the router went silent",
         {1, 90 * S, 1090 * S, true, 0, 7, true, 0, 0},
         false,
         true,
         false,
         1090 * S,
         0},
        {"the router cannot commit",
         {1, 99 * S, 1099 * S, false, 1050 * S, 212, true, 0, 0},
         true,
         true,
         false,
         1050 * S,
         212},
        {"our own database is gone",
         {1, 99 * S, 1099 * S, true, 0, 0, false, 60 * S, 1060 * S},
         true,
         false,
         true,
         1060 * S,
         0},
        {"both, the router saw it first",
         {1, 99 * S, 1099 * S, false, 1050 * S, 3, false, 60 * S, 1060 * S},
         true,
         false,
         false,
         1050 * S,
         3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_hub_status status;

        vd_health_judge(&rows[i].facts, 100 * S, &status);
        cr_assert_eq(status.has_router, rows[i].has_router, "%s", rows[i].what);
        cr_assert_eq(status.has_database, rows[i].has_database, "%s", rows[i].what);
        cr_assert_eq(status.is_committing, rows[i].is_committing, "%s", rows[i].what);
        cr_assert_eq(status.delayed_us, rows[i].delayed_us, "%s", rows[i].what);
        cr_assert_eq(status.waiting, rows[i].waiting, "%s", rows[i].what);
    }
}

Test(health, counts_a_loss_from_its_beginning)
{
    struct vd_health health;

    vd_health_init(&health, 1);
    cr_assert_eq(vd_health_gone_us(&health, 5 * S), 0);
    vd_health_database(&health, false, 10 * S, 1010 * S);
    vd_health_database(&health, false, 20 * S, 1020 * S);
    cr_assert_eq(vd_health_gone_us(&health, 30 * S), 20 * S + 1);
    cr_assert_eq(vd_health_get(&health).lost_wall_us, 1010 * S);
    vd_health_database(&health, true, 40 * S, 1040 * S);
    cr_assert_eq(vd_health_gone_us(&health, 50 * S), 0);
    vd_health_fini(&health);
}
