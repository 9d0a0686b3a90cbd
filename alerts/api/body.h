/* alerts/api/body.h: the JSON that comes in, turned into plain data. Pure and total. */
#ifndef VD_ALERTS_API_BODY_H
#define VD_ALERTS_API_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"

enum { VD_BODY_MAX = 64 * 1024, VD_NAME_TEXT_MAX = 127, VD_NOTE_MAX = 4000 };

/* {"name":"…","password":"…"}. Wipe it when done. */
struct vd_sign_in {
    char name[VD_NAME_TEXT_MAX + 1];
    char password[VD_PASSWORD_MAX + 1];
};

/* {"version":7,"disposition":"nuisance","note":"…","to":"patrol-1","until":"2026-…Z"}; all may
 * be left out, also the body. */
struct vd_change_body {
    int64_t version;  /* 0: not given */
    int64_t until_us; /* 0: not given */
    char disposition[16];
    char to[VD_NAME_TEXT_MAX + 1];
    char note[VD_NOTE_MAX + 1];
};

/* Return 0, or VD_EPROTO (what and why in *err) with the result untouched. */
int vd_body_sign_in(const char *text, size_t len, struct vd_sign_in *ret_body,
                    struct vd_err *err);
int vd_body_change(const char *text, size_t len, struct vd_change_body *ret_body,
                   struct vd_err *err);

/* If-Match: "7" or W/"7" or 7 -> 7. NULL or "" gives 0; VD_EPROTO for anything else, also "*":
 * a change without a version is what the lock is there to prevent. */
int vd_if_match(const char *header, int64_t *ret_version);

#endif
