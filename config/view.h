/* config/view.h: settings as a JSON document, for the API and for programs that read ours. */
#ifndef VD_CONFIG_VIEW_H
#define VD_CONFIG_VIEW_H

#include "base/json.h"
#include "config/keys.h"

/* What object holds under keys, without what leads to a secret. Truth values and plain numbers
 * are JSON's own; what has a unit is text as people write it ("10s", "0.3%"). The caller frees
 * it; NULL when there is no memory. */
struct vd_json *vd_view_json(const struct vd_keys *keys, const void *object);

#endif
