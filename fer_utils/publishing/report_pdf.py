"""A page as PDF, printed by a headless Chromium that is installed already."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fer_utils.common.errors import FerError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 180  # seconds


class BrowserError(FerError):
    """No Chromium is installed, or it did not print."""


def browser() -> str:
    """Path of the Chromium or Chrome to print with.

    Raises:
        BrowserError: none is found on the PATH.
    """
    for name in _NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    raise BrowserError(
        f"a PDF needs Chromium, and none of {', '.join(_NAMES)} is on the PATH. Install it (on Debian and Ubuntu: "
        "apt-get install chromium), or leave --pdf out and print the page from any browser."
    )


def printed(html: str) -> bytes:
    """Print a page that needs no other file.

    Raises:
        BrowserError: no browser, or it fails.
    """
    with tempfile.TemporaryDirectory(prefix="fer-report-") as folder:
        page, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html, encoding="utf-8")
        command = [
            browser(),
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={target}",
            page.as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(
                1, "--no-sandbox"
            )  # Chromium starts for root only without; the page is ours and runs nothing
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrowserError(f"{command[0]} did not print the report ({error}).") from error
        if not target.is_file():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise BrowserError(f"{command[0]} did not print the report: {last}")
        return target.read_bytes()
