/* ingest/source/url.h: the address of a camera, taken apart and put together with its
 * credentials. What is put together is a secret. */
#ifndef VD_INGEST_SOURCE_URL_H
#define VD_INGEST_SOURCE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { VD_URL_HOST_MAX = 255, VD_URL_MAX = 2048 };

struct vd_url {
    char scheme[8];                 /* "rtsp", "rtsps" */
    char host[VD_URL_HOST_MAX + 1]; /* name or address, an IPv6 one without brackets */
    int port;                       /* 554, 322 where none is written */
    const char *rest; /* "/path?query" or "", within the text it was parsed from */
};

/* VD_EINVAL: no rtsp:// or rtsps:// URL, user info in it, or too long. ret_url->rest points
 * into text. */
int vd_url_parse(const char *text, struct vd_url *ret_url, struct vd_err *err);

/* Writes scheme://user:password@address:port/rest with all that is special percent-encoded;
 * user NULL leaves both out. address takes the place of the host; with ':' it gets brackets.
 * VD_EINVAL when it does not fit or user and password are longer than 127 bytes encoded, all
 * that libavformat keeps. */
int vd_url_build(const struct vd_url *url, const char *address, const char *user,
                 const char *password, char *ret_text, size_t size, struct vd_err *err);

/* Overwrites what stands between "://" and "@" in text with '*', everywhere. */
void vd_url_redact(char *text);

#endif
