#include <criterion/criterion.h>
#include <stdio.h>

#include "ingest/worker/crew.h"

Test(crew, every_camera_falls_to_one_worker_and_they_are_spread)
{
    for (int shares = 1; shares <= 8; shares++) {
        int taken[8] = {0};

        for (int i = 0; i < 1000; i++) {
            char id[32];
            int owners = 0;

            (void)snprintf(id, sizeof id, "cam%d", i);
            for (int share = 0; share < shares; share++)
                if (vd_crew_is_mine(id, share, shares)) {
                    owners++;
                    taken[share]++;
                }
            cr_assert_eq(owners, 1);
        }
        for (int share = 0; share < shares; share++)
            cr_assert(taken[share] > 700 / shares && taken[share] < 1300 / shares,
                      "share %d of %d has %d of 1000", share, shares, taken[share]);
    }
}
