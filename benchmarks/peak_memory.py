"""How much memory a process and its children hold together."""

import threading

import psutil

_SECONDS = 0.5  # between two looks


class Peak:
    """The most memory that a process and its children held together: what each has of its own, and its share of the rest."""

    def __init__(self, process: int) -> None:
        self._process, self._most, self._over = process, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(_SECONDS):
            total = 0
            try:
                root = psutil.Process(self._process)
                tree = [root, *root.children(recursive=True)]
            except psutil.Error:
                return
            for each in tree:
                try:
                    total += each.memory_full_info().pss
                except psutil.Error:
                    continue  # it ended meanwhile
            self._most = max(self._most, total)

    def end(self) -> int:
        """Bytes."""
        self._over.set()
        self._thread.join()
        return self._most
