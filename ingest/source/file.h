/* ingest/source/file.h: a recorded file as frames, as fast as it decodes. Video only. */
#ifndef VD_INGEST_SOURCE_FILE_H
#define VD_INGEST_SOURCE_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "ingest/frame/frame.h"

struct vd_file;

/* Opens the best video stream of path; *ret_file is the caller's to close. Blocks on the disk.
 * VD_EIO: cannot be read; VD_EPROTO: no video in it that we can decode; VD_ENOMEM. */
int vd_file_open(struct vd_file **ret_file, const char *path, struct vd_err *err);

/* The next frame in order of presentation; *ret_frame is valid until the next call. Damaged
 * pictures are skipped and counted. mono_us = wall_us = pts_us begin at 0 and rise.
 * VD_EEOF at the end; VD_EPROTO when nothing more can be decoded. */
int vd_file_next(struct vd_file *file, struct vd_frame *ret_frame, struct vd_err *err);

/* Frames a second as the file says, 25 where it says nothing sensible. */
float vd_file_fps(const struct vd_file *file);

/* Pictures and packets the decoder refused. */
uint64_t vd_file_damaged(const struct vd_file *file);

/* NULL and *file == NULL are fine; sets *file to NULL. */
void vd_file_close(struct vd_file **file);

#endif
