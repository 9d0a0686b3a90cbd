/* alerts/workflow/seal.h: the head of the log, signed: one line of text for a file outside of
 * the database. Who can rewrite the whole chain there can't make it agree with what was signed
 * before. Pure. */
#ifndef VD_ALERTS_WORKFLOW_SEAL_H
#define VD_ALERTS_WORKFLOW_SEAL_H

#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "storage/pg/log.h"

/* "2026-08-22T03:14:07.412Z 1234 <hash> <signature>\n" and a NUL */
enum { VD_SEAL_LINE = 24 + 1 + 19 + 1 + 64 + 1 + 128 + 2 };

/* Where they lie below the state folder; the first for the router's eyes only. */
#define VD_SEAL_SECRET "router/log-key"
#define VD_SEAL_PUBLIC "router/log-key.pub"
#define VD_SEAL_FILE   "router/log-heads"

/* Writes the line about head at at_us. */
void vd_seal_write(const uint8_t secret[VD_SIGN_SECRET], const struct vd_pg_log_head *head,
                   int64_t at_us, char line[VD_SEAL_LINE]);

/* Reads a line (without its newline) back. VD_EPROTO: it is none, or public_key's owner did not
 * sign it. Any text is safe. */
int vd_seal_read(const uint8_t public_key[VD_SIGN_PUBLIC], const char *line,
                 struct vd_pg_log_head *ret_head, int64_t *ret_at_us, struct vd_err *err);

#endif
