/* tests/camsim/scene_place.c: the six places. Metres; x to the right of the camera, y up from
 * the ground, z away from it. A way begins and ends where the camera does not see. */
#include "tests/camsim/scene_place.h"

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define P    VD_SCENE_PERSON
#define V    VD_SCENE_VEHICLE

static const struct solid yard_solids[] = {
    {-13, 9, 0, 6.5f, 24, 34, MAT_BRICK, {0.26f, 0.12f, 0.08f}},
    {-13.2f, 9.2f, 6.5f, 6.8f, 23.8f, 34, MAT_PLAIN, {0.12f, 0.12f, 0.12f}},
    {-9, -4.5f, 0, 4.2f, 23.9f, 24, MAT_SLATS, {0.30f, 0.33f, 0.36f}},
    {-1, 0.1f, 0, 2.2f, 23.9f, 24, MAT_PANEL, {0.10f, 0.16f, 0.22f}},
    {2, 7.6f, 2.6f, 4.6f, 23.92f, 24, MAT_PLAIN, {0.05f, 0.06f, 0.08f}},
    {9.5f, 15.5f, 0, 2.6f, 17, 19.5f, MAT_RIDGES, {0.06f, 0.14f, 0.24f}},
    {9.8f, 15.8f, 2.6f, 5.2f, 17, 19.5f, MAT_RIDGES, {0.33f, 0.10f, 0.05f}},
    {10.0f, 16.0f, 0, 2.6f, 20.5f, 23, MAT_RIDGES, {0.12f, 0.22f, 0.13f}},
    {-12.3f, -11.1f, 0, 1.0f, 17.5f, 18.7f, MAT_PLAIN, {0.30f, 0.20f, 0.10f}},
    {-10.8f, -9.6f, 0, 0.6f, 17.8f, 19.0f, MAT_PLAIN, {0.32f, 0.22f, 0.12f}},
    {6.6f, 7.6f, 0, 1.15f, 22.6f, 23.4f, MAT_PLAIN, {0.05f, 0.13f, 0.06f}},
    {-15, -14.9f, 0, 2.0f, 6, 40, MAT_FENCE, {0.16f, 0.17f, 0.16f}},
    {3.9f, 4.05f, 0, 6.0f, 22.5f, 22.65f, MAT_PLAIN, {0.2f, 0.2f, 0.2f}},
    {3.7f, 4.3f, 5.9f, 6.0f, 21.6f, 22.6f, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
    {-60, 60, 0, 9, 78, 80, MAT_WINDOWS, {0.35f, 0.33f, 0.30f}},
};
static const struct tree yard_trees[] = {
    {-17, 27, 8, 2.8f}, {14.5f, 31, 9, 3.2f}, {20, 34, 8, 3}};
static const struct lamp yard_lamps[] = {{4, 5.8f, 21.8f, 11}, {-7, 4.9f, 23.0f, 7}};
static const struct way yard_ways[] = {
    {"front", P, -9, 10, 9, 10},       {"wall", P, -16, 20, 14, 15.5f},
    {"diagonal", P, -13, 18, 6, 6.3f}, {"lane", V, -15, 13, 15, 13},
    {"bay", V, 16, 14.5f, -17, 14.5f}, {NULL, P, 0, 0, 0, 0}};

static const struct solid gate_solids[] = {
    {-40, -4.2f, 0, 2.1f, 16, 16.06f, MAT_FENCE, {0.10f, 0.12f, 0.11f}},
    {4.2f, 40, 0, 2.1f, 16, 16.06f, MAT_FENCE, {0.10f, 0.12f, 0.11f}},
    {-4.6f, -3.9f, 0, 2.7f, 15.7f, 16.4f, MAT_BRICK, {0.28f, 0.15f, 0.10f}},
    {3.9f, 4.6f, 0, 2.7f, 15.7f, 16.4f, MAT_BRICK, {0.28f, 0.15f, 0.10f}},
    {-4.7f, -3.8f, 2.7f, 2.85f, 15.6f, 16.5f, MAT_PLAIN, {0.4f, 0.4f, 0.38f}},
    {3.8f, 4.7f, 2.7f, 2.85f, 15.6f, 16.5f, MAT_PLAIN, {0.4f, 0.4f, 0.38f}},
    {-3.9f, 3.9f, 0.1f, 2.0f, 16.3f, 16.36f, MAT_FENCE, {0.06f, 0.07f, 0.07f}},
    {5.6f, 8.2f, 0, 2.7f, 16.8f, 19.2f, MAT_PLAIN, {0.46f, 0.44f, 0.40f}},
    {5.9f, 7.9f, 1.1f, 2.2f, 16.74f, 16.8f, MAT_PLAIN, {0.05f, 0.07f, 0.08f}},
    {5.3f, 8.5f, 2.7f, 2.9f, 16.5f, 19.5f, MAT_PLAIN, {0.12f, 0.13f, 0.14f}},
    {-5.7f, -5.6f, 0, 5.4f, 15.3f, 15.4f, MAT_PLAIN, {0.2f, 0.2f, 0.2f}},
    {-5.8f, -4.9f, 5.3f, 5.4f, 15.2f, 15.5f, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
    {-30, 4, 0, 8, 58, 60, MAT_WINDOWS, {0.42f, 0.38f, 0.32f}},
    {10, 34, 0, 11, 66, 70, MAT_WINDOWS, {0.30f, 0.31f, 0.33f}},
};
static const struct tree gate_trees[] = {{-9.5f, 22, 6.5f, 2.4f},
                                         {-16, 26, 8, 3},
                                         {13.5f, 24, 7.5f, 2.8f},
                                         {22, 34, 9, 3.2f},
                                         {-27, 40, 9, 4}};
static const struct lamp gate_lamps[] = {{-5, 5.2f, 15.0f, 9}, {6.9f, 3.2f, 16.4f, 2.5f}};
static const struct way gate_ways[] = {
    {"outside", P, -10, 11, 10, 11},    {"along-fence", P, -13.5f, 14.4f, 13.5f, 14.4f},
    {"inside", P, -18, 19, 16, 21},     {"to-camera", P, 12, 14.5f, -7.5f, 7},
    {"lane", V, -14, 10.8f, 14, 10.8f}, {NULL, P, 0, 0, 0, 0}};

static const struct solid road_solids[] = {
    {-34, -12.4f, 0, 9.2f, 24, 34, MAT_WINDOWS, {0.46f, 0.40f, 0.32f}},
    {-12.2f, 0.6f, 0, 6.4f, 24.5f, 34, MAT_BRICK, {0.30f, 0.15f, 0.10f}},
    {-11, -8, 0.9f, 2.6f, 24.42f, 24.5f, MAT_PLAIN, {0.06f, 0.08f, 0.09f}},
    {-7, -5.8f, 0, 2.3f, 24.42f, 24.5f, MAT_PANEL, {0.12f, 0.06f, 0.04f}},
    {-4.6f, -0.4f, 0.6f, 2.7f, 24.42f, 24.5f, MAT_PLAIN, {0.06f, 0.08f, 0.09f}},
    {-11.2f, -0.2f, 2.8f, 3.3f, 23.9f, 24.5f, MAT_PLAIN, {0.10f, 0.22f, 0.16f}},
    {0.8f, 15, 0, 12, 25, 34, MAT_WINDOWS, {0.36f, 0.36f, 0.38f}},
    {18.5f, 40, 0, 7.6f, 24, 34, MAT_WINDOWS, {0.50f, 0.46f, 0.40f}},
    {-7.1f, -7.0f, 0, 6.6f, 17.0f, 17.1f, MAT_PLAIN, {0.12f, 0.13f, 0.12f}},
    {-7.3f, -6.8f, 6.5f, 6.6f, 15.6f, 17.1f, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
    {9.0f, 9.1f, 0, 6.6f, 17.0f, 17.1f, MAT_PLAIN, {0.12f, 0.13f, 0.12f}},
    {8.8f, 9.3f, 6.5f, 6.6f, 15.6f, 17.1f, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
    {2.0f, 2.5f, 0, 1.0f, 17.2f, 17.6f, MAT_PLAIN, {0.07f, 0.12f, 0.08f}},
    {-2.6f, -1.6f, 0, 0.5f, 18.8f, 19.2f, MAT_PLAIN, {0.20f, 0.12f, 0.06f}},
};
static const struct tree road_trees[] = {
    {-13, 19.5f, 5.6f, 1.7f}, {5.4f, 19.5f, 5.8f, 1.8f}, {16.5f, 20, 6.2f, 2.0f}};
static const struct lamp road_lamps[] = {{-7, 6.4f, 15.8f, 13}, {9, 6.4f, 15.8f, 13}};
static const struct way road_ways[] = {
    {"far-lane", V, -17, 14, 17, 14},       {"near-lane", V, 14, 10.3f, -14, 10.3f},
    {"pavement", P, -17, 17.9f, 17, 17.9f}, {"crossing", P, 3.6f, 24.4f, -6.5f, 5.5f},
    {"near-side", P, -8, 7.2f, 8, 7.2f},    {NULL, P, 0, 0, 0, 0}};

static const struct solid dock_solids[] = {
    {-24, 24, 0, 8.5f, 20, 30, MAT_RIDGES, {0.40f, 0.42f, 0.43f}},
    {-24, 24, 6.6f, 7.3f, 19.9f, 20, MAT_PLAIN, {0.07f, 0.16f, 0.28f}},
    {-24, 24, 0, 1.15f, 19.0f, 20, MAT_PLAIN, {0.28f, 0.27f, 0.26f}},
    {-11.6f, -8.4f, 1.15f, 4.6f, 19.9f, 20, MAT_SLATS, {0.46f, 0.46f, 0.44f}},
    {-6.6f, -3.4f, 1.15f, 4.6f, 19.9f, 20, MAT_SLATS, {0.46f, 0.46f, 0.44f}},
    {-1.6f, 1.6f, 1.15f, 4.6f, 19.9f, 20, MAT_SLATS, {0.40f, 0.40f, 0.40f}},
    {3.4f, 6.6f, 1.15f, 4.6f, 19.9f, 20, MAT_SLATS, {0.46f, 0.46f, 0.44f}},
    {-12.0f, 12, 4.9f, 5.1f, 18.2f, 20, MAT_PLAIN, {0.10f, 0.11f, 0.12f}},
    {-7.3f, -7.0f, 0, 1.1f, 18.4f, 18.7f, MAT_STRIPES, {0.6f, 0.42f, 0.03f}},
    {-2.3f, -2.0f, 0, 1.1f, 18.4f, 18.7f, MAT_STRIPES, {0.6f, 0.42f, 0.03f}},
    {2.4f, 2.7f, 0, 1.1f, 18.4f, 18.7f, MAT_STRIPES, {0.6f, 0.42f, 0.03f}},
    {7.4f, 7.7f, 0, 1.1f, 18.4f, 18.7f, MAT_STRIPES, {0.6f, 0.42f, 0.03f}},
    {9.0f, 10.1f, 0, 2.2f, 19.9f, 20, MAT_PANEL, {0.32f, 0.08f, 0.05f}},
    {10.5f, 11.7f, 0, 0.15f, 16.8f, 18.0f, MAT_PLAIN, {0.34f, 0.24f, 0.12f}},
    {10.5f, 11.7f, 0.15f, 1.1f, 16.85f, 17.95f, MAT_PLAIN, {0.38f, 0.30f, 0.20f}},
    {-4.0f, -3.6f, 5.3f, 5.5f, 18.6f, 20, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
    {6.0f, 6.4f, 5.3f, 5.5f, 18.6f, 20, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
};
static const struct lamp dock_lamps[] = {{-3.8f, 5.2f, 18.0f, 9}, {6.2f, 5.2f, 18.0f, 9}};
static const struct way dock_ways[] = {{"front", P, -9, 10, 9, 10},
                                       {"doors", P, 15, 17, -15, 17},
                                       {"across", P, -12, 14, 8, 8.5f},
                                       {"lane", V, -16, 13, 16, 13},
                                       {NULL, P, 0, 0, 0, 0}};

static const struct solid carpark_solids[] = {
    {-44, 10, 0, 10, 52, 60, MAT_WINDOWS, {0.44f, 0.42f, 0.40f}},
    {14, 44, 0, 7, 58, 64, MAT_BRICK, {0.30f, 0.18f, 0.12f}},
    {-0.06f, 0.06f, 0, 6.2f, 22.9f, 23.0f, MAT_PLAIN, {0.2f, 0.2f, 0.2f}},
    {-0.7f, 0.7f, 6.1f, 6.25f, 22.8f, 23.1f, MAT_LIGHT, {0.6f, 0.6f, 0.5f}},
    {-60, 60, 0, 1.1f, 33.5f, 34.2f, MAT_PLAIN, {0.05f, 0.09f, 0.03f}},
    {10.6f, 11.3f, 0, 1.6f, 13.8f, 14.3f, MAT_PLAIN, {0.08f, 0.15f, 0.26f}},
};
static const struct tree carpark_trees[] = {
    {-15, 38, 8, 3}, {-5, 40, 9, 3.2f}, {7, 37, 7.5f, 2.8f}, {17, 41, 9, 3.4f}, {27, 39, 8, 3}};
static const struct lamp carpark_lamps[] = {{0, 6, 22.5f, 14}};
static const struct parked carpark_cars[] = {
    {-14.0f, 27, 1, false},    {-11.2f, 27, 2, false},   {-5.6f, 27, 3, false},
    {-2.8f, 27, 4, false},     {2.8f, 27, 5, false},     {5.6f, 27, 6, false},
    {11.2f, 27, 7, false},     {14, 27, 8, false},       {-8.4f, 17.6f, 9, false},
    {-5.6f, 17.6f, 10, false}, {2.8f, 17.6f, 11, false}, {8.4f, 17.6f, 12, false}};
static const struct way carpark_ways[] = {
    {"lane", V, -15, 12.4f, 15, 12.4f},    {"far-lane", V, 23, 22.8f, -23, 22.8f},
    {"front", P, 8.5f, 9.2f, -8.5f, 9.2f}, {"rows", P, -20, 22.2f, 19, 22.2f},
    {"diagonal", P, -16, 20.9f, 7, 7.5f},  {NULL, P, 0, 0, 0, 0}};

static const struct solid corridor_solids[] = {
    {-2.4f, -1.9f, 0, 2.9f, 0, 24, MAT_PLAIN, {0.46f, 0.45f, 0.40f}},
    {1.9f, 2.4f, 0, 2.9f, 0, 24, MAT_PLAIN, {0.46f, 0.45f, 0.40f}},
    {-2.4f, 2.4f, 2.9f, 3.1f, 0, 24, MAT_PLAIN, {0.55f, 0.55f, 0.53f}},
    {-2.4f, 2.4f, 0, 3, 22, 22.3f, MAT_PLAIN, {0.36f, 0.37f, 0.36f}},
    {-0.9f, 0.9f, 0, 2.2f, 21.95f, 22, MAT_PANEL, {0.13f, 0.17f, 0.20f}},
    {-1.92f, -1.88f, 0, 0.14f, 0, 22, MAT_PLAIN, {0.10f, 0.10f, 0.11f}},
    {1.88f, 1.92f, 0, 0.14f, 0, 22, MAT_PLAIN, {0.10f, 0.10f, 0.11f}},
    {-1.92f, -1.86f, 0, 2.15f, 5.2f, 6.3f, MAT_PANEL, {0.22f, 0.13f, 0.07f}},
    {-1.92f, -1.86f, 0, 2.15f, 9.6f, 10.7f, MAT_PANEL, {0.22f, 0.13f, 0.07f}},
    {-1.92f, -1.86f, 0, 2.15f, 15.2f, 16.3f, MAT_PANEL, {0.22f, 0.13f, 0.07f}},
    {1.86f, 1.92f, 0, 2.15f, 7.2f, 8.3f, MAT_PANEL, {0.22f, 0.13f, 0.07f}},
    {1.86f, 1.92f, 0, 2.15f, 12.6f, 13.7f, MAT_PANEL, {0.22f, 0.13f, 0.07f}},
    {-0.3f, 0.3f, 2.86f, 2.9f, 3.0f, 4.6f, MAT_LIGHT, {0.6f, 0.6f, 0.6f}},
    {-0.3f, 0.3f, 2.86f, 2.9f, 8.0f, 9.6f, MAT_LIGHT, {0.6f, 0.6f, 0.6f}},
    {-0.3f, 0.3f, 2.86f, 2.9f, 13.0f, 14.6f, MAT_LIGHT, {0.6f, 0.6f, 0.6f}},
    {-0.3f, 0.3f, 2.86f, 2.9f, 18.0f, 19.6f, MAT_LIGHT, {0.6f, 0.6f, 0.6f}},
    {1.55f, 1.88f, 0, 0.9f, 9.6f, 10.2f, MAT_PLAIN, {0.08f, 0.16f, 0.10f}},
    {1.8f, 1.9f, 1.0f, 1.6f, 6.0f, 6.3f, MAT_PLAIN, {0.42f, 0.04f, 0.03f}},
};
static const struct lamp corridor_lamps[] = {{0, 2.7f, 3.8f, 0.75f},
                                             {0, 2.7f, 8.8f, 0.75f},
                                             {0, 2.7f, 13.8f, 0.75f},
                                             {0, 2.7f, 18.8f, 0.75f}};
static const struct way corridor_ways[] = {{"door-to-door", P, -3.4f, 10.3f, 3.4f, 8.0f},
                                           {"to-camera", P, 3.2f, 13.4f, -4.2f, 5.8f},
                                           {"away", P, 3.6f, 7.8f, -3.6f, 15.8f},
                                           {NULL, P, 0, 0, 0, 0}};

const struct place vd_places[VD_PLACE_N] = {
    [VD_PLACE_YARD] = {"yard",
                       0.92f,
                       0.27f,
                       4.6f,
                       GROUND_YARD,
                       false,
                       {-0.42f, 0.72f, -0.55f},
                       yard_solids,
                       N(yard_solids),
                       yard_trees,
                       N(yard_trees),
                       yard_lamps,
                       N(yard_lamps),
                       NULL,
                       0,
                       yard_ways},
    [VD_PLACE_GATE] = {"gate",
                       0.95f,
                       0.28f,
                       4.2f,
                       GROUND_DRIVE,
                       false,
                       {0.50f, 0.66f, -0.56f},
                       gate_solids,
                       N(gate_solids),
                       gate_trees,
                       N(gate_trees),
                       gate_lamps,
                       N(gate_lamps),
                       NULL,
                       0,
                       gate_ways},
    [VD_PLACE_ROAD] = {"road",
                       0.92f,
                       0.30f,
                       5.2f,
                       GROUND_STREET,
                       false,
                       {-0.55f, 0.70f, -0.46f},
                       road_solids,
                       N(road_solids),
                       road_trees,
                       N(road_trees),
                       road_lamps,
                       N(road_lamps),
                       NULL,
                       0,
                       road_ways},
    [VD_PLACE_DOCK] = {"dock",
                       0.92f,
                       0.30f,
                       5.0f,
                       GROUND_DOCK,
                       false,
                       {0.46f, 0.76f, -0.46f},
                       dock_solids,
                       N(dock_solids),
                       NULL,
                       0,
                       dock_lamps,
                       N(dock_lamps),
                       NULL,
                       0,
                       dock_ways},
    [VD_PLACE_CARPARK] = {"carpark",
                          0.95f,
                          0.22f,
                          6.0f,
                          GROUND_CARPARK,
                          false,
                          {-0.36f, 0.78f, -0.52f},
                          carpark_solids,
                          N(carpark_solids),
                          carpark_trees,
                          N(carpark_trees),
                          carpark_lamps,
                          N(carpark_lamps),
                          carpark_cars,
                          N(carpark_cars),
                          carpark_ways},
    [VD_PLACE_CORRIDOR] = {"corridor",
                           0.85f,
                           0.33f,
                           2.5f,
                           GROUND_TILES,
                           true,
                           {0, 1, 0},
                           corridor_solids,
                           N(corridor_solids),
                           NULL,
                           0,
                           corridor_lamps,
                           N(corridor_lamps),
                           NULL,
                           0,
                           corridor_ways},
};
