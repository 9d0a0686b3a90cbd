#include "alerts/workflow/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* What is signed: the line up to its signature, with what it is for in front of it. */
static int signed_text(const char *line, size_t len, char *text, size_t size)
{
    return snprintf(text, size, "vedette log head v1\n%.*s", (int)len, line);
}

void vd_seal_write(const uint8_t secret[VD_SIGN_SECRET], const struct vd_pg_log_head *head,
                   int64_t at_us, char line[VD_SEAL_LINE])
{
    char at[VD_TIME_TEXT], hash[2 * VD_LOG_HASH + 1], text[VD_SEAL_LINE + 32];
    char signature[2 * VD_SIGNATURE + 1];
    uint8_t bytes[VD_SIGNATURE];
    int len;

    vd_time_format(at_us, at);
    vd_hex(head->hash, VD_LOG_HASH, hash);
    len = snprintf(line, VD_SEAL_LINE, "%s %" PRId64 " %s", at, head->n, hash);
    vd_sign(secret, text, (size_t)signed_text(line, (size_t)len, text, sizeof text), bytes);
    vd_hex(bytes, VD_SIGNATURE, signature);
    (void)snprintf(line + len, VD_SEAL_LINE - (size_t)len, " %s\n", signature);
}

int vd_seal_read(const uint8_t public_key[VD_SIGN_PUBLIC], const char *line,
                 struct vd_pg_log_head *ret_head, int64_t *ret_at_us, struct vd_err *err)
{
    char at[VD_SEAL_LINE], number[VD_SEAL_LINE], hash[VD_SEAL_LINE], signature[VD_SEAL_LINE];
    char *parts[] = {at, number, hash, signature}, text[VD_SEAL_LINE + 32];
    struct vd_pg_log_head head;
    uint8_t bytes[VD_SIGNATURE];
    const char *rest = line;
    int64_t at_us;

    if (strlen(line) >= VD_SEAL_LINE)
        return vd_err_set(err, VD_EPROTO, "a line is too long");
    for (size_t i = 0; i < 4; i++) {
        size_t len = strcspn(rest, " ");

        memcpy(parts[i], rest, len);
        parts[i][len] = '\0';
        rest += len + (rest[len] == ' ');
    }
    if (*rest != '\0' || !vd_time_parse(at, &at_us) || !vd_str_int64(number, &head.n) ||
        head.n < 1 || !vd_unhex(hash, head.hash, VD_LOG_HASH) ||
        !vd_unhex(signature, bytes, VD_SIGNATURE))
        return vd_err_set(err, VD_EPROTO, "a line is no signed head");
    if (!vd_sign_check(
            public_key, text,
            (size_t)signed_text(line, strlen(line) - strlen(signature) - 1, text, sizeof text),
            bytes))
        return vd_err_set(err, VD_EPROTO, "the signature of entry %" PRId64 " is not ours",
                          head.n);
    *ret_head = head;
    *ret_at_us = at_us;
    return 0;
}
