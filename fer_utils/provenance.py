"""Where a result comes from: the cell that made it, and the commit that the files stand at.

A figure's `.json` holds the hash and no commit: a commit changes with every change to anything, so the same figure would
have other bytes after each, and a figure can never hold the commit that it is part of. The hash says what matters, whether
the code that drew the figure is the present one. The commit is noted beside the executed notebooks (`executed.py`), which
are not committed, and shown in the report.
"""

import subprocess

from fer_utils.common import paths


def commit() -> str:
    """The commit that the project's files stand at, such as "0123456789ab" or "0123456789ab with changes".

    Only changes to notebooks and code count. Empty where the project is no git repository, or git is missing.
    """
    try:
        found = _git("rev-parse", "--short=12", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", "fer_utils", "notebooks", "requirements.txt")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{found} with changes" if changed.strip() else found


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=paths.PROJECT, capture_output=True, text=True, check=True, timeout=20
    ).stdout
