/* tests/cross/dsp_check_main.c: this machine's version of the hot loops against plain C, for
 * machines that only an emulator stands for. Exit 0: all the same. */
#include <stdio.h>

#include "tests/support/dsp_check.h"
#include "tests/support/rnd.h"

int main(void)
{
    unsigned flags = vd_cpu_flags();
    struct vd_dsp dsp;
    int differing = 0;

    vd_dsp_init(&dsp, flags);
    if (dsp.compare == vd_dsp_c.compare) {
        fprintf(stderr, "dsp_check: nothing but C for this machine\n");
        return 2;
    }
    for (const struct dsp_check *check = dsp_checks; check->kernel != NULL; check++) {
        char why[120] = "same bytes";

        if (!check->run(&dsp, rnd_seed(), why, sizeof why))
            differing++;
        printf("%-12s cpu %#x: %s\n", check->kernel, flags, why);
    }
    return differing != 0;
}
