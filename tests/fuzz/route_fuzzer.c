/* Any request line, cookie and version may come in: nothing may crash, what is accepted keeps
 * its limits, and a search that was understood is one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/body.h"
#include "alerts/api/cookie.h"
#include "alerts/api/search.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "PUT"};
    char *text = malloc(size + 1), token[VD_TOKEN_TEXT + 1];
    struct vd_target target;
    struct vd_search search;
    int64_t version;
    unsigned allow;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (vd_route_decode(methods[size > 0 ? data[size - 1] % 5 : 0], text, &target, &allow) ==
        0) {
        if (!vd_str_is_utf8(target.id, strlen(target.id)) || target.query.n > VD_QUERY_MAX)
            abort();
        if (vd_search_decode(&target.query, &search, NULL) == 0 &&
            (search.filter.limit < 1 || search.filter.limit > VD_SEARCH_LIMIT_MAX))
            abort();
    }
    if (vd_cookie_token(text, size % 2 == 0, token) && strlen(token) != VD_TOKEN_TEXT)
        abort();
    if (vd_if_match(text, &version) == 0 && version < 0)
        abort();
    free(text);
    return 0;
}
