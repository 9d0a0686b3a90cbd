/* alerts/writer/shows.h: what an alert keeps of the message it shows. Pure. */
#ifndef VD_ALERTS_WRITER_SHOWS_H
#define VD_ALERTS_WRITER_SHOWS_H

#include <stddef.h>

#include "base/err.h"
#include "base/event.h"

/* The event's data as JSON, cut down field by field until it fits. Returns its length. */
int vd_event_shows(const struct vd_event *ev, char *text, size_t size, struct vd_err *err);

#endif
