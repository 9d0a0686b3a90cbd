/* base/crypto.h: the few things of libsodium that we need, behind one door. */
#ifndef VD_BASE_CRYPTO_H
#define VD_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    VD_HASH_BYTES = 32,
    VD_PASSWORD_HASH_MAX = 128, /* crypto_pwhash_STRBYTES */
    VD_PASSWORD_MAX = 256,
};

/* Call in main before anything else here. VD_EIO when the library can't run. */
int vd_crypto_init(struct vd_err *err);

/* SHA-256 over any number of pieces. */
struct vd_hash {
    _Alignas(16) unsigned char state[128];
};
void vd_hash_init(struct vd_hash *hash);
void vd_hash_add(struct vd_hash *hash, const void *data, size_t len);
void vd_hash_done(struct vd_hash *hash, uint8_t digest[VD_HASH_BYTES]);

/* 2 len lower-case digits and a NUL. */
void vd_hex(const uint8_t *data, size_t len, char *text);

void vd_random(void *data, size_t len);

/* len characters of [A-Za-z0-9] without look-alikes, and a NUL: 5.8 bits each. */
void vd_random_text(char *text, size_t len);

/* Compares secrets in constant time. */
bool vd_secret_equal(const void *a, const void *b, size_t len);

/* Overwrites a secret for good. */
void vd_secret_wipe(void *data, size_t len);

/* Memory for a secret: locked, guarded, out of core dumps, wiped on free. NULL when out. */
void *vd_secret_alloc(size_t len);
void vd_secret_free(void *data);

/* argon2id with mem_kib and ops (floors: 19456 KiB, 2, as OWASP's cheat sheet advises). Takes
 * about 50 ms of a core: never on a thread that serves others. */
int vd_password_hash(const char *password, uint32_t mem_kib, uint32_t ops,
                     char hash[VD_PASSWORD_HASH_MAX], struct vd_err *err);
bool vd_password_verify(const char *password, const char *hash);

/* ---- signatures (Ed25519, RFC 8032) ---- */

enum { VD_SIGN_SECRET = 64, VD_SIGN_PUBLIC = 32, VD_SIGNATURE = 64 };

/* A fresh pair. secret is memory of vd_secret_alloc. */
void vd_sign_pair(uint8_t secret[VD_SIGN_SECRET], uint8_t public_key[VD_SIGN_PUBLIC]);

/* The public half of a secret. */
void vd_sign_public(const uint8_t secret[VD_SIGN_SECRET], uint8_t public_key[VD_SIGN_PUBLIC]);

void vd_sign(const uint8_t secret[VD_SIGN_SECRET], const void *data, size_t len,
             uint8_t signature[VD_SIGNATURE]);
bool vd_sign_check(const uint8_t public_key[VD_SIGN_PUBLIC], const void *data, size_t len,
                   const uint8_t signature[VD_SIGNATURE]);

/* 2 len hexadecimal digits, either case, and nothing else. */
bool vd_unhex(const char *text, uint8_t *data, size_t len);

#endif
