/* Any body may come in: nothing may crash, and what is accepted keeps its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/body.h"
#include "alerts/api/hub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vd_who everybody;
    struct vd_hub_cursor cursor = {0};
    struct vd_change_body change;
    struct vd_sign_in sign_in;

    if (vd_body_sign_in((const char *)data, size, &sign_in, NULL) == 0 &&
        (sign_in.name[0] == '\0' || sign_in.password[0] == '\0'))
        abort();
    if (vd_body_change((const char *)data, size, &change, NULL) == 0 && change.version < 0)
        abort();
    vd_hub_backlog_add(&cursor, &everybody, 1, (const char *)data, size);
    vd_hub_cursor_fini(&cursor);
    return 0;
}
