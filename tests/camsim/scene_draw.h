/* tests/camsim/scene_draw.h: shapes, ink and noise for the scene module; internal to it. */
#ifndef VD_TESTS_CAMSIM_SCENE_DRAW_H
#define VD_TESTS_CAMSIM_SCENE_DRAW_H

#include <stdbool.h>
#include <stdint.h>

struct rgb {
    float r, g, b; /* linear light, 1 is white */
};

struct vec {
    float x, y, z; /* metres: right, up, away from the camera */
};

/* A picture to draw into. mask and depth may be NULL. */
struct canvas {
    uint8_t *y, *u, *v, *mask;
    const float *depth; /* metres to what stands there, one a pixel */
    int w, h;           /* y_stride = w, c_stride = w / 2 */
    int x0, y0, x1, y1; /* what VD_MASK_MOVING touched since canvas_begin(); x1 < x0: nothing */
    int pixels;
};

struct ink {
    uint8_t y, u, v, label; /* label: VD_MASK_* to leave, VD_MASK_STATIC for none */
    float alpha;
    float z;     /* metres; hidden where the canvas is nearer */
    float shade; /* darkening from the shape's left to its right, 0..1 */
};

enum shape_kind {
    SHAPE_CAPSULE, /* a -> b, radius r0 at a, r1 at b */
    SHAPE_ELLIPSE, /* centre a, half axes b */
    SHAPE_BOX,     /* centre a, half sizes b, corners rounded by r0 */
    SHAPE_QUAD,    /* four corners, clockwise on the screen */
};

struct shape {
    enum shape_kind kind;
    float ax, ay, bx, by, r0, r1;
    float qx[4], qy[4];
};

uint32_t hash32(uint32_t a, uint32_t b);                  /* any two numbers to 32 mixed bits */
float hash01(uint32_t a, uint32_t b);                     /* the same, 0..1 */
float noise2(float x, float y, uint32_t seed);            /* smooth value noise, 0..1 */
float fbm2(float x, float y, int octaves, uint32_t seed); /* 0..1 */
float clamp01(float x);
float smooth(float edge0, float edge1, float x);
struct rgb rgb_mul(struct rgb c, float k);
struct rgb rgb_mix(struct rgb a, struct rgb b, float t);
float rgb_luma(struct rgb c);

/* Linear light to gamma-coded video-range 4:2:0 samples; grey drops the colour. */
void rgb_to_yuv(struct rgb c, bool grey, uint8_t ret_yuv[3]);
struct ink ink_of(struct rgb c, bool grey, float z, uint8_t label);

void canvas_begin(struct canvas *c);
void canvas_fill(struct canvas *c, const struct shape *s, const struct ink *ink);

struct shape capsule(float ax, float ay, float bx, float by, float r0, float r1);
struct shape ellipse(float cx, float cy, float rx, float ry);
struct shape rounded(float cx, float cy, float hx, float hy, float r);
struct shape quad(const float x[4], const float y[4]);

#endif
