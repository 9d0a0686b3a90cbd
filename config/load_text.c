#include "config/load_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/config.h"

size_t vd_load_text_utf8(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 1;
    uint32_t c = len > 0 ? s[0] : 0xff, least;

    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c < 0xe0)
        n = 2, c &= 0x1f, least = 0x80;
    else if (c >= 0xe0 && c < 0xf0)
        n = 3, c &= 0x0f, least = 0x800;
    else if (c >= 0xf0 && c < 0xf5)
        n = 4, c &= 0x07, least = 0x10000;
    else
        return 0;
    if (n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return n;
}

/* What the character is called when it may not be in a file; NULL when it may. */
static const char *refused(const char *at, size_t n, bool is_indent)
{
    unsigned char c = (unsigned char)*at;

    if (n == 0)
        return "this is not UTF-8; save the file as UTF-8";
    if (c == '\0')
        return "the file holds a NUL byte; it is no text, or damaged";
    if (c == '\t' && is_indent)
        return "a tab indents this line; YAML wants spaces";
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
        return "the file holds a control character; delete it";
    if (n == 2 && c == 0xc2 && (unsigned char)at[1] < 0xa0)
        return "the file holds a control character; delete it";
    if (n == 3 && memcmp(at, "\xef\xbf", 2) == 0 && (unsigned char)at[2] >= 0xbe)
        return "the file holds U+FFFE or U+FFFF, which are no characters; delete it";
    return NULL;
}

int vd_load_text_check(const char *file, const char *text, size_t len,
                       struct vd_problems *problems)
{
    int line = 1, column = 1;
    bool is_indent = true;

    if (len > VD_CONFIG_FILE_MAX) {
        vd_problems_add(problems, file, 1, 1,
                        "the file is larger than 1 MiB; split it into several files");
        return VD_EINVAL;
    }
    for (size_t i = 0; i < len;) {
        size_t n = vd_load_text_utf8(text + i, len - i);
        const char *what = refused(text + i, n, is_indent);

        if (what != NULL) {
            vd_problems_add(problems, file, line, column, "%s", what);
            return VD_EINVAL;
        }
        column++;
        is_indent = is_indent && text[i] == ' ';
        if (text[i] == '\n') {
            line++;
            column = 1;
            is_indent = true;
        }
        i += n;
    }
    return 0;
}

void vd_load_text_mend(char *text)
{
    size_t len = strlen(text), kept = 0;

    for (size_t i = 0; i < len;) {
        size_t n = vd_load_text_utf8(text + i, len - i);

        memmove(text + kept, text + i, n);
        kept += n;
        i += n > 0 ? n : 1;
    }
    text[kept] = '\0';
}
