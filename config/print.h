/* config/print.h: settings as text again, from the same rows that read them. */
#ifndef VD_CONFIG_PRINT_H
#define VD_CONFIG_PRINT_H

#include <stdio.h>

#include "config/config.h"
#include "config/keys.h"

enum {
    VD_PRINT_PUBLIC = 1 << 0, /* leave out what leads to a secret (VD_KEY_SECRET) */
    VD_PRINT_GIVEN = 1 << 1,  /* leave out what is as its default */
};

/* Prints object as YAML, which vd_bind() reads back to an equal object (but for what flags
 * leave out). Each line is indented by `indent` spaces; with is_item the first begins with "- "
 * in the last two of them. */
void vd_print_yaml(const struct vd_keys *keys, const void *object, int indent, bool is_item,
                   unsigned flags, FILE *out);

/* Whether the key has nothing to show: an absent text, an empty list, or what flags leave out.
 */
bool vd_print_omits(const struct vd_key *key, const void *object, unsigned flags);

/* Prints the manual of every key: plain text for a terminal, or Markdown. */
void vd_print_manual(bool is_markdown, FILE *out);

#endif
