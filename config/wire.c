#include "config/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "config/secret.h"

bool vd_wire_is_open(const char *endpoint)
{
    return strncmp(endpoint, "tcp://", 6) == 0;
}

static int read_key(const struct vd_config *cfg, const char *file, struct vd_bus_keys *keys,
                    struct vd_err *err)
{
    struct vd_secret secret = {0};
    struct vd_err why = {0};
    int rc = vd_config_secret(cfg, file, &secret, err);

    if (rc < 0)
        return rc;
    rc = vd_bus_public_key(secret.text, keys->public_key, &why);
    if (rc < 0)
        rc = vd_err_set(err, VD_EINVAL, "'%s': %s; 'vedette key generate' writes one", file,
                        why.msg);
    else
        (void)vd_str_copy(keys->secret_key, sizeof keys->secret_key, secret.text);
    vd_secret_fini(&secret);
    return rc;
}

int vd_wire_client(const struct vd_config *cfg, const char *endpoint, const char *key_file,
                   struct vd_bus_keys *ret_keys, struct vd_err *err)
{
    struct vd_bus_keys keys = {0};
    int rc;

    if (!vd_wire_is_open(endpoint))
        return 0;
    if (key_file == NULL)
        return vd_err_set(err, VD_EINVAL, "'%s' asks for a key: name its file as 'key_file:'",
                          endpoint);
    if (cfg->bus.server_key == NULL)
        return vd_err_set(err, VD_EINVAL, "'%s': the router's key is not known: 'server_key:'",
                          endpoint);
    rc = read_key(cfg, key_file, &keys, err);
    if (rc < 0)
        return rc;
    (void)vd_str_copy(keys.server_key, sizeof keys.server_key, cfg->bus.server_key);
    *ret_keys = keys;
    vd_secret_wipe(&keys, sizeof keys);
    return 1;
}

int vd_wire_server(const struct vd_config *cfg, const char *endpoint,
                   struct vd_bus_keys *ret_keys, struct vd_err *err)
{
    struct vd_bus_keys keys = {0};
    int rc;

    if (!vd_wire_is_open(endpoint))
        return 0;
    if (cfg->bus.server_key_file == NULL)
        return vd_err_set(err, VD_EINVAL,
                          "'%s' asks for the router's key: name its file as 'server_key_file:'",
                          endpoint);
    rc = read_key(cfg, cfg->bus.server_key_file, &keys, err);
    if (rc < 0)
        return rc;
    *ret_keys = keys;
    vd_secret_wipe(&keys, sizeof keys);
    return 1;
}

int vd_wire_allow(struct vd_zap *zap, const struct vd_config *cfg, struct vd_err *err)
{
    const struct vd_bus_cfg *bus = &cfg->bus;
    struct vd_zap_client *clients = calloc((size_t)bus->n_clients + 1, sizeof *clients);
    int rc;

    if (clients == NULL)
        return vd_err_set(err, VD_ENOMEM, "bus: out of memory");
    for (int i = 0; i < bus->n_clients; i++) {
        const struct vd_bus_client_cfg *from = &bus->clients[i];
        struct vd_zap_client *to = &clients[i];

        (void)vd_str_copy(to->name, sizeof to->name, from->name);
        (void)vd_str_copy(to->public_key, sizeof to->public_key, from->public_key);
        if (from->nodes.n > 0)
            to->realms |= 1u << VD_ZAP_EVENTS | 1u << VD_ZAP_REPLAY;
        if (from->listens)
            to->realms |= 1u << VD_ZAP_FEED | 1u << VD_ZAP_REPLAY;
    }
    rc = vd_zap_allow(zap, clients, (size_t)bus->n_clients, err);
    free(clients);
    return rc;
}

static bool is_same(const struct vd_strings *a, const struct vd_strings *b)
{
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

bool vd_wire_same(const struct vd_config *a, const struct vd_config *b)
{
    if (a->bus.n_clients != b->bus.n_clients)
        return false;
    for (int i = 0; i < a->bus.n_clients; i++) {
        const struct vd_bus_client_cfg *x = &a->bus.clients[i], *y = &b->bus.clients[i];

        if (strcmp(x->name, y->name) != 0 || strcmp(x->public_key, y->public_key) != 0 ||
            !is_same(&x->nodes, &y->nodes) || x->listens != y->listens)
            return false;
    }
    return true;
}

static const struct vd_bus_client_cfg *find(const struct vd_config *cfg, const char *client)
{
    for (int i = 0; i < cfg->bus.n_clients; i++)
        if (strcmp(cfg->bus.clients[i].name, client) == 0)
            return &cfg->bus.clients[i];
    return NULL;
}

bool vd_wire_listens(const struct vd_config *cfg, const char *client)
{
    const struct vd_bus_client_cfg *found = find(cfg, client);

    return found != NULL && found->listens;
}

bool vd_wire_owns(const struct vd_config *cfg, const char *client, const char *source)
{
    const struct vd_bus_client_cfg *found = find(cfg, client);
    const char *part = source[0] == '/' ? strchr(source + 1, '/') : NULL;

    for (int i = 0; found != NULL && part != NULL && i < found->nodes.n; i++) {
        size_t len = strlen(found->nodes.items[i]);

        if (strncmp(part + 1, found->nodes.items[i], len) == 0 &&
            (part[1 + len] == '/' || part[1 + len] == '-'))
            return true;
    }
    return false;
}
