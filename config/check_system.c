/* What the sections of vedette.yaml ask of each other, and the secrets that the folder names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "config/secret.h"

static bool is_loopback(const char *listen)
{
    char host[256] = "";
    uint16_t port;

    if (vd_config_listen(listen, host, sizeof host, &port, NULL) < 0)
        return true; /* a problem of its own, told already */
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

static void check_console(struct vd_load *load, const struct vd_entry *root)
{
    const struct vd_console_cfg *console = &load->cfg->console;
    bool has_pair = console->tls.cert != NULL && console->tls.key != NULL;

    if ((console->tls.cert != NULL) != (console->tls.key != NULL))
        vd_load_problem(load, root, "console.tls", "tls: 'cert:' and 'key:' go together");
    if (console->tls.is_generated && console->tls.cert != NULL)
        vd_load_problem(load, root, "console.tls.generate",
                        "generate: a certificate is given; leave one of them out");
    if (!is_loopback(console->listen) && !has_pair && !console->tls.is_generated &&
        !console->is_behind_proxy)
        vd_load_problem(load, root, "console.listen",
                        "listen: '%s' is open to the network; give 'tls: {generate: true}', "
                        "'tls:' with 'cert:' and 'key:', or 'behind_proxy: true'",
                        console->listen);
}

static void check_database(struct vd_load *load, const struct vd_entry *root)
{
    const struct vd_database_cfg *db = &load->cfg->database;
    static const char *const paths[] = {"database.owner.password_file",
                                        "database.router.password_file",
                                        "database.console.password_file"};
    const char *const files[] = {db->owner.password_file, db->router.password_file,
                                 db->console.password_file};

    for (size_t i = 0; i < 3 && db->url == NULL; i++)
        if (files[i] != NULL)
            vd_load_problem(load, root, paths[i],
                            "password_file: without 'url:' Vedette runs a database of its own, "
                            "whose passwords it makes itself");
}

/* ---- the bus ---- */

static bool is_tcp(const char *endpoint)
{
    return endpoint != NULL && strncmp(endpoint, "tcp://", 6) == 0;
}

/* The alphabet of Z85. */
static bool is_key(const char *text)
{
    return strspn(text,
                  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?"
                  "&<>()[]{}@%$#") == strlen(text);
}

/* "gate" would speak for the workers of "gate-2", too. */
static bool is_within(const char *node, const char *other)
{
    size_t len = strlen(other);

    return strncmp(node, other, len) == 0 && (node[len] == '\0' || node[len] == '-');
}

/* Another's node that would stand for one of this client's, told once of each two. */
static void check_nodes(struct vd_load *load, const struct vd_entry *at,
                        const struct vd_bus_client_cfg *client,
                        const struct vd_bus_client_cfg *other, bool is_before)
{
    for (int i = 0; i < client->nodes.n; i++)
        for (int j = 0; j < other->nodes.n; j++)
            if (is_within(client->nodes.items[i], other->nodes.items[j]) &&
                (is_before || strcmp(client->nodes.items[i], other->nodes.items[j]) != 0))
                vd_load_problem(load, at, "node", "node: '%s' of '%s' would stand for it, too",
                                other->nodes.items[j], other->name);
}

static void check_client(struct vd_load *load, const struct vd_entry *at,
                         const struct vd_bus_cfg *bus, int i)
{
    const struct vd_bus_client_cfg *client = &bus->clients[i];

    if (client->name == NULL || client->public_key == NULL)
        return; /* told already */
    if (!is_key(client->public_key))
        vd_load_problem(load, at, "public_key",
                        "public_key: this is no key that 'vedette key generate' prints");
    if (client->nodes.n == 0 && !client->listens)
        vd_load_problem(load, at, "name",
                        "clients: '%s' may do nothing; give 'node:' or 'listens: true'",
                        client->name);
    for (int j = 0; j < bus->n_clients; j++) {
        const struct vd_bus_client_cfg *other = &bus->clients[j];

        if (j == i || other->name == NULL || other->public_key == NULL)
            continue;
        if (j < i && strcmp(client->name, other->name) == 0)
            vd_load_problem(load, at, "name", "clients: '%s' is given twice", client->name);
        if (j < i && strcmp(client->public_key, other->public_key) == 0)
            vd_load_problem(load, at, "public_key", "public_key: '%s' has this one already",
                            other->name);
        check_nodes(load, at, client, other, j < i);
    }
}

static void check_bus(struct vd_load *load, const struct vd_entry *root)
{
    const struct vd_bus_cfg *bus = &load->cfg->bus;
    const struct vd_console_cfg *console = &load->cfg->console;
    const struct vd_node *clients = vd_node_child(vd_node_child(root->node, "bus"), "clients");
    struct vd_entry at = *root;
    bool is_open = is_tcp(bus->events) || is_tcp(bus->feed) || is_tcp(bus->replay);

    at.node = clients != NULL ? clients->first : NULL;
    for (int i = 0; i < bus->n_clients && at.node != NULL; i++, at.node = at.node->next)
        check_client(load, &at, bus, i);
    if (bus->server_key != NULL && !is_key(bus->server_key))
        vd_load_problem(load, root, "bus.server_key",
                        "server_key: this is no key that 'vedette key generate' prints");
    if (is_open && bus->server_key_file == NULL && bus->key_file == NULL &&
        console->bus_key_file == NULL)
        vd_load_problem(
            load, root, "bus",
            "bus: over tcp:// it needs keys; give 'server_key_file:' on the router's "
            "machine, 'server_key:' and 'key_file:' on the others");
    if (is_open && bus->server_key == NULL &&
        (bus->key_file != NULL || console->bus_key_file != NULL))
        vd_load_problem(load, root, "bus",
                        "bus: 'key_file:' says who we are, 'server_key:' must say who the "
                        "router is");
}

static void check_units(struct vd_load *load, const struct vd_entry *root)
{
    const struct vd_work_cfg *work = &load->cfg->work;

    for (int i = 1; i < work->n_units; i++)
        for (int j = 0; j < i && work->units[i].id != NULL; j++)
            if (work->units[j].id != NULL && strcmp(work->units[i].id, work->units[j].id) == 0)
                vd_load_problem(load, root, "work.units", "units: '%s' is there twice",
                                work->units[i].id);
}

void vd_check_system(struct vd_load *load)
{
    const struct vd_entry root = {.node = load->system, .file = "vedette.yaml"};
    const struct vd_ingest_cfg *ingest = &load->cfg->ingest;

    if (load->system == NULL)
        return; /* defaults need no check: a test does that */
    check_console(load, &root);
    check_database(load, &root);
    check_bus(load, &root);
    check_units(load, &root);
    if (ingest->backoff_min_us > ingest->backoff_max_us)
        vd_load_problem(load, &root, "ingest.backoff_min",
                        "backoff_min: it must not be more than backoff_max");
    if (ingest->spool_reserve_bytes > ingest->spool_limit_bytes / 2)
        vd_load_problem(load, &root, "ingest.spool_reserve",
                        "spool_reserve: it must not be more than half of spool_limit");
}

/* One secret: reported at the path of keys from entry. VD_ENOMEM. */
static int check_secret(struct vd_load *load, const struct vd_entry *entry, const char *path,
                        const char *file, int64_t *ret_stamp)
{
    char full[VD_CONFIG_PATH_MAX * 2];
    const char *key = strrchr(path, '.');
    struct vd_err err = {0};
    int rc;

    if (file == NULL)
        return 0;
    rc = vd_secret_path(load->cfg->folder, file, full, sizeof full, &err);
    if (rc == 0)
        rc = vd_secret_check(full, ret_stamp, &err);
    if (rc == VD_ENOMEM)
        return rc;
    if (rc < 0 && !load->is_kept)
        vd_load_problem(load, entry, path, "%s: %s", key != NULL ? key + 1 : path, err.msg);
    return 0;
}

/* A PEM file has lines: it is only asked whether it can be read, and by whom. */
static void check_pem(struct vd_load *load, const struct vd_entry *root, const char *path,
                      const char *file, bool is_secret)
{
    char full[VD_CONFIG_PATH_MAX * 2];
    const char *key = strrchr(path, '.') + 1;
    struct stat st;

    if (file == NULL || load->is_kept ||
        vd_secret_path(load->cfg->folder, file, full, sizeof full, NULL) < 0)
        return;
    if (access(full, R_OK) != 0 || stat(full, &st) != 0)
        vd_load_problem(load, root, path, "%s: the file cannot be read: %s", key,
                        strerror(errno));
    else if (is_secret && (st.st_mode & S_IRWXO) != 0)
        vd_load_problem(load, root, path,
                        "%s: everyone on this machine may open the file (mode %03o); chmod 640 "
                        "or 600",
                        key, (unsigned)st.st_mode & 0777);
}

int vd_check_secrets(struct vd_load *load)
{
    const struct vd_entry root = {.node = load->system, .file = "vedette.yaml"};
    const struct vd_database_cfg *db = &load->cfg->database;
    const struct vd_console_cfg *console = &load->cfg->console;
    const struct {
        unsigned bit;
        const char *path, *file;
    } secrets[] = {
        {VD_CONFIG_SECRETS_DB_OWNER, "database.owner.password_file", db->owner.password_file},
        {VD_CONFIG_SECRETS_DB_ROUTER, "database.router.password_file",
         db->router.password_file},
        {VD_CONFIG_SECRETS_DB_CONSOLE, "database.console.password_file",
         db->console.password_file},
        {VD_CONFIG_SECRETS_CONSOLE, "console.metrics_token_file", console->metrics_token_file},
        {VD_CONFIG_SECRETS_CONSOLE, "console.bus_key_file", console->bus_key_file},
        {VD_CONFIG_SECRETS_DB_ROUTER, "bus.server_key_file", load->cfg->bus.server_key_file},
        {VD_CONFIG_SECRETS_CAMERAS, "bus.key_file", load->cfg->bus.key_file},
    };
    int rc = 0;

    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0] && rc == 0; i++)
        if ((load->secrets & secrets[i].bit) != 0)
            rc = check_secret(load, &root, secrets[i].path, secrets[i].file, NULL);
    if ((load->secrets & VD_CONFIG_SECRETS_CONSOLE) != 0) {
        check_pem(load, &root, "console.tls.cert", console->tls.cert, false);
        check_pem(load, &root, "console.tls.key", console->tls.key, true);
    }
    for (int i = 0; i < load->cameras.n && rc == 0; i++) {
        struct vd_camera_cfg *camera = load->cameras.items[i].object;

        if ((load->secrets & VD_CONFIG_SECRETS_CAMERAS) != 0)
            rc = check_secret(load, &load->cameras.items[i], "password_file",
                              camera->password_file, &camera->secret_stamp);
    }
    return rc;
}
