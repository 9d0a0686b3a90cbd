/* alerts/workflow/due.h: what happens to an alert when nobody does anything: deadlines,
 * escalation up the area tree, the end of shelving. Pure: an alert and the time in, the changed
 * alert out; who calls stores it, once, in one transaction.
 *
 * An open alert is to be acknowledged within ack_within (else resolved within resolve_within),
 * any later one to be resolved within resolve_within, both counted from its opening or
 * reopening. Past the deadline it goes up one level of the area tree, and one more each time
 * the same span passes, until the whole installation is asked. Shelved and suppressed alerts
 * stay where they are until they are back; what was due meanwhile is due then. */
#ifndef VD_ALERTS_WORKFLOW_DUE_H
#define VD_ALERTS_WORKFLOW_DUE_H

#include <stdint.h>

#include "storage/pg/alerts.h"

enum vd_due {
    VD_DUE_NOTHING,
    VD_DUE_UNSHELVED, /* its time on the shelf is over */
    VD_DUE_ESCALATED, /* a deadline passed: one level up */
};

/* Deadlines count from now_us on, from the lowest level: a new or reopened alert. Arms it. */
void vd_work_count_from(struct vd_alert *alert, int64_t now_us);

/* Sets deadline_us and due_us by what the alert is now; after every change of state, shelf or
 * suppression. */
void vd_work_arm(struct vd_alert *alert);

/* What is due at now_us, one thing at a time, applied to *alert (changed_by is VD_WORK_CLOCK).
 * A clock that jumped an hour ahead makes one step, not twelve. */
enum vd_due vd_work_due(struct vd_alert *alert, int64_t now_us);

#define VD_WORK_CLOCK "vedette"

const char *vd_due_name(enum vd_due due); /* "unshelve", "escalate": the log's words */

/* The area that is asked after level steps up: "4403/440305" of "4403/440305/7" after one; ""
 * is the whole installation. size is at least VD_ALERT_AREA_MAX + 1. */
void vd_work_asked_area(const char *area, int level, char *ret_area, size_t size);

#endif
