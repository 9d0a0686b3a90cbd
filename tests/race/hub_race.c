/* One feeds the hub, three read it as streams do, one asks for lists: each stream sees every
 * alert of the ring once and in order, or is told that it fell behind. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/hub.h"
#include "base/json.h"

enum { ALERTS = 3000, READERS = 3 };

static struct vd_hub *hub;
static atomic_bool is_done;
static const struct vd_who everybody;

static void *write_alerts(void *arg)
{
    (void)arg;
    for (int n = 1; n <= ALERTS; n++) {
        char text[256];
        int len = snprintf(text, sizeof text,
                           "{\"alert\":\"00000000-0000-7000-8000-%012d\",\"area\":\"a\","
                           "\"state\":\"%s\",\"opened\":\"2026-08-22T03:14:07Z\"}",
                           n / 3, n % 3 == 2 ? "resolved" : "open");

        vd_hub_alert(hub, n, text, (size_t)len);
    }
    atomic_store(&is_done, true);
    return NULL;
}

/* Returns NULL when the ids that came are 1, 2, 3 … to the end. */
static void *read_stream(void *arg)
{
    struct vd_hub_cursor cursor = {0};
    char *text = calloc(1, 8 << 20);
    size_t len = 0;
    int64_t want = 1;
    const char *failure = NULL;
    bool was_done;

    (void)arg;
    vd_hub_join(hub, 0, &cursor);
    do {
        int n;

        was_done = atomic_load(&is_done);
        while ((n = vd_hub_read(hub, &cursor, &everybody, text + len, 777)) > 0)
            len += (size_t)n;
        if (n < 0)
            failure = "fell behind a ring that holds everything";
    } while (!was_done && failure == NULL);
    for (const char *at = text;
         failure == NULL && (at = strstr(at, "event: alert\nid: ")) != NULL; at++)
        if (strtoll(at + 17, NULL, 10) != want++)
            failure = "an alert is missing, or twice";
    if (failure == NULL && want != ALERTS + 1)
        failure = "the end is missing";
    vd_hub_cursor_fini(&cursor);
    free(text);
    return (void *)(uintptr_t)failure;
}

static void *ask(void *arg)
{
    (void)arg;
    for (int i = 0; i < VD_HUB_RING - ALERTS - 10 && !atomic_load(&is_done); i++) {
        size_t len;

        free(vd_hub_alerts_json(hub, &everybody, &len));
        vd_hub_beat(hub, 1);
    }
    return NULL;
}

int main(void)
{
    pthread_t writer, asker, readers[READERS];
    int rc = 0;

    vd_json_init();
    if (vd_hub_open(&hub, NULL) < 0)
        return 1;
    vd_hub_reset(hub);
    vd_hub_reset_end(hub, 0);
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, read_stream, NULL);
    pthread_create(&writer, NULL, write_alerts, NULL);
    pthread_create(&asker, NULL, ask, NULL);
    pthread_join(writer, NULL);
    pthread_join(asker, NULL);
    for (int i = 0; i < READERS; i++) {
        void *failure;

        pthread_join(readers[i], &failure);
        if (failure != NULL) {
            fprintf(stderr, "reader %d: %s\n", i, (const char *)failure);
            rc = 1;
        }
    }
    vd_hub_close(&hub);
    return rc;
}
