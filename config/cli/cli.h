/* config/cli/cli.h: what the verbs of `vedette` share.
 *
 * Results go to stdout, what went wrong to stderr, in one line that says what to do. Exit
 * status: 0 done, 1 not done, 2 asked wrongly. */
#ifndef VD_CONFIG_CLI_CLI_H
#define VD_CONFIG_CLI_CLI_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "config/config.h"
#include "config/problems.h"

enum { VD_CLI_DONE = 0, VD_CLI_FAILED = 1, VD_CLI_USAGE = 2 };

/* One verb; argv[0] is its name, argv[argc] is NULL. Returns an exit status. */
typedef int vd_cli_fn(int argc, char **argv);

vd_cli_fn vd_cli_check;
vd_cli_fn vd_cli_reference;
vd_cli_fn vd_cli_camera;
vd_cli_fn vd_cli_camera_list;
vd_cli_fn vd_cli_camera_show;
vd_cli_fn vd_cli_camera_add;
vd_cli_fn vd_cli_camera_probe;
vd_cli_fn vd_cli_camera_remove;

struct vd_verb {
    const char *name;
    vd_cli_fn *run;
    const char *usage; /* what follows the name */
    const char *help;
};

/* Runs the verb that argv[1] names, or says what is near it. prefix is what stands before it
 * on the command line. Returns -1 when no verb has that name and nothing was said. */
int vd_cli_dispatch(const struct vd_verb *verbs, size_t n, const char *prefix, int argc,
                    char **argv);

/* Prints the verbs, one a line. */
void vd_cli_help(const struct vd_verb *verbs, size_t n, const char *prefix);

/* Says what went wrong; returns status. */
__attribute__((format(printf, 2, 3))) int vd_cli_fail(int status, const char *fmt, ...);

/* The configuration folder that the options name (each may be NULL), into path. Returns 0, or
 * an exit status after saying why. */
int vd_cli_folder(const char *config, const char *state, char path[VD_CONFIG_PATH_MAX]);

/* Loads the folder (with over, may be NULL); says every problem on stderr where it does not
 * pass. Returns 0 with *ret_cfg the caller's, or an exit status. */
int vd_cli_load(struct vd_config **ret_cfg, const char *folder, const struct vd_overlay *over,
                unsigned secrets);

/* Owner and group of the workers' own user, where this machine has one and we are root: what
 * they cannot read is no password to them. False: everybody here reads as we do. */
bool vd_cli_worker(uid_t *ret_uid, gid_t *ret_gid);

/* Says on stderr which cameras' password files the workers' user cannot read. */
void vd_cli_note_unreadable(const char *folder, const struct vd_config *cfg);

/* Finds the program vedette-<verb> beside this one or in the libexec folder. False: it is not
 * there. */
bool vd_cli_program(const char *verb, char path[VD_CONFIG_PATH_MAX]);

#endif
