/* A signed head is read back, and nothing that was touched is. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/workflow/seal.h"

static uint8_t secret[VD_SIGN_SECRET], public_key[VD_SIGN_PUBLIC];

static void set_up(void)
{
    struct vd_err err;

    (void)vd_crypto_init(&err);
    vd_sign_pair(secret, public_key);
}

TestSuite(seal, .init = set_up);

Test(seal, a_head_comes_back_as_it_was_signed)
{
    struct vd_pg_log_head head = {.n = INT64_MAX}, again;
    char line[VD_SEAL_LINE];
    uint8_t half[VD_SIGN_PUBLIC];
    int64_t at_us;

    memset(head.hash, 0xa5, sizeof head.hash);
    vd_seal_write(secret, &head, INT64_C(1787368447412000), line);
    cr_assert_eq(strlen(line), sizeof line - 1, "the longest line fills its room");
    line[strlen(line) - 1] = '\0';
    cr_assert_eq(vd_seal_read(public_key, line, &again, &at_us, NULL), 0);
    cr_assert_eq(again.n, head.n);
    cr_assert_eq(memcmp(again.hash, head.hash, sizeof head.hash), 0);
    cr_assert_eq(at_us, INT64_C(1787368447412000));
    vd_sign_public(secret, half);
    cr_assert_eq(memcmp(half, public_key, sizeof half), 0);
}

Test(seal, any_touched_byte_and_any_cut_is_found)
{
    struct vd_pg_log_head head = {.n = 4711, .hash = {1, 2, 3}}, again;
    char line[VD_SEAL_LINE], other[VD_SEAL_LINE];
    int64_t at_us;
    size_t len;

    vd_seal_write(secret, &head, INT64_C(1787368447412000), line);
    len = strlen(line) - 1;
    line[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        memcpy(other, line, sizeof other);
        other[i] ^= 1;
        cr_assert_eq(vd_seal_read(public_key, other, &again, &at_us, NULL), VD_EPROTO,
                     "byte %zu", i);
        memcpy(other, line, sizeof other);
        other[i] = '\0';
        cr_assert_eq(vd_seal_read(public_key, other, &again, &at_us, NULL), VD_EPROTO,
                     "cut at %zu", i);
    }
    public_key[7] ^= 1;
    cr_assert_eq(vd_seal_read(public_key, line, &again, &at_us, NULL), VD_EPROTO);
}

Test(seal, rubbish_is_refused)
{
    static const char *const rows[] = {"",
                                       " ",
                                       "    ",
                                       "a b c d",
                                       "a b c d e",
                                       "2026-08-22T03:14:07.412Z 0 00 00",
                                       "2026-08-22T03:14:07.412Z -5 00 00"};
    struct vd_pg_log_head head;
    char huge[2 * VD_SEAL_LINE];
    int64_t at_us;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(vd_seal_read(public_key, rows[i], &head, &at_us, NULL), VD_EPROTO,
                     "row %zu", i);
    memset(huge, '1', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    cr_assert_eq(vd_seal_read(public_key, huge, &head, &at_us, NULL), VD_EPROTO);
}
