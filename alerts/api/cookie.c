#include "alerts/api/cookie.h"

#include <stdio.h>
#include <string.h>

static const char *name_of(bool is_tls)
{
    return is_tls ? "__Host-vedette" : "vedette";
}

static bool is_token(const char *text, size_t len)
{
    if (len != VD_TOKEN_TEXT)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'z') ||
              (text[i] >= 'A' && text[i] <= 'Z')))
            return false;
    return true;
}

bool vd_cookie_token(const char *header, bool is_tls, char ret_token[VD_TOKEN_TEXT + 1])
{
    const char *name = name_of(is_tls);
    size_t name_len = strlen(name);
    const char *found = NULL;

    while (header != NULL && *header != '\0') {
        size_t len;

        header += strspn(header, " \t;");
        len = strcspn(header, ";");
        if (len > name_len && header[name_len] == '=' && strncmp(header, name, name_len) == 0) {
            if (found != NULL)
                return false; /* two of them: somebody plants cookies */
            found = header + name_len + 1;
        }
        header += len;
    }
    if (found == NULL || !is_token(found, strcspn(found, "; \t")))
        return false;
    memcpy(ret_token, found, VD_TOKEN_TEXT);
    ret_token[VD_TOKEN_TEXT] = '\0';
    return true;
}

void vd_cookie_set(char *buf, size_t size, const char *token, bool is_tls)
{
    snprintf(buf, size, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name_of(is_tls),
             token != NULL ? token : "", is_tls ? "; Secure" : "",
             token != NULL ? "" : "; Max-Age=0");
}

void vd_token_hash(const char *token, uint8_t ret_hash[VD_HASH_BYTES])
{
    struct vd_hash hash;

    vd_hash_init(&hash);
    vd_hash_add(&hash, token, strlen(token));
    vd_hash_done(&hash, ret_hash);
}
