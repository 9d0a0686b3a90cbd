/* alerts/api/hub_inner.h: the hub's body, for hub.c (ring and streams) and hub_store.c (alerts
 * and cameras) alone. */
#ifndef VD_ALERTS_API_HUB_INNER_H
#define VD_ALERTS_API_HUB_INNER_H

#include <pthread.h>

#include "alerts/api/hub.h"
#include "base/json.h"

struct message {
    int64_t position; /* in the feed; 0: a message of our own */
    char area[128];   /* who may see it; "": everybody */
    char *text;       /* as it goes over the wire; NULL: never used */
    size_t len;
};

struct open_alert {
    char id[37];
    char area[128];
    int64_t opened_us;
    char *json;
    size_t len;
};

struct vd_hub {
    pthread_mutex_t mutex; /* guards everything below */
    vd_hub_wake_fn *wake;
    void *wake_arg;

    struct message ring[VD_HUB_RING];
    uint64_t head;         /* serial of the message to come */
    int64_t floor;         /* rows up to here are no longer (or never were) in the ring */
    int64_t through;       /* rows up to here have been seen */
    uint64_t epoch_serial; /* streams from before this message end and join anew */
    bool is_ready;

    struct open_alert *alerts; /* oldest first */
    int n_alerts, room_alerts;
    bool is_truncated;
    uint64_t n_refused;

    struct vd_hub_camera *cameras; /* by id */
    int n_cameras;
    struct vd_hub_status status;
};

/* With the mutex held. Takes text. NULL (memory is out, or a fresh start) cuts the ring:
 * streams that joined before end, and come back for what they miss. */
void vd_hub_push(struct vd_hub *hub, int64_t position, const char *area, char *text,
                 size_t len);

/* "event: <event>\n[id: <position>\n]data: <json>\n\n" in a fresh buffer, or NULL. */
char *vd_hub_frame(const char *event, int64_t position, const char *json, size_t json_len,
                   size_t *ret_len);

#endif
