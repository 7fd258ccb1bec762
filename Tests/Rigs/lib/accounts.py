# SPDX-License-Identifier: BSD-3-Clause
"""Whether a daemon's figures add up: in = delivered + dropped by reason + held, everywhere."""
import time


def frame_counts(status):
    """Each place of `viaduct status --json` where frames are counted, the switch first."""
    counts = [("the switch", status["switch"]["frames"])]
    for vif in status["vifs"]:
        counts += [("%s to its guest" % vif["name"], vif["toGuest"]), ("%s from its guest" % vif["name"], vif["fromGuest"])]
    return counts


def is_balanced(count):
    return (count["in"] == count["delivered"] + count["dropped"] + count["held"]
            and count["dropped"] == sum(count["drops"].values()))


def is_balanced_export(export):
    """Of a VI that is carried to another process."""
    drops = export["drops"]
    return (export["received"] == export["delivered"] + drops["undelivered"] + drops["foreign"]
            and export["taken"] == export["sent"] + drops["refused"] + drops["unsent"])


def settle(status, seconds=5):
    """Asks until nothing is on its way any more: the last status, and what does not add up in it."""
    end = time.monotonic() + seconds
    while True:
        found = status()
        wrong = [place for place in frame_counts(found) if not is_balanced(place[1])]
        wrong += [("a VI", export) for export in found["plugin"]["exports"] if not is_balanced_export(export)]
        if not wrong or time.monotonic() > end:
            return found, wrong
        time.sleep(0.1)
