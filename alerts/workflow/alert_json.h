/* alerts/workflow/alert_json.h: an alert as it goes into the feed: vedette.alert.v1
 * (alerts/feed/schemas/alert.v1.json), whoever changed it. */
#ifndef VD_ALERTS_WORKFLOW_ALERT_JSON_H
#define VD_ALERTS_WORKFLOW_ALERT_JSON_H

#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "storage/pg/alerts.h"
#include "storage/pg/log.h"

enum { VD_ALERT_JSON_MAX = 16384, VD_ALERT_TOPIC_MAX = 320 };

/* The whole message about the alert as it is now, CloudEvents attributes around it. head is the
 * log's head after this change (NULL: leave it out). Returns the length of the JSON in buf (a
 * NUL follows), VD_EINVAL when size is too small, VD_ENOMEM. */
int vd_alert_encode(const struct vd_alert *alert, const struct vd_pg_log_head *head, char *buf,
                    size_t size, struct vd_err *err);

/* The alert's own object alone, what "data" is in the message: for lists of an API. NULL when
 * memory is out; the caller frees it. */
struct vd_json *vd_alert_json(const struct vd_alert *alert);

/* "alert/<area>/-/<severity>/<state>/" into topic. VD_EINVAL when it does not fit. */
int vd_alert_topic(const struct vd_alert *alert, char *topic, size_t size, struct vd_err *err);

#endif
