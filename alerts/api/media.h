/* alerts/api/media.h: pictures from the ingest workers of this machine, over their media
 * sockets. Owned by one thread; each call has a deadline. */
#ifndef VD_ALERTS_API_MEDIA_H
#define VD_ALERTS_API_MEDIA_H

#include <stddef.h>

#include "base/bus.h"
#include "base/err.h"
#include "config/config.h"

enum { VD_MEDIA_MAX = 8 * 1024 * 1024, VD_MEDIA_WORKERS_MAX = 64 };

struct vd_media;

/* How many workers serve media on this machine, and where the i-th does, from 0. */
int vd_media_workers(const struct vd_config *cfg);
void vd_media_endpoint(const struct vd_config *cfg, const char *state, int i, char *text,
                       size_t size);

/* bus and state are borrowed and must outlive. Connects when something is asked for. */
int vd_media_open(struct vd_media **ret_media, struct vd_bus *bus, const char *state,
                  const struct vd_config *cfg, struct vd_err *err);

/* Fetches a picture whole: a fresh buffer, the caller's to free. Any worker of the machine can
 * serve any picture, so each is asked until one answers. VD_EEOF: it is kept no more;
 * VD_ETIMEOUT: no worker answers; VD_EPROTO: over VD_MEDIA_MAX or no answer of that kind. */
int vd_media_get(struct vd_media *media, const char *id, void **ret_bytes, size_t *ret_len,
                 struct vd_err *err);

void vd_media_close(struct vd_media **media);

#endif
