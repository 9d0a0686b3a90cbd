/* Deadlines and escalation of one alert, from its own fields alone. */
#include "alerts/workflow/due.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

/* How often an alert of this area can go up. */
static int height(const char *area)
{
    int n = area[0] != '\0';

    for (; *area != '\0'; area++)
        n += *area == '/';
    return n;
}

/* The span that holds in its state; 0: none. */
static int64_t span_us(const struct vd_alert *alert)
{
    if (strcmp(alert->state, "open") == 0 && alert->ack_within_us != 0)
        return alert->ack_within_us;
    return alert->resolve_within_us;
}

static int64_t escalates_us(const struct vd_alert *alert)
{
    if (alert->deadline_us == 0 || alert->escalation >= height(alert->area))
        return 0;
    if (alert->escalated_us == 0 || alert->deadline_us > alert->escalated_us)
        return alert->deadline_us;
    return alert->escalated_us + span_us(alert);
}

void vd_work_arm(struct vd_alert *alert)
{
    bool is_resolved = strcmp(alert->state, "resolved") == 0;
    int64_t span = span_us(alert);

    alert->deadline_us = is_resolved || span == 0 ? 0 : alert->counted_from_us + span;
    if (is_resolved)
        alert->due_us = 0;
    else if (alert->shelved_until_us != 0)
        alert->due_us = alert->shelved_until_us;
    else if (alert->suppressed_by[0] != '\0')
        alert->due_us = 0;
    else
        alert->due_us = escalates_us(alert);
}

void vd_work_count_from(struct vd_alert *alert, int64_t now_us)
{
    alert->counted_from_us = now_us;
    alert->escalation = 0;
    alert->escalated_us = 0;
    vd_work_arm(alert);
}

enum vd_due vd_work_due(struct vd_alert *alert, int64_t now_us)
{
    enum vd_due due;

    if (alert->due_us == 0 || now_us < alert->due_us)
        return VD_DUE_NOTHING;
    if (alert->shelved_until_us != 0) {
        alert->shelved_until_us = 0;
        alert->shelved_reason[0] = '\0';
        due = VD_DUE_UNSHELVED;
    } else {
        alert->escalation++;
        alert->escalated_us = now_us;
        due = VD_DUE_ESCALATED;
    }
    alert->changed_us = now_us;
    (void)vd_str_copy(alert->changed_by, sizeof alert->changed_by, VD_WORK_CLOCK);
    vd_work_arm(alert);
    return due;
}

const char *vd_due_name(enum vd_due due)
{
    static const char *const names[] = {[VD_DUE_NOTHING] = "nothing",
                                        [VD_DUE_UNSHELVED] = "unshelve",
                                        [VD_DUE_ESCALATED] = "escalate"};

    return names[due];
}

void vd_work_asked_area(const char *area, int level, char *ret_area, size_t size)
{
    (void)vd_str_copy(ret_area, size, area);
    for (; level > 0; level--) {
        char *slash = strrchr(ret_area, '/');

        if (slash == NULL)
            slash = ret_area;
        *slash = '\0';
    }
}
