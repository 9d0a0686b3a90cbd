/* The map against a plain array, through many random adds and takes. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "alerts/rules/map.h"
#include "tests/support/rnd.h"

enum { KEYS = 300, STEPS = 20000 };

Test(map, agrees_with_an_array_through_random_changes)
{
    static uint32_t keys[KEYS];
    static char values[KEYS];
    bool is_in[KEYS] = {false};
    struct vd_map map = {0};
    uint64_t seed = rnd_seed();
    size_t n = 0;

    for (uint32_t i = 0; i < KEYS; i++)
        keys[i] = i * 7919;
    for (int step = 0; step < STEPS; step++) {
        size_t i = rnd_next(&seed) % KEYS;

        if (rnd_next(&seed) % 2 == 0) {
            cr_assert_eq(vd_map_put(&map, &keys[i], sizeof keys[i], &values[i]), 0);
            n += !is_in[i];
            is_in[i] = true;
        } else {
            cr_assert_eq(vd_map_take(&map, &keys[i], sizeof keys[i]) != NULL, is_in[i]);
            n -= is_in[i];
            is_in[i] = false;
        }
        cr_assert_eq(map.n, n);
        i = rnd_next(&seed) % KEYS;
        cr_assert_eq(vd_map_get(&map, &keys[i], sizeof keys[i]), is_in[i] ? &values[i] : NULL);
    }
    size_t at = 0, walked = 0;

    while (vd_map_next(&map, &at) != NULL)
        walked++;
    cr_assert_eq(walked, n);
    vd_map_fini(&map);
    cr_assert_null(vd_map_get(&map, &keys[0], sizeof keys[0]));
}
