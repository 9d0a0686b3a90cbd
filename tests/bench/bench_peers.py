#!/usr/bin/python3
"""The detector beside others on generated places x disturbances, judged by the same lines against exact truth:
crossings found, false starts and seconds, delay, pixel precision and recall. A JSON line a cell and detector, then
tables; --chart OUT.svg draws the sums.

    bench_peers.py DETECT_FRAMES [TEXT …] [--motion LINES] [--chart OUT.svg]     cells whose name holds one of the texts

OpenCV's MOG2 sees the same analysed pictures, through a median filter as its users have it, and then follows the
detector's own rules: the same least area after an opening, 3 of the last 5 pictures to start, 0.8 s of quiet to end.
"mog2" is its default, which tells shadows apart and loses dark things with them; with "mog2-all" what it takes for a
shadow counts too. LINES is what bench_motion_peer.py wrote, if it did: Debian's motion, by the clock, without pixels."""

import argparse
import json
import os
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
        figures = {"crossings": n["crossings"], "found": n["found"], "false_starts": n["false_starts"],
                   "false_s": round(n["false_frames"] / FPS, 1), "quiet_s": round(n["quiet_frames"] / FPS, 1)}
        if n["tp"] + n["fn"] > 0:  # what comes by the clock has no pixels
            precision, recall = n["tp"] / max(1, n["tp"] + n["fp"]), n["tp"] / (n["tp"] + n["fn"])
            figures |= {"delay_s": round(n["delay_frames"] / FPS / max(1, n["found"]), 2), "precision": round(precision, 3),
                        "recall": round(recall, 3), "f": round(2 * precision * recall / max(1e-9, precision + recall), 3)}
        return figures


def run_cell(program, scene):
    """All that see the same pictures, over one scene: their sheets."""
    peers = {"mog2": Mog2(False), "mog2-all": Mog2(True)}
    sheets = {who: Sheet() for who in ("vedette", *peers)}
    is_open = {who: [] for who in sheets}
    with subprocess.Popen([program, scene], stdout=subprocess.PIPE) as process:
        head = json.loads(process.stdout.readline())
        shape = (head["h"], head["w"])
        size = head["h"] * head["w"]
        for i in range(head["frames"]):
            data = process.stdout.read(3 * size + 1)
            assert len(data) == 3 * size + 1, f"{scene}: cut off at frame {i}"
            luma, truth, mask = (np.frombuffer(data, np.uint8, size, k * size).reshape(shape) for k in range(3))
            seen = {"vedette": (mask != 0, data[-1] == 1), **{who: peer.look(luma) for who, peer in peers.items()}}
            for who, (moving, now_open) in seen.items():
                is_open[who].append(now_open)
                if i >= WARM:
                    sheets[who].pixels(moving, truth)
    assert process.returncode == 0, f"{scene}: {program} failed"
    for who, sheet in sheets.items():
        sheet.judge(is_open[who], head["crossings"])
    return sheets


def motion_sheets(path):
    """By cell, what bench_motion_peer.py printed."""
    sheets = {}
    with open(path, encoding="utf-8") as lines:
        for line in (json.loads(l) for l in lines if l.startswith("{")):
            sheet = sheets[line["cell"]] = Sheet()
            for name in ("crossings", "found", "false_starts"):
                sheet.n[name] = line[name]
            sheet.n["false_frames"], sheet.n["quiet_frames"] = line["false_s"] * FPS, line["quiet_s"] * FPS
    return sheets


def print_table(rows, value, title):
    names = list(rows[0][1])
    print(f"\n{title:28}" + "".join(f"{who:>12}" for who in names))
    for name, sheets in rows:
        print(f"{name:28}" + "".join(f"{value(sheets[who].figures()) if who in sheets else '':>12}" for who in names))


STYLES = {"vedette": ("Vedette", 'r="5" fill="#0a5"'), "mog2-all": ("MOG2", 'r="4.5" fill="#fff" stroke="#c40" stroke-width="2"'),
          "mog2": ("MOG2, shadows apart", 'r="3.5" fill="#fff" stroke="#e9a" stroke-width="2"'),
          "motion": ("motion", 'r="3" fill="#36c"')}


def chart(rows, path):
    """Dots on three scales, a row for each disturbance: who found how much, what was false, whose pixels are right."""
    left, width, gap, top, step = 130, 190, 34, 64, 22
    height = top + step * len(rows) + 34
    scales = (("crossings found, %", 100, lambda f: 100 * f["found"] / max(1, f["crossings"])),
              ("false, s in a quiet minute", 60, lambda f: 60 * f["false_s"] / max(1e-9, f["quiet_s"])),
              ("pixels, F measure", 1, lambda f: f["f"]))
    total = left + len(scales) * (width + gap)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
           'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>']
    at = 16
    for who in (w for w in STYLES if w in rows[0][1]):
        out.append(f'<circle cx="{at}" cy="18" {STYLES[who][1]}/><text x="{at + 10}" y="22">{STYLES[who][0]}</text>')
        at += 40 + 7 * len(STYLES[who][0])
    for k, (title, most, value) in enumerate(scales):
        x0 = left + k * (width + gap)
        out.append(f'<text x="{x0}" y="46" font-weight="bold">{title}</text>')
        for part in range(5):
            x = x0 + width * part / 4
            out.append(f'<line x1="{x}" x2="{x}" y1="{top - 8}" y2="{height - 26}" stroke="#ddd"/>'
                       f'<text x="{x}" y="{height - 10}" text-anchor="middle" fill="#555">{most * part / 4:g}</text>')
        for row, (name, sheets) in enumerate(rows):
            y = top + step * row + 4
            if k == 0:
                out.append(f'<text x="8" y="{y + 4}">{name}</text>')
            for who in ("mog2", "mog2-all", "vedette", "motion"):
                figures = sheets[who].figures() if who in sheets else {}
                if "found" in figures and (k < 2 or "f" in figures):
                    x = x0 + width * min(most, value(figures)) / most
                    out.append(f'<circle cx="{x:.1f}" cy="{y}" {STYLES[who][1]}/>')
    with open(path, "w", encoding="utf-8") as svg:
        svg.write("\n".join(out) + "</svg>\n")


def run_all(options):
    """Rows of cells, and rows of sums by disturbance with all of it last."""
    rows, sums = [], {d: {} for d in DISTURBANCES}
    motion = motion_sheets(options.motion) if options.motion and os.path.exists(options.motion) else {}
    for p, place in enumerate(PLACES):
        for disturbance in DISTURBANCES:
            name = place + disturbance
            if options.texts and not any(t in name for t in options.texts):
                continue
            sheets = run_cell(options.program, f"{name}+fps={FPS}+loop=60+crossings=3+seed={5 + p}")
            if name in motion:
                sheets["motion"] = motion[name]
            rows.append((name, sheets))
            for who, sheet in sheets.items():
                print(json.dumps({"cell": name, "detector": who, **sheet.figures()}), flush=True)
                sums[disturbance].setdefault(who, Sheet()).add(sheet)
    whole = {}
    for sheets in sums.values():
        for who, sheet in sheets.items():
            whole.setdefault(who, Sheet()).add(sheet)
    named = [(d[1:].replace("+", ", ") or "day", s) for d, s in sums.items() if s]
    return rows, named + [("all", whole)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--motion")
    options.add_argument("--chart")
    options.add_argument("texts", nargs="*")
    options = options.parse_intermixed_args()
    cv2.setNumThreads(1)
    rows, sums = run_all(options)
    for who, sheet in sums[-1][1].items():
        print(json.dumps({"cell": "all", "detector": who, **sheet.figures()}))
    for table in (rows, sums):
        print_table(table, lambda f: f"{f['found']}/{f['crossings']}", "crossings found")
        print_table(table, lambda f: f"{f['false_starts']}, {f['false_s']:.1f} s", "false starts, and time")
        print_table(table, lambda f: f"{f['precision']:.2f} {f['recall']:.2f}" if "f" in f else "-", "pixels: precision, recall")
    if options.chart:
        chart(sums, options.chart)


if __name__ == "__main__":
    sys.exit(main())
