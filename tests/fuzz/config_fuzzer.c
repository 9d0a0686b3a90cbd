/* Any bytes may lie in a configuration file. What passes must mean the same when printed and
 * read again; what does not must say why. */
#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"
#include "config/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vd_config *cfg = NULL, *again = NULL;
    struct vd_problems problems = {0};
    struct vd_err err = {0};
    char *text = NULL;
    size_t len = 0;
    FILE *out;
    int rc = vd_load_text(&cfg, (const char *)data, size, &problems, &err);

    if ((rc == 0) != (vd_problems_count(&problems) == 0) || (rc == 0) != (cfg != NULL))
        abort();
    vd_problems_fini(&problems);
    if (rc < 0)
        return 0;
    out = open_memstream(&text, &len);
    if (out == NULL)
        abort();
    vd_print_yaml(&vd_root_keys, cfg, 0, false, 0, out);
    if (fclose(out) != 0 || vd_load_text(&again, text, len, &problems, &err) != 0 ||
        vd_config_diff(cfg, again, NULL, NULL) != 0) {
        fprintf(stderr, "%s\n%s\n", err.msg, text);
        abort();
    }
    vd_config_unref(&cfg);
    vd_config_unref(&again);
    free(text);
    return 0;
}
