/* ingest/condition/inner.h: a monitor's state, shared by what looks and what judges. */
#ifndef VD_INGEST_CONDITION_INNER_H
#define VD_INGEST_CONDITION_INNER_H

#include "ingest/condition/condition.h"
#include "ingest/condition/measure.h"

enum {
    PX_MAX = VD_CONDITION_W_MAX * VD_CONDITION_H_MAX,
    SIDE_MIN = 2 * VD_BLOCK_PX,
    STIR_N = 16, /* pictures of 8 s */
    N_RULES = 7,
};

#define SECONDS(s) ((int64_t)((s)*1000000.0))

/* The steady picture follows within about 2 s: passers-by and noise fade, a turned camera
 * shows. The usual view follows within 10 min: the sun may wander, a cover may not slip in. */
enum {
    STEADY_SHIFT = 2,
    USUAL_SHIFT = 10,
    TURNS_SHIFT = 2, /* the usual view is visited in so many turns, as a power of two */
    LEARN_LOOKS = 16,
    SETTLED_LOOKS = 8,
};

/* From this share of lost structure on it is worth while to ask where it went. */
#define TURN_GONE 0.15F

struct rule_state {
    bool is_on;
    bool is_candidate; /* the figure says on (or, while on: still) */
    int64_t
        turned_mono_us; /* since when the figure says the opposite of is_on; 0: it does not */
};

struct vd_condition {
    int w, h;
    int64_t last_mono_us;    /* of the last look; 0: none */
    int looks;               /* since the size was last set */
    int fresh;               /* looks since the last gap */
    int64_t suspect_mono_us; /* since when something is suspected; 0: nothing is */
    float stirs[STIR_N];     /* ring over the looks since the last gap */
    struct rule_state states[N_RULES];
    struct vd_condition_numbers now;
    struct vd_turn turn;
    float fine, usual_fine;
    float block_stir;     /* least of the present STIR_N looks */
    int blocks;           /* STIR_N looks each, since the picture's size was last set */
    int64_t same_mono_us; /* since when no bit has changed; 0: the last picture did */
    float lost;
    int noisy_looks; /* looks of the last STIR_N with a noise far above the usual, as bits */
    /* All w x h, one behind the other in room, so that a small picture touches little of it. */
    uint16_t *steady;   /* grey levels x 256 */
    uint16_t *usual;    /* grey levels x 256, and */
    uint8_t *usual_low; /* 256 parts of that: it creeps by less */
    uint8_t *last;      /* the picture looked at last, tight */
    uint16_t room[3 * PX_MAX];
};

/* One condition: its figure, and how long that must last. */
struct condition_rule {
    enum vd_kind kind;
    bool (*holds)(const struct vd_condition *c, bool is_on, float *score, float *threshold);
    int64_t enter_us, exit_us; /* how long it must hold, and be over */
    bool blinds;               /* while it is on or suspected, the usual view learns nothing */
    bool is_absolute;          /* no other view makes it right */
};

extern const struct condition_rule condition_rules[N_RULES];

#endif
