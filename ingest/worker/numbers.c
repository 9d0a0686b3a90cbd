#include "ingest/worker/numbers.h"

#define LEVEL(at, text)                                                                        \
    [VD_NUMBER_LEVEL_FULL + (at)] = {.name = "vedette_ingest_ladder_level",                    \
                                     .labels = "level=\"" text "\"",                           \
                                     .help = "Cameras at each level of the overload ladder.",  \
                                     .type = VD_METRIC_GAUGE}

struct vd_metric vd_numbers[VD_N_NUMBERS] = {
    [VD_NUMBER_PACKETS] = {.name = "vedette_ingest_packets_total",
                           .help = "Video packets read from cameras."},
    [VD_NUMBER_FRAMES] = {.name = "vedette_ingest_frames_total", .help = "Pictures decoded."},
    [VD_NUMBER_BROKEN] = {.name = "vedette_ingest_broken_total",
                          .help = "Packets and pictures that could not be used."},
    [VD_NUMBER_ANALYSED] = {.name = "vedette_ingest_analysed_total",
                            .help = "Pictures the detector looked at."},
    [VD_NUMBER_CONNECTS] = {.name = "vedette_ingest_connects_total",
                            .help = "Attempts to open a camera."},
    [VD_NUMBER_FAULTS] = {.name = "vedette_ingest_faults_total",
                          .help = "Sessions that failed or broke."},
    [VD_NUMBER_EVENTS] = {.name = "vedette_ingest_events_total",
                          .help = "Events accepted: durable in the spool."},
    [VD_NUMBER_EVENTS_REFUSED] = {.name = "vedette_ingest_events_refused_total",
                                  .help = "Events refused for lack of room."},
    [VD_NUMBER_EVENTS_LOST] = {.name = "vedette_ingest_events_lost_total",
                               .help =
                                   "Ends and losses that could not be written. Never good."},
    [VD_NUMBER_SNAPSHOTS] = {.name = "vedette_ingest_snapshots_total",
                             .help = "Snapshots written."},
    [VD_NUMBER_SNAPSHOTS_LOST] = {.name = "vedette_ingest_snapshots_lost_total",
                                  .help = "Snapshots given up: no memory, or the disk failed."},
    [VD_NUMBER_SNAPSHOT_BYTES] = {.name = "vedette_ingest_snapshot_bytes_total",
                                  .help = "Bytes of them."},
    [VD_NUMBER_DECIDE_TO_SPOOL] = {.name = "vedette_ingest_decide_to_spool_seconds",
                                   .help = "From the decision to the accepted event.",
                                   .type = VD_METRIC_HISTOGRAM},
    [VD_NUMBER_SPOOL_DEPTH] = {.name = "vedette_ingest_spool_messages",
                               .help = "Messages in the spool that the router has not stored.",
                               .type = VD_METRIC_GAUGE},
    [VD_NUMBER_SPOOL_BYTES] = {.name = "vedette_ingest_spool_bytes",
                               .help = "Bytes of them.",
                               .type = VD_METRIC_GAUGE},
    [VD_NUMBER_CPU] = {.name = "vedette_ingest_cpu_percent",
                       .help = "Use of the processors that the worker may use.",
                       .type = VD_METRIC_GAUGE},
    [VD_NUMBER_LAG_WORST] = {.name = "vedette_ingest_lag_worst_milliseconds",
                             .help = "How late the packets of the latest camera are read.",
                             .type = VD_METRIC_GAUGE},
    LEVEL(0, "full"),
    LEVEL(1, "half"),
    LEVEL(2, "quarter"),
    LEVEL(3, "key-frames"),
    LEVEL(4, "health"),
    [VD_NUMBER_LAG] = {.name = "vedette_ingest_lag_seconds",
                       .help = "How long packets waited to be read; each camera, each second.",
                       .type = VD_METRIC_HISTOGRAM},
    [VD_NUMBER_LIVE_VIEWERS] = {.name = "vedette_ingest_live_viewers",
                                .help = "Streams that are watched live.",
                                .type = VD_METRIC_GAUGE},
    [VD_NUMBER_LIVE_FRAGMENTS] = {.name = "vedette_ingest_live_fragments_total",
                                  .help = "Pieces of video sent to viewers."},
    [VD_NUMBER_LIVE_PICTURES] = {.name = "vedette_ingest_live_pictures_total",
                                 .help = "Pictures sent to viewers in place of video."},
    [VD_NUMBER_LIVE_BYTES] = {.name = "vedette_ingest_live_bytes_total",
                              .help = "Bytes of both."},
    [VD_NUMBER_LIVE_LOST] = {.name = "vedette_ingest_live_lost_total",
                             .help = "Groups of pictures that a viewer was too slow for."},
    [VD_NUMBER_CLIPS] = {.name = "vedette_ingest_clips_total", .help = "Clips finished."},
    [VD_NUMBER_CLIP_BYTES] = {.name = "vedette_ingest_clip_bytes_total",
                              .help = "Bytes of them."},
    [VD_NUMBER_CLIPS_FAILED] = {.name = "vedette_ingest_clips_failed_total",
                                .help = "Clips that came to nothing or were cut: the disk, or "
                                        "no encoded pictures."},
    [VD_NUMBER_RECORDING] = {.name = "vedette_ingest_recording",
                             .help = "Cameras whose packets are being written.",
                             .type = VD_METRIC_GAUGE},
    [VD_NUMBER_RING_BYTES] = {.name = "vedette_ingest_ring_bytes",
                              .help = "Memory that the cameras' latest packets take.",
                              .type = VD_METRIC_GAUGE},
    [VD_NUMBER_RING_LOST] = {.name = "vedette_ingest_ring_lost_total",
                             .help = "Packets dropped that a clip may have needed: "
                                     "evidence.ring is too small."},
};

void vd_number_add(enum vd_number number, int64_t n)
{
    vd_metric_add(&vd_numbers[number], n);
}
