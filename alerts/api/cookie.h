/* alerts/api/cookie.h: the session's token in a browser. Pure. */
#ifndef VD_ALERTS_API_COOKIE_H
#define VD_ALERTS_API_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

/* Characters of a token: 43 of vd_random_text, about 250 bits. */
enum { VD_TOKEN_TEXT = 43 };

/* Finds the token in a Cookie header (NULL: there is none). True with *ret_token filled when
 * there is exactly one of our name and it looks like a token. Over TLS the name bears the
 * prefix __Host-, which a browser accepts from no other host and no plain connection. */
bool vd_cookie_token(const char *header, bool is_tls, char ret_token[VD_TOKEN_TEXT + 1]);

/* Writes a Set-Cookie value that gives the token, or (NULL) takes it back. */
void vd_cookie_set(char *buf, size_t size, const char *token, bool is_tls);

/* What the server keeps in place of the token: its SHA-256. */
void vd_token_hash(const char *token, uint8_t ret_hash[VD_HASH_BYTES]);

#endif
