#!/bin/sh
# Fails on any #include that climbs the house, and on any third-party header that is seen
# outside of its door. "A: B C" means files under A may include files under B and C, and
# nothing else of ours; the longest prefix of the including file wins.
set -eu
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard -- 'base/*.[ch]' 'config/*.[ch]' 'storage/*.[ch]' 'ingest/*.[ch]' 'alerts/*.[ch]' | sort | xargs awk '
BEGIN {
    may["base"] = "base"
    may["config"] = "config base"
    may["storage"] = "storage config base"
    may["ingest"] = "ingest storage/spool storage/media config base"
    may["ingest/frame"] = "ingest/frame base"
    may["ingest/source"] = "ingest/source ingest/frame config base"
    may["ingest/motion"] = "ingest/motion ingest/frame base"
    may["ingest/condition"] = "ingest/condition base"
    may["ingest/track"] = "ingest/track ingest/motion base"
    may["ingest/publish"] = "ingest/publish storage/spool base"
    may["alerts"] = "alerts storage config base"
    may["alerts/rules"] = "alerts/rules base"
    may["alerts/workflow"] = "alerts/workflow storage/pg base"
    may["alerts/router"] = "alerts/router alerts/rules alerts/workflow alerts/writer alerts/feed storage config base"
    may["alerts/api"] = "alerts/api alerts/workflow storage config base"
    # one library, one door (or one door per named file prefix)
    door["zmq.h"] = "base/bus"; door["jansson.h"] = "base/json"; door["sodium.h"] = "base/crypto"
    door["yaml.h"] = "config/load"; door["sqlite3.h"] = "storage/spool"; door["libpq-fe.h"] = "storage/pg"
    door["libav"] = "ingest/source ingest/evidence"; door["libsw"] = "ingest/source ingest/evidence"
    door["gst/"] = "ingest/source ingest/evidence"
    door["turbojpeg.h"] = "ingest/evidence"; door["microhttpd.h"] = "alerts/api"
    door["curl/"] = "alerts/notify"; door["mosquitto.h"] = "alerts/notify"; door["gnutls/"] = "alerts/api"
    door["immintrin.h"] = "ingest/motion/dsp"; door["emmintrin.h"] = "ingest/motion/dsp"; door["arm_neon.h"] = "ingest/motion/dsp"
}
function starts(text, list,   n, ok, i) {
    n = split(list, ok, " ")
    for (i = 1; i <= n; i++) if (index(text, ok[i]) == 1) return 1
    return 0
}
FNR == 1 {
    from = ""
    for (room in may) if (index(FILENAME, room "/") == 1 && length(room) > length(from)) from = room
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, q, "\""); target = q[2]
    if (target ~ /(^|\/)\.\.?\//) { print FILENAME ":" FNR ": relative include \"" target "\""; bad = 1; next }
    n = split(may[from], ok, " "); good = 0
    for (i = 1; i <= n; i++) if (index(target, ok[i] "/") == 1) good = 1
    if (!good) { print FILENAME ":" FNR ": " from " may not include \"" target "\""; bad = 1 }
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, q, "[<>]")
    for (lib in door) if (index(q[2], lib) == 1 && !starts(FILENAME, door[lib])) {
        print FILENAME ":" FNR ": <" q[2] "> belongs behind " door[lib] "*"; bad = 1 }
}
END { exit bad }'
