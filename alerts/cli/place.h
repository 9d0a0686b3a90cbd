/* alerts/cli/place.h: what every command here needs to know: where configuration, state,
 * database and feed are, from --config and --state. */
#ifndef VD_ALERTS_CLI_PLACE_H
#define VD_ALERTS_CLI_PLACE_H

#include <stdbool.h>

#include "alerts/writer/link.h"
#include "base/err.h"
#include "base/fs.h"
#include "config/config.h"
#include "config/wire.h"

/* Exit statuses of all commands. */
enum {
    CLI_OK,
    CLI_FAULT,  /* what was looked for is wrong or missing */
    CLI_USAGE,  /* asked for the impossible */
    CLI_FAILED, /* could not look */
};

/* In the state folder: the configuration that `vedette up` started with. */
#define CLI_KEPT "config.kept"

struct cli_place {
    char config[VD_PATH_MAX], state[VD_PATH_MAX];
    char feed[VD_PATH_MAX + 16], replay[VD_PATH_MAX + 16];
    struct vd_bus_keys keys; /* after cli_place_keys */
    bool has_keys;
    struct vd_config *cfg;
};

/* config and state as given, or NULL. Loads the configuration without its secrets, or says that
 * it does not pass and takes what did last. */
int cli_place_find(struct cli_place *place, const char *config, const char *state,
                   struct vd_err *err);
/* What the feed and the replay ask for: nothing on ipc://, over tcp:// the key of that file
 * (NULL: bus.key_file). */
int cli_place_keys(struct cli_place *place, const char *key_file, struct vd_err *err);
void cli_place_fini(struct cli_place *place);

/* Connects as role. */
int cli_connect(const struct cli_place *place, enum vd_link_role role, const char *application,
                struct vd_pg **ret_pg, struct vd_err *err);

/* Prints "vedette <verb>: message" and returns status. */
int cli_complain(const char *verb, const char *message, int status);

#endif
