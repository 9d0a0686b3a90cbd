#!/usr/bin/python3
"""The detector beside OpenCV's MOG2, on the same pictures of generated places x disturbances, judged by the same lines
against exact truth: crossings found, false starts and seconds, delay, pixel precision and recall. A JSON line a cell,
then a table; --chart OUT.svg draws it.

    bench_peers.py DETECT_FRAMES [--chart OUT.svg] [--shadows-count] [TEXT …]     cells whose name holds one of the texts

MOG2 is set up as its users do: a median filter before, shadows told apart, an opening after, and then the detector's own
rules: the same least area, 3 of the last 5 pictures to start, 0.8 s of quiet to end. With --shadows-count what it takes
for a shadow counts too: more of each thing, and more that is none."""

import argparse
import json
import subprocess
import sys

import cv2
import numpy as np

PLACES = ("yard", "gate", "road", "dock", "carpark", "corridor")
DISTURBANCES = ("", "+night", "+noise", "+rain", "+snow", "+sway", "+clouds", "+insects", "+shake", "+flicker", "+steps",
                "+headlights+night")
FPS, WARM, SLACK = 5, 10, 5
MOVING, EDGE = 255, 170
MIN_AREA = 0.001


class Mog2:
    """Background subtraction by a mixture of Gaussians (Zivkovic 2004), as OpenCV ships it."""

    def __init__(self, shadows_count):
        self.model = cv2.createBackgroundSubtractorMOG2(detectShadows=not shadows_count)
        self.kernel = np.ones((3, 3), np.uint8)
        self.past, self.quiet, self.is_open = [], 99, False

    def look(self, luma):
        """The mask of what moves, and whether a happening is open."""
        mask = (self.model.apply(cv2.medianBlur(luma, 3)) == 255).astype(np.uint8)
        counts = cv2.morphologyEx(mask, cv2.MORPH_OPEN, self.kernel)
        self.past = (self.past + [float(counts.mean()) >= MIN_AREA])[-5:]
        self.quiet = 0 if self.past[-1] else self.quiet + 1
        self.is_open = sum(self.past) >= 3 or (self.is_open and self.quiet < 4)
        return mask != 0, self.is_open


class Sheet:
    """What one detector did on one cell, or on several."""

    NAMES = ("crossings", "found", "false_starts", "false_frames", "quiet_frames", "delay_frames", "tp", "fp", "fn")

    def __init__(self):
        self.n = dict.fromkeys(self.NAMES, 0)

    def add(self, other):
        for name in self.NAMES:
            self.n[name] += other.n[name]

    def pixels(self, mask, truth):
        sure, moving = truth != EDGE, truth == MOVING
        self.n["tp"] += int(np.count_nonzero(mask & moving))
        self.n["fp"] += int(np.count_nonzero(mask & sure & ~moving))
        self.n["fn"] += int(np.count_nonzero(~mask & moving))

    def judge(self, is_open, crossings):
        busy = [False] * len(is_open)
        for start, end in crossings:
            for i in range(max(0, start - SLACK), min(len(busy), end + 2 * SLACK + 1)):
                busy[i] = True
            first = next((i for i in range(start, min(end + 1, len(is_open))) if is_open[i]), None)
            self.n["crossings"] += 1
            self.n["found"] += first is not None
            self.n["delay_frames"] += 0 if first is None else first - start
        for i in range(WARM, len(is_open)):
            self.n["quiet_frames"] += not busy[i]
            self.n["false_frames"] += is_open[i] and not busy[i]
            self.n["false_starts"] += is_open[i] and not busy[i] and not is_open[i - 1]

    def figures(self):
        n = self.n
        precision, recall = n["tp"] / max(1, n["tp"] + n["fp"]), n["tp"] / max(1, n["tp"] + n["fn"])
        return {"crossings": n["crossings"], "found": n["found"], "false_starts": n["false_starts"],
                "false_s": n["false_frames"] / FPS, "quiet_s": n["quiet_frames"] / FPS,
                "delay_s": round(n["delay_frames"] / FPS / max(1, n["found"]), 2),
                "precision": round(precision, 3), "recall": round(recall, 3),
                "f": round(2 * precision * recall / max(1e-9, precision + recall), 3)}


def run_cell(program, scene, shadows_count):
    """Both detectors over one scene: their sheets."""
    ours, theirs, mog2, open_ours, open_theirs = Sheet(), Sheet(), Mog2(shadows_count), [], []
    with subprocess.Popen([program, scene], stdout=subprocess.PIPE) as process:
        head = json.loads(process.stdout.readline())
        shape = (head["h"], head["w"])
        size = head["h"] * head["w"]
        for i in range(head["frames"]):
            data = process.stdout.read(3 * size + 1)
            assert len(data) == 3 * size + 1, f"{scene}: cut off at frame {i}"
            luma, truth, mask = (np.frombuffer(data, np.uint8, size, k * size).reshape(shape) for k in range(3))
            peer_mask, peer_open = mog2.look(luma)
            open_ours.append(data[-1] == 1)
            open_theirs.append(peer_open)
            if i >= WARM:
                ours.pixels(mask != 0, truth)
                theirs.pixels(peer_mask, truth)
    assert process.returncode == 0, f"{scene}: {program} failed"
    ours.judge(open_ours, head["crossings"])
    theirs.judge(open_theirs, head["crossings"])
    return {"vedette": ours, "mog2": theirs}


def print_table(rows):
    print(f"\n{'':28} {'found':>15} {'false':>11} {'false s':>13} {'precision':>13} {'recall':>13}")
    print(f"{'cell':28} {'ours':>8}{'mog2':>7} {'ours':>6}{'mog2':>5} {'ours':>7}{'mog2':>6}" + f" {'ours':>7}{'mog2':>6}" * 2)
    for name, sheets in rows:
        a, b = sheets["vedette"].figures(), sheets["mog2"].figures()
        print(f"{name:28} {a['found']:4}/{a['crossings']:<3}{b['found']:4}/{b['crossings']:<3}"
              f"{a['false_starts']:6}{b['false_starts']:5} {a['false_s']:7.1f}{b['false_s']:6.1f}"
              f" {a['precision']:7.3f}{b['precision']:6.3f} {a['recall']:7.3f}{b['recall']:6.3f}")


def chart(rows, path):
    """Dots on three scales, a row for each disturbance: who found how much, what was false, whose pixels are right."""
    left, width, gap, top, step = 150, 190, 30, 64, 22
    height = top + step * len(rows) + 34
    scales = (("crossings found, %", 100, lambda f: 100 * f["found"] / max(1, f["crossings"])),
              ("false, s in a quiet minute", 60, lambda f: 60 * f["false_s"] / max(1e-9, f["quiet_s"])),
              ("pixels, F measure", 1, lambda f: f["f"]))
    total = left + len(scales) * (width + gap)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
           'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>',
           '<circle cx="16" cy="18" r="5" fill="#0a5"/><text x="28" y="22">Vedette</text>'
           '<circle cx="92" cy="18" r="4.5" fill="none" stroke="#c40" stroke-width="2"/><text x="104" y="22">MOG2</text>']
    for k, (title, most, value) in enumerate(scales):
        x0 = left + k * (width + gap)
        out.append(f'<text x="{x0}" y="46" font-weight="bold">{title}</text>')
        for part in range(5):
            x = x0 + width * part / 4
            out.append(f'<line x1="{x}" x2="{x}" y1="{top - 8}" y2="{height - 26}" stroke="#ddd"/>'
                       f'<text x="{x}" y="{height - 10}" text-anchor="middle" fill="#555">{most * part / 4:g}</text>')
        for row, (name, sheets) in enumerate(rows):
            y = top + step * row + 4
            at = [x0 + width * min(most, value(sheets[who].figures())) / most for who in ("vedette", "mog2")]
            if k == 0:
                out.append(f'<text x="8" y="{y + 4}">{name}</text>')
            out.append(f'<line x1="{at[0]:.1f}" x2="{at[1]:.1f}" y1="{y}" y2="{y}" stroke="#aaa"/>'
                       f'<circle cx="{at[1]:.1f}" cy="{y}" r="4.5" fill="#fff" stroke="#c40" stroke-width="2"/>'
                       f'<circle cx="{at[0]:.1f}" cy="{y}" r="5" fill="#0a5"/>')
    with open(path, "w", encoding="utf-8") as svg:
        svg.write("\n".join(out) + "</svg>\n")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--chart")
    options.add_argument("--shadows-count", action="store_true")
    options.add_argument("texts", nargs="*")
    options = options.parse_args()
    cv2.setNumThreads(1)
    rows, by_disturbance = [], {d: {"vedette": Sheet(), "mog2": Sheet()} for d in DISTURBANCES}
    for p, place in enumerate(PLACES):
        for disturbance in DISTURBANCES:
            name = place + disturbance
            if options.texts and not any(t in name for t in options.texts):
                continue
            sheets = run_cell(options.program, f"{name}+fps={FPS}+loop=60+crossings=3+seed={5 + p}", options.shadows_count)
            rows.append((name, sheets))
            for who, sheet in sheets.items():
                print(json.dumps({"cell": name, "detector": who, **sheet.figures()}), flush=True)
                by_disturbance[disturbance][who].add(sheet)
    summed = [(d[1:].replace("+", ", ") or "day", s) for d, s in by_disturbance.items() if s["mog2"].n["crossings"]]
    whole = {"vedette": Sheet(), "mog2": Sheet()}
    for _, sheets in summed:
        for who in whole:
            whole[who].add(sheets[who])
    for who, sheet in whole.items():
        print(json.dumps({"cell": "all", "detector": who, **sheet.figures()}))
    print_table(rows)
    print_table(summed + [("all", whole)])
    if options.chart:
        chart(summed + [("all", whole)], options.chart)


if __name__ == "__main__":
    sys.exit(main())
