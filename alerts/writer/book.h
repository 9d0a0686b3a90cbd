/* alerts/writer/book.h: the rules of a configuration, as the rules room wants them. */
#ifndef VD_ALERTS_WRITER_BOOK_H
#define VD_ALERTS_WRITER_BOOK_H

#include "alerts/rules/rules.h"
#include "base/err.h"
#include "config/config.h"

/* Never changes once made; holds a reference to its configuration. */
struct vd_book;

/* VD_EINVAL: a time zone that this machine does not know. VD_ENOMEM. */
int vd_book_new(struct vd_book **ret_book, struct vd_config *cfg, struct vd_err *err);
void vd_book_free(struct vd_book **book);

/* Fresh rules without memory, which must not outlive the book. */
int vd_book_rules(const struct vd_book *book, struct vd_rules **ret_rules, struct vd_err *err);

const struct vd_config *vd_book_config(const struct vd_book *book);

#endif
