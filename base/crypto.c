#include "base/crypto.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct vd_hash), "hash state");
_Static_assert(VD_PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "hash text");
_Static_assert(VD_HASH_BYTES == crypto_hash_sha256_BYTES, "digest");

int vd_crypto_init(struct vd_err *err)
{
    if (sodium_init() < 0)
        return vd_err_set(err, VD_EIO, "libsodium: no source of randomness");
    return 0;
}

static crypto_hash_sha256_state *state_of(struct vd_hash *hash)
{
    return (crypto_hash_sha256_state *)(void *)hash->state;
}

void vd_hash_init(struct vd_hash *hash)
{
    crypto_hash_sha256_init(state_of(hash));
}

void vd_hash_add(struct vd_hash *hash, const void *data, size_t len)
{
    crypto_hash_sha256_update(state_of(hash), data, len);
}

void vd_hash_done(struct vd_hash *hash, uint8_t digest[VD_HASH_BYTES])
{
    crypto_hash_sha256_final(state_of(hash), digest);
}

void vd_hex(const uint8_t *data, size_t len, char *text)
{
    sodium_bin2hex(text, len * 2 + 1, data, len);
}

void vd_random(void *data, size_t len)
{
    randombytes_buf(data, len);
}

void vd_random_text(char *text, size_t len)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    for (size_t i = 0; i < len; i++)
        text[i] = letters[randombytes_uniform(sizeof letters - 1)];
    text[len] = '\0';
}

bool vd_secret_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void vd_secret_wipe(void *data, size_t len)
{
    sodium_memzero(data, len);
}

void *vd_secret_alloc(size_t len)
{
    return sodium_malloc(len);
}

void vd_secret_free(void *data)
{
    sodium_free(data);
}

int vd_password_hash(const char *password, uint32_t mem_kib, uint32_t ops,
                     char hash[VD_PASSWORD_HASH_MAX], struct vd_err *err)
{
    enum { MEM_KIB_MIN = 19456, OPS_MIN = 2 };
    size_t len = strlen(password);

    if (len > VD_PASSWORD_MAX)
        return vd_err_set(err, VD_EINVAL, "password: %d characters at most", VD_PASSWORD_MAX);
    if (mem_kib < MEM_KIB_MIN)
        mem_kib = MEM_KIB_MIN;
    if (ops < OPS_MIN)
        ops = OPS_MIN;
    if (crypto_pwhash_str_alg(hash, password, len, ops, (size_t)mem_kib * 1024,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return vd_err_set(err, VD_ENOMEM, "password: no %u KiB for argon2id", mem_kib);
    return 0;
}

bool vd_password_verify(const char *password, const char *hash)
{
    size_t len = strlen(password);

    return len <= VD_PASSWORD_MAX && crypto_pwhash_str_verify(hash, password, len) == 0;
}

void vd_sign_pair(uint8_t secret[VD_SIGN_SECRET], uint8_t public_key[VD_SIGN_PUBLIC])
{
    (void)crypto_sign_keypair(public_key, secret); /* cannot fail */
}

void vd_sign_public(const uint8_t secret[VD_SIGN_SECRET], uint8_t public_key[VD_SIGN_PUBLIC])
{
    (void)crypto_sign_ed25519_sk_to_pk(public_key, secret);
}

void vd_sign(const uint8_t secret[VD_SIGN_SECRET], const void *data, size_t len,
             uint8_t signature[VD_SIGNATURE])
{
    (void)crypto_sign_detached(signature, NULL, data, len, secret);
}

bool vd_sign_check(const uint8_t public_key[VD_SIGN_PUBLIC], const void *data, size_t len,
                   const uint8_t signature[VD_SIGNATURE])
{
    return crypto_sign_verify_detached(signature, data, len, public_key) == 0;
}

bool vd_unhex(const char *text, uint8_t *data, size_t len)
{
    size_t n = 0;

    return strlen(text) == 2 * len &&
           sodium_hex2bin(data, len, text, 2 * len, NULL, &n, NULL) == 0 && n == len;
}
