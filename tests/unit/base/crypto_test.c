#include "base/crypto.h"

#include <criterion/criterion.h>
#include <string.h>

Test(crypto, sha256_of_pieces_is_that_of_the_whole)
{
    struct vd_hash hash;
    uint8_t digest[VD_HASH_BYTES];
    char hex[VD_HASH_BYTES * 2 + 1];

    cr_assert_eq(vd_crypto_init(NULL), 0);
    vd_hash_init(&hash);
    vd_hash_add(&hash, "a", 1);
    vd_hash_add(&hash, "bc", 2);
    vd_hash_done(&hash, digest);
    vd_hex(digest, sizeof digest, hex);
    /* FIPS 180-4, "abc" */
    cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

Test(crypto, passwords_verify_and_only_they)
{
    char hash[VD_PASSWORD_HASH_MAX], long_password[VD_PASSWORD_MAX + 2];

    cr_assert_eq(vd_crypto_init(NULL), 0);
    cr_assert_eq(vd_password_hash("s\xc3\xa4sam @:/#?%", 0, 0, hash, NULL), 0);
    cr_assert_eq(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0, "%s", hash);
    cr_assert(vd_password_verify("s\xc3\xa4sam @:/#?%", hash));
    cr_assert(!vd_password_verify("sesam", hash));
    cr_assert(!vd_password_verify("sesam", "no hash"));
    memset(long_password, 'x', sizeof long_password - 1);
    long_password[sizeof long_password - 1] = '\0';
    cr_assert_eq(vd_password_hash(long_password, 0, 0, hash, NULL), VD_EINVAL);
}

Test(crypto, random_text_is_of_its_letters_and_differs)
{
    char a[33], b[33];

    cr_assert_eq(vd_crypto_init(NULL), 0);
    vd_random_text(a, 32);
    vd_random_text(b, 32);
    cr_assert_eq(strlen(a), 32);
    cr_assert_eq(strcspn(a, "0O1lI\"' "), 32, "%s", a);
    cr_assert_str_neq(a, b);
}

Test(crypto, secrets_compare_and_are_wiped)
{
    char *secret;

    cr_assert_eq(vd_crypto_init(NULL), 0);
    secret = vd_secret_alloc(8);
    cr_assert_not_null(secret);
    memcpy(secret, "12345678", 8);
    cr_assert(vd_secret_equal(secret, "12345678", 8));
    cr_assert(!vd_secret_equal(secret, "12345679", 8));
    vd_secret_wipe(secret, 8);
    cr_assert(vd_secret_equal(secret, "\0\0\0\0\0\0\0\0", 8));
    vd_secret_free(secret);
}
