/* config/load_text.h: what must be true of a file's bytes before they can be YAML of ours. */
#ifndef VD_CONFIG_LOAD_TEXT_H
#define VD_CONFIG_LOAD_TEXT_H

#include <stddef.h>

#include "config/problems.h"

/* Size, UTF-8, no control characters, no tab that indents. Returns 0, or VD_EINVAL after
 * adding the first such problem with its place. Any bytes are safe. */
int vd_load_text_check(const char *file, const char *text, size_t len,
                       struct vd_problems *problems);

/* Length in bytes (1..4) of the UTF-8 character at the start of text, or 0 when there is
 * none: overlong, a surrogate, beyond U+10FFFF, or cut. */
size_t vd_load_text_utf8(const char *text, size_t len);

/* Takes out what is not UTF-8: a cut may have gone through a character, and a message must be
 * fit for JSON. */
void vd_load_text_mend(char *text);

#endif
