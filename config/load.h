/* config/load.h: the steps from files to a snapshot. Within the room; tests and the fuzzer come
 * in at vd_load_text().
 *
 * Trees of texts stay until the last check, for a check must be able to say where. */
#ifndef VD_CONFIG_LOAD_H
#define VD_CONFIG_LOAD_H

#include "base/crypto.h"
#include "config/bind.h"
#include "config/config.h"

/* One item of a list that several files make up. */
struct vd_entry {
    const struct vd_node *node;
    const char *file;
    void *object; /* what the node says, in the snapshot's order after sorting */
    int order;    /* of appearance */
};

struct vd_entries {
    struct vd_entry *items; /* from malloc */
    int n, room;
};

struct vd_load {
    struct vd_config *cfg;
    struct vd_arena *arena;  /* of cfg */
    struct vd_arena scratch; /* gone with the load */
    struct vd_problems *problems;
    struct vd_entries areas, cameras, rules;
    const struct vd_node *system;            /* the root of vedette.yaml, or NULL */
    const struct vd_config_file **next_file; /* where the next one is hung up */
    struct vd_hash hash;
    unsigned secrets;
    bool is_alone;      /* cameras without their folder: areas are not judged */
    bool is_kept;       /* passed once: a secret that has gone since is no problem */
    bool is_incomplete; /* a file was refused whole: what may be in it is not missed */
    int n_hints;        /* searches for the nearest name so far; they are bounded */
};

/* What a file of the folder may hold. */
enum vd_load_kind { VD_LOAD_SYSTEM, VD_LOAD_CAMERAS, VD_LOAD_RULES };

/* Adds one file: its bytes to the revision, its tree to what the load knows. Problems are kept;
 * VD_ENOMEM. */
int vd_load_add(struct vd_load *load, enum vd_load_kind kind, const char *file,
                const char *text, size_t len);

/* Adds the files of the folder, with over (may be NULL) in place of one. VD_EIO, VD_ENOMEM. */
int vd_load_folder(struct vd_load *load, const char *folder, const struct vd_overlay *over,
                   struct vd_err *err);

/* The same from files in memory, which passed once. given and folder as in vd_config. */
int vd_load_kept(struct vd_config **ret_cfg, const char *given, const char *folder,
                 const struct vd_config_file *files, unsigned secrets, struct vd_err *err);

/* The same from one text: vedette.yaml alone, and nothing of the disk but time zone data. */
int vd_load_text(struct vd_config **ret_cfg, const char *text, size_t len,
                 struct vd_problems *problems, struct vd_err *err);

/* Everything that one file alone cannot tell: what is named must be there, once. */
void vd_check(struct vd_load *load);

/* The parts of it that are about rules, and about the sections of vedette.yaml. */
void vd_check_rules(struct vd_load *load);
void vd_check_system(struct vd_load *load);

/* "; did you mean 'x'?" into ret_text, or "": of n items that begin with their names. */
void vd_check_hint(struct vd_load *load, const char *name, const void *items, int n,
                   size_t size, char *ret_text, size_t room);

/* The index of the area that the key at path names, or -1 (a problem, unless code is NULL). */
int vd_check_area(struct vd_load *load, const struct vd_entry *entry, const char *path,
                  const char *code);

/* The secrets that load->secrets asks for; sets the stamps of cameras. VD_ENOMEM. */
int vd_check_secrets(struct vd_load *load);

/* A problem at the node that the path of keys leads to from an entry, or at the nearest node
 * above it that exists. */
__attribute__((format(printf, 4, 5))) void vd_load_problem(struct vd_load *load,
                                                           const struct vd_entry *entry,
                                                           const char *path, const char *fmt,
                                                           ...);

#endif
