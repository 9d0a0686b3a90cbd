/* tests/camsim/scene.h: a generated place with known truth. Pure: no clock, no thread, no file;
 * the same specification and frame number give the same bytes, and the last frame of a loop is
 * followed by its first without a jump. */
#ifndef VD_TESTS_CAMSIM_SCENE_H
#define VD_TESTS_CAMSIM_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    VD_SCENE_TEXT_MAX = 160, /* bytes of a specification as text, with its NUL */
    VD_SCENE_CROSSINGS_MAX = 16,
    VD_SCENE_BOXES_MAX = 4,
    VD_SCENE_LOOK = 7, /* rises whenever the same text gives other pixels: names caches */
};

enum vd_place {
    VD_PLACE_YARD,
    VD_PLACE_GATE,
    VD_PLACE_ROAD,
    VD_PLACE_DOCK,
    VD_PLACE_CARPARK,
    VD_PLACE_CORRIDOR,
    VD_PLACE_N,
};

/* What lies over a place. None of it is an object: its mask stays 0. */
enum vd_scene_with {
    VD_WITH_NIGHT,      /* lamps and infrared only, grey, gain noise */
    VD_WITH_NOISE,      /* strong sensor noise, sigma about 8 grey levels */
    VD_WITH_RAIN,       /* streaks */
    VD_WITH_SNOW,       /* flakes */
    VD_WITH_SWAY,       /* trees move in the wind */
    VD_WITH_HEADLIGHTS, /* beams of a car that is never seen sweep over the place */
    VD_WITH_SWITCH,     /* the light goes off at 40 % of the loop and on again at 70 % */
    VD_WITH_CLOUDS,     /* soft shadows of clouds drift over it */
    VD_WITH_INSECTS,    /* bright blurs close to the lens */
    VD_WITH_SHAKE,      /* the mast moves by up to 3 pixels (of 480 lines) */
    VD_WITH_FLICKER,    /* mains light beats with the shutter: bands of 3 % */
    VD_WITH_STEPS,      /* the exposure steps by 20 % every few seconds */
    /* What is done to the camera, from the middle of the loop on; does not close the loop. */
    VD_WITH_COVER,    /* something is put over the lens, within 0.3 s */
    VD_WITH_COVERING, /* the same, over 10 s */
    VD_WITH_DARK,     /* the picture goes black */
    VD_WITH_BRIGHT,   /* the picture is blinded */
    VD_WITH_DEFOCUS,  /* level: radius of the blur in thousandths of the height, 12 */
    VD_WITH_TURN,     /* level: degrees to the right, 10 */
    VD_WITH_FREEZE,   /* the same frame again and again, noise and all */
    VD_WITH_BURST,    /* bursts of heavy noise, 2 s in every 6 */
    VD_WITH_N,
};

enum vd_scene_kind {
    VD_SCENE_PERSON,
    VD_SCENE_VEHICLE,
};

/* A mask's labels; those of the CDnet sets. */
enum {
    VD_MASK_STATIC = 0,
    VD_MASK_SHADOW = 50, /* cast by an object */
    VD_MASK_EDGE =
        170, /* less than half covered, by an object or its shadow: counts neither way */
    VD_MASK_MOVING = 255, /* an object's own pixel */
};

struct vd_scene_spec {
    enum vd_place place;
    uint32_t with;          /* bit 1 << enum vd_scene_with */
    int level[VD_WITH_N];   /* strength in percent (or as said above); 100 by default */
    int crossings;          /* objects a loop, 0..VD_SCENE_CROSSINGS_MAX; 0 is a quiet scene */
    int loop_s;             /* seconds of a loop, 4..3600 */
    int width, height, fps; /* even sizes 64..8192; 1..60 */
    uint32_t seed;          /* another seed: other people, other ways, other leaves */
    bool burn;              /* frame number burned in, see vd_scene_read_number() */
};

/* One object's way through the picture, in frames of the loop; end is the last frame with it.
 */
struct vd_scene_crossing {
    enum vd_scene_kind kind;
    int start, end; /* frames in which at least 1/5000 of the picture is the object's */
    char path[24];  /* name of the way it takes */
    bool reversed;  /* goes it the other way round */
};

struct vd_scene_box {
    int crossing;     /* index into the crossings */
    float x, y, w, h; /* 0..1 of the picture, origin top left */
    int pixels;       /* mask pixels that are this object's */
};

/* A rendered frame; every pointer belongs to the scene, and is good until its next render. */
struct vd_scene_picture {
    const uint8_t *y, *u, *v; /* 4:2:0, video range */
    const uint8_t *mask;      /* VD_MASK_*, one byte a pixel */
    int y_stride, c_stride, mask_stride;
    int n_boxes;
    struct vd_scene_box boxes[VD_SCENE_BOXES_MAX];
};

struct vd_scene;

/* Reads "place+word+word=level…": words are the disturbances ("night", "rain=50"), "quiet",
 * "burn", and the settings "crossings=", "loop=", "fps=", "seed=", "size=WxH". What the text
 * leaves out gets its default (640x480, 10 fps, 60 s, 3 crossings, seed 1). VD_EINVAL with the
 * word in question, leaving *ret_spec untouched. */
int vd_scene_parse(struct vd_scene_spec *ret_spec, const char *text, struct vd_err *err);

/* Writes the specification in one canonical form, that vd_scene_parse() reads back. */
void vd_scene_format(const struct vd_scene_spec *spec, char text[VD_SCENE_TEXT_MAX]);

/* Names as the specification writes them; NULL past the last. */
const char *vd_scene_place_name(int place);
const char *vd_scene_with_name(int with);
const char *vd_scene_with_help(int with);

/* Draws the background (about 0.3 s for 640x480) and writes the script. VD_EINVAL, VD_ENOMEM.
 */
int vd_scene_open(struct vd_scene **ret_scene, const struct vd_scene_spec *spec,
                  struct vd_err *err);
void vd_scene_close(struct vd_scene **scene);

/* Frames of a loop. */
int vd_scene_frames(const struct vd_scene *scene);

/* Draws frame number `frame` modulo the loop, in any order. Allocates nothing. */
void vd_scene_render(struct vd_scene *scene, int64_t frame,
                     struct vd_scene_picture *ret_picture);

/* The script as pixels show it; found by drawing every object once, at the first call. They do
 * not overlap, and at least 3 s lie between two. Returns how many there are. */
int vd_scene_crossings(struct vd_scene *scene, const struct vd_scene_crossing **ret_crossings);

/* Reads the burned-in frame number of a decoded picture of any size; -1 if there is none. Any
 * luma plane is safe. The code is a row of 24 blocks in the top left corner, most significant
 * bit first: 20 bits of the number and a 4-bit sum; each block is height/60 pixels wide. */
int vd_scene_read_number(const uint8_t *y, int stride, int width, int height);

#endif
