# SPDX-License-Identifier: BSD-3-Clause
"""What a daemon's log must be, whatever its guests do: see EventLog.docc."""
import datetime
import re

LINE = re.compile(r"(\S+Z) (trace|debug|info|notice|warning|error|critical) ")
VALUE = re.compile(r' (\w+)=("(?:[^"\\]|\\.)*"|\S+)')
# Entries of a kind in ten seconds; a window may meet two of those spans.
LIMIT, SPAN = 20, 10.0


def parse(text):
    """(seconds, level, values) of each line; a line that is none is (None, None, the line)."""
    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            yield None, None, line
            continue
        moment = datetime.datetime.fromisoformat(match[1].replace("Z", "+00:00")).timestamp()
        yield moment, match[2], {key: value.strip('"') for key, value in VALUE.findall(line)}


def complaints(text):
    """Why a log is not bounded, or not a log; empty when all is well."""
    found, kinds = [], {}
    for moment, level, values in parse(text):
        if moment is None:
            found.append("not a line of the log: %r" % values[:200])
            continue
        if "event" not in values:
            found.append("an entry without a name at %s" % moment)
            continue
        if level == "critical" or values["event"] == "log.suppressed":
            continue
        subject = values.get("vif", values.get("guest", values.get("path", "")))
        kinds.setdefault((values["event"], subject, level), []).append(moment)
    for kind, moments in kinds.items():
        for first, last in zip(moments, moments[2 * LIMIT:]):
            if last - first < SPAN - 0.1:
                found.append("%s: %d entries in %.1f s" % (" ".join(kind), 2 * LIMIT + 1, last - first))
                break
    return found


def suppressed(text):
    """Entries that were counted instead of written."""
    return sum(int(values["count"]) for _, level, values in parse(text) if level and values.get("event") == "log.suppressed")
