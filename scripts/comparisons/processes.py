"""Calls side by side in forked processes, which share what is in memory: one small network leaves a GPU mostly idle.

The forking process must not have touched the GPU.
"""
import dataclasses
import gc
import multiprocessing
import multiprocessing.connection
import os
import time
from collections.abc import Callable

import torch


@dataclasses.dataclass
class Call:
    """What to do, and whether what it needs is there."""

    function: Callable
    arguments: tuple
    ready: Callable = lambda: True


def side_by_side(calls, workers, until=float("inf")):
    """Makes the calls, `workers` at a time, the first that is ready first; begins none after `until` (monotonic
    seconds) and returns those that were left. One worker is this process itself. A ValueError tells, at the end, that
    some failed; the failures themselves are on standard error."""
    left = list(calls)

    def following():
        found = next((call for call in left if call.ready()), None) if time.monotonic() < until else None
        if found:
            left.remove(found)
        return found

    if workers == 1:
        while call := following():
            call.function(*call.arguments)
        return left
    gc.freeze()  # what the children share stays shared
    context = multiprocessing.get_context("fork")
    # Together as many threads as cores, which they would only fight over.
    threads, running, failed = torch.get_num_threads(), {}, 0
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    while True:
        while len(running) < workers and (call := following()):
            process = context.Process(target=call.function, args=call.arguments)
            process.start()
            running[process.sentinel] = process
        if not running:
            break
        for sentinel in multiprocessing.connection.wait(list(running)):
            process = running.pop(sentinel)
            process.join()
            failed += process.exitcode != 0
    torch.set_num_threads(threads)
    if failed:
        raise ValueError(f"{failed} of the processes failed")
    return left
