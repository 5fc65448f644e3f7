"""The mean of two runs' weights, which is often better than either where one went on from the other:

    python3 scripts/pocket/average.py FOLDER RUN OTHER.pt NAME

writes FOLDER/NAME.pt, for export.py, of FOLDER/RUN.pt and OTHER.pt (https://arxiv.org/abs/2203.05482). Both must have one shape
and one vocabulary. Must not know: how they were trained.
"""

import sys
from pathlib import Path

import torch


def main():
    folder, run, other, name = Path(sys.argv[1]), *sys.argv[2:5]
    one, two = (torch.load(path, weights_only=False) for path in (folder / f"{run}.pt", other))
    assert one["config"] == two["config"] and one["data"]["vocabulary"] == two["data"]["vocabulary"]
    mean = {key: (weight + two["model"][key]) / 2 for key, weight in one["model"].items()}
    torch.save(one | {"model": mean, "table": (one["table"] + two["table"]) / 2}, folder / f"{name}.pt")


if __name__ == "__main__":
    main()
