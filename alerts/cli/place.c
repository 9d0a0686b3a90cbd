#include "alerts/cli/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "config/kept.h"
#include "config/place.h"

/* While the folder does not pass, what `vedette up` started with tells where everything is. */
static int load(struct cli_place *place, struct vd_err *err)
{
    struct vd_err why = {0};
    char kept[VD_PATH_MAX];
    int rc = vd_fs_join(kept, sizeof kept, place->state, CLI_KEPT, err);

    if (rc < 0)
        return rc;
    rc = vd_config_start(&place->cfg, place->config, VD_CONFIG_SECRETS_NONE, kept, NULL, &why);
    if (rc < 0)
        return vd_err_set(err, rc, "%s", why.msg);
    if (rc > 0)
        (void)fprintf(stderr,
                      "vedette: the configuration does not pass (%s); by what passed last:\n",
                      why.msg);
    return 0;
}

int cli_place_find(struct cli_place *place, const char *config, const char *state,
                   struct vd_err *err)
{
    char *whole;
    int rc;

    memset(place, 0, sizeof *place);
    rc = vd_place_state(state, place->state, sizeof place->state, err);
    if (rc >= 0)
        rc = vd_place_config(config, state, place->config, sizeof place->config, err);
    if (rc < 0)
        return rc;
    whole = realpath(place->state, NULL); /* libpq takes a relative folder for a host */
    if (whole != NULL)
        (void)vd_str_copy(place->state, sizeof place->state, whole);
    free(whole);
    if (access(place->config, F_OK) != 0)
        return vd_err_set(err, VD_EINVAL,
                          "there is no configuration in '%s'; name the state folder of the "
                          "Vedette that runs with --state, or its configuration with --config",
                          place->config);
    rc = load(place, err);
    if (rc >= 0)
        rc = vd_link_endpoint(place->cfg->bus.feed, place->state, "feed", place->feed,
                              sizeof place->feed, err);
    if (rc >= 0)
        rc = vd_link_endpoint(place->cfg->bus.replay, place->state, "replay", place->replay,
                              sizeof place->replay, err);
    return rc;
}

int cli_place_keys(struct cli_place *place, const char *key_file, struct vd_err *err)
{
    const char *open = vd_wire_is_open(place->feed) ? place->feed : place->replay;
    char *whole = key_file != NULL ? realpath(key_file, NULL) : NULL;
    int rc;

    if (key_file != NULL && whole == NULL)
        return vd_err_set(err, VD_EINVAL, "key '%s': %s", key_file, strerror(errno));
    rc = vd_wire_client(place->cfg, open, whole != NULL ? whole : place->cfg->bus.key_file,
                        &place->keys, err);
    place->has_keys = rc > 0;
    free(whole);
    return rc < 0 ? rc : 0;
}

void cli_place_fini(struct cli_place *place)
{
    explicit_bzero(&place->keys, sizeof place->keys);
    vd_config_unref(&place->cfg);
}

int cli_connect(const struct cli_place *place, enum vd_link_role role, const char *application,
                struct vd_pg **ret_pg, struct vd_err *err)
{
    struct vd_link link;
    int rc = vd_link_find(&link, place->cfg, place->state, role, application, err);

    return rc < 0 ? rc : vd_pg_open(ret_pg, &link.opts, err);
}

int cli_complain(const char *verb, const char *message, int status)
{
    (void)fprintf(stderr, "vedette %s: %s\n", verb, message);
    return status;
}
