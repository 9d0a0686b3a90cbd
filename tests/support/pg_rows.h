/* tests/support/pg_rows.h: events for tests of storage, numbered and filled in. */
#ifndef VD_TESTS_SUPPORT_PG_ROWS_H
#define VD_TESTS_SUPPORT_PG_ROWS_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "storage/pg/events.h"

struct row {
    struct vd_uuid id, event;
    char body[256], topic[128];
};

static inline int64_t row_now_us(void)
{
    return vd_clock_system.wall_us(NULL);
}

/* Event of a source: sequence, happening, phase; received now. text holds what it points to. */
static inline struct vd_pg_event row_event(struct row *text, int32_t source, int64_t sequence,
                                           int happening, const char *phase)
{
    memset(text, 0, sizeof *text);
    text->id = vd_uuid_make(row_now_us());
    text->event.bytes[0] = 1;
    memcpy(text->event.bytes + 12, &happening, sizeof happening);
    snprintf(text->body, sizeof text->body, "{\"sequence\":\"%020lld\",\"phase\":\"%s\"}",
             (long long)sequence, phase);
    snprintf(text->topic, sizeof text->topic, "event/4403/-/gate-3/motion/%s/", phase);
    return (struct vd_pg_event){.received_us = row_now_us(),
                                .source = source,
                                .sequence = sequence,
                                .id = text->id.bytes,
                                .event = text->event.bytes,
                                .rev = strcmp(phase, "start") == 0 ? 1 : 2,
                                .phase = phase,
                                .kind = "motion",
                                .camera = "gate-3",
                                .area = "4403",
                                .time_us = row_now_us(),
                                .start_us = row_now_us() - 500000,
                                .end_us = strcmp(phase, "end") == 0 ? row_now_us() : 0,
                                .score = 0.25f,
                                .topic = text->topic,
                                .body = text->body,
                                .body_len = strlen(text->body)};
}

#endif
