/* alerts/api/tls.h: the certificate that the console shows. */
#ifndef VD_ALERTS_API_TLS_H
#define VD_ALERTS_API_TLS_H

#include "base/err.h"
#include "config/config.h"

/* Loads certificate and key as PEM texts, the caller's to wipe and free; both NULL when the
 * configuration asks for no TLS. A generated pair (self-signed, ECDSA P-256) is made once and
 * kept in $STATE/console/{cert,key}.pem, so that browsers need to be told only once.
 * VD_EINVAL when a file is no PEM, VD_EIO when it can't be read or written. */
int vd_tls_load(const struct vd_config *cfg, const char *state, char **ret_cert, char **ret_key,
                struct vd_err *err);

#endif
