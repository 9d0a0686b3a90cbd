/* Any bytes may lie where a zone of the machine should: the file, and the rule at its end. */
#include <string.h>

#include "alerts/rules/schedule.h"
#include "alerts/rules/tz_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vd_tz_rule rule;
    struct vd_tz *tz = NULL;
    char text[128];

    if (vd_tz_parse(&tz, data, size, NULL) == 0) {
        struct vd_schedule s = {.tz = tz, .from_min = 22 * 60, .to_min = 360, .days = 0x55};

        for (int64_t at = 0; at < 20; at++)
            (void)vd_schedule_changes(&s, at * INT64_C(150000000000000));
    }
    vd_tz_free(&tz);
    if (size < sizeof text) {
        memcpy(text, data, size);
        text[size] = '\0';
        if (vd_tz_rule_parse(text, &rule)) {
            int64_t until;

            (void)vd_tz_rule_offset(&rule, 1800000000, &until);
        }
    }
    return 0;
}
