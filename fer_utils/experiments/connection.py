"""The connection to a Dask scheduler."""

import contextlib
import functools
import ipaddress
import socket
from collections.abc import Iterator

from fer_utils.common import progress
from fer_utils.common.errors import ClusterError

CONNECT_SECONDS = 8


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator:
    """A client of the scheduler; when it closes, the scheduler drops all that nobody else waits for.

    Args:
        scheduler: address, such as "tcp://host:8786".

    Raises:
        ClusterError: nobody answers there, the scheduler is lost, or a run ended several workers.
    """
    from concurrent.futures import CancelledError

    from distributed import Client, KilledWorker
    from distributed.comm import get_address_host

    try:
        get_address_host(scheduler)  # a misspelt address is reported at once
        warn_if_open(scheduler)
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler} ({error}). Start one there with `dask scheduler`, or train on "
            "this machine: leave out --scheduler and unset DASK_SCHEDULER_ADDRESS."
        ) from error
    try:
        with client:
            yield client
    except KilledWorker as error:
        raise ClusterError(
            f"a run was lost with each worker that tried it ({error}). The workers may have too little memory; finished "
            "runs are kept, and the next call resumes from here."
        ) from error
    except CancelledError as error:
        raise ClusterError(
            f"the Dask scheduler at {scheduler} is lost ({error}). Finished runs are kept, and the next call resumes from here."
        ) from error


@functools.cache  # said once by a process
def warn_if_open(scheduler: str) -> None:
    """Say so where the connection to a scheduler is neither encrypted nor within this machine."""
    from distributed.comm import get_address_host, parse_address

    if parse_address(scheduler)[0] in ("tls", "wss", "inproc"):
        return
    with contextlib.suppress(OSError):  # a name that nobody knows is reported by the client
        found = {each[4][0].partition("%")[0] for each in socket.getaddrinfo(get_address_host(scheduler), None)}
        if not all(ipaddress.ip_address(address).is_loopback for address in found):
            progress.say(
                f"the connection to {scheduler} is not encrypted: who is in that network can read the faces and run code on the "
                "workers. Use tls:// (see docs/cluster.md)."
            )
