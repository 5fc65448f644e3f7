"""What a run leaves beside its weights: the log of its losses, and how it came about.

Takes the folder of training_set.py and the checkpoint's facts; gives FOLDER/RUN.csv and FOLDER/RUN.json. Must not know: the
model, the schedule.
"""

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path


def data_of(folder):
    """{"data", "vocabulary"}: the SHA-256 of each, as training_set.py wrote them."""
    path = folder / "data.json"
    if not path.exists():
        raise SystemExit(f"{path} is missing: run training_set.py again")
    return json.loads(path.read_text(encoding="utf-8"))


def refuse_other(saved, data):
    """Ends the program when a checkpoint's data or vocabulary, None before they were kept, are not those of the folder."""
    if saved != data:
        raise SystemExit(f"The checkpoint was trained on {saved}, the folder holds {data}: --new-data goes on all the same")


def open_log(path, steps):
    """RUN.csv to write on: rows of (steps, tokens, loss, seconds). Those after the checkpoint's step are dropped, since what
    they tell of was lost with the process."""
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    path.write_text("".join(row for row in rows if int(row.split(",")[0]) <= steps), encoding="utf-8")
    return open(path, "a", encoding="utf-8")


def commit():
    """The checkout's commit, with `-dirty` where files differ from it; None without git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def write(path, arguments, data, code, state):
    """RUN.json: arguments by name, what data_of gives, the commit that the run began with, and of `state` its tokens, steps
    and seconds."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy")}}
    done = {key: state[key] for key in ("tokens", "steps", "seconds")}
    made = {"arguments": arguments, **data, "commit": code, "versions": versions, **done}
    path.write_text(json.dumps(made, indent=2, default=str) + "\n", encoding="utf-8")
