"""Draws the loss curve: python3 scripts/pocket/curve.py FOLDER RUN > models/pocket/loss.svg

Reads FOLDER/RUN.csv (steps, tokens, loss, seconds), as train.py writes it. The loss axis is logarithmic.
"""

import csv
import math
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 360, 56, 40


def main():
    folder, run = sys.argv[1:3]
    with open(Path(folder) / f"{run}.csv", encoding="utf-8") as file:
        rows = [(int(tokens) / 1e6, float(loss)) for _, tokens, loss, _ in csv.reader(file)]
    most = rows[-1][0]
    low, high = (math.log10(f(loss for _, loss in rows)) for f in (min, max))

    def x(tokens):
        return LEFT + tokens / most * (WIDTH - LEFT - 16)

    def y(loss):
        return 16 + (high - math.log10(loss)) / (high - low) * (HEIGHT - BOTTOM - 16)

    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">')
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    for loss in (10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01):
        if low <= math.log10(loss) <= high:
            print(f'<path d="M{LEFT} {y(loss):.1f}H{WIDTH - 16}" stroke="#ddd"/><text x="{LEFT - 6}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss}</text>')
    for i in range(0, int(most) + 1, 2):
        print(f'<text x="{x(i):.1f}" y="{HEIGHT - 22}" text-anchor="middle">{i}</text>')
    print(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">million tokens read; loss in nats a learned token, mean of 25 steps</text>')
    points = " ".join(f"{x(tokens):.1f},{y(loss):.1f}" for tokens, loss in rows)
    print(f'<polyline points="{points}" fill="none" stroke="#1f6feb" stroke-width="1.5"/></svg>')


if __name__ == "__main__":
    main()
