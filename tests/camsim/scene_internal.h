/* tests/camsim/scene_internal.h: what the scene module's files share. */
#ifndef VD_TESTS_CAMSIM_SCENE_INTERNAL_H
#define VD_TESTS_CAMSIM_SCENE_INTERNAL_H

#include "tests/camsim/scene.h"
#include "tests/camsim/scene_object.h"

enum { NOISE_N = 1 << 16 };

/* One object's part in the script. */
struct act {
    const struct way *way;
    bool reversed;
    uint32_t look;
    float begin_s, length_s; /* seconds of the loop */
};

struct vd_scene {
    struct vd_scene_spec spec;
    struct view view, view_off; /* view_off: the place's lamps are out */
    int n_frames;
    struct backdrop lit, off; /* off.y is NULL unless the light is switched */
    uint8_t *sway;            /* how far leaves carry each pixel, 0..255; NULL without wind */
    struct canvas work;       /* what is drawn into */
    uint8_t *spare;           /* as large as work's luma, for resampling */
    int8_t *noise;            /* NOISE_N values of sigma 32 */
    struct act acts[VD_SCENE_CROSSINGS_MAX];
    struct vd_scene_crossing crossings[VD_SCENE_CROSSINGS_MAX];
    bool has_crossings;
};

/* A moment of the loop. */
struct moment {
    int frame;
    float s;    /* seconds since the loop began */
    float part; /* of the loop, 0..1 */
};

static inline bool scene_has(const struct vd_scene *sc, enum vd_scene_with w)
{
    return (sc->spec.with >> w & 1u) != 0;
}

static inline float scene_level(const struct vd_scene *sc, enum vd_scene_with w)
{
    return (float)sc->spec.level[w] * 0.01f;
}

/* A wave of about hz that ends the loop where it began it; -1..1. */
float scene_wave(const struct vd_scene *sc, const struct moment *m, float hz, float phase);

/* scene_light.c: from background to lit background, before and after objects. */
void scene_light_ground(struct vd_scene *sc, const struct moment *m);
void scene_light_all(struct vd_scene *sc, const struct moment *m);
float scene_lamps(const struct vd_scene *sc, const struct moment *m); /* 0 off .. 1 on */
void scene_sway_open(struct vd_scene *sc);

/* scene_weather.c: what falls or flies in front. */
void scene_weather(struct vd_scene *sc, const struct moment *m);

/* scene_lens.c: what mast, lens, sensor and vandals do. */
void scene_lens(struct vd_scene *sc, const struct moment *m, struct vd_scene_picture *pic);
void scene_noise_open(struct vd_scene *sc);

/* scene_burn.c */
void scene_burn(struct vd_scene *sc, const struct moment *m);

#endif
