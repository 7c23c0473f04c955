"""How a line of the log looks: as text, as JSON, and as the journal takes either."""

import json
import logging
from datetime import datetime

from route_switcher.daemon.journal import prefix
from route_switcher.printable import printable


def formatter_of(log_format: str, encoding: str, *, journal: bool) -> logging.Formatter:
    """The one for `text` or `json`, in this encoding. In the `journal` each line begins with its
    priority (sd-daemon(3)), and a text has no time: the journal has both."""
    if log_format == "json":
        formatter: logging.Formatter = _JsonFormatter(encoding)
    else:
        formatter = _PlainFormatter() if journal else _TextFormatter()
    return _JournalFormatter(formatter) if journal else formatter


class _PlainFormatter(logging.Formatter):
    """The message alone, and a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        trace = getattr(record, "fields", {}).get("traceback", "").splitlines()
        lines = [record.getMessage(), *(f"    {each}" for each in trace)]
        return "\n".join(map(printable, lines))


class _TextFormatter(_PlainFormatter):
    """With the time and the level before it."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        stamp = at.isoformat(sep=" ", timespec="milliseconds")[:23]
        return f"{stamp} {record.levelname:<7} {super().format(record)}"


class _JsonFormatter(logging.Formatter):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._ascii = encoding.lower() not in ("utf-8", "utf8")

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "message"),
            "message": printable(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        text = json.dumps(line, ensure_ascii=self._ascii)
        # Names are given as they are, but a terminal must not obey them.
        return text if text.isprintable() else json.dumps(line).replace("\x7f", "\\u007f")


class _JournalFormatter(logging.Formatter):
    """What another formatter makes, each line with its priority."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        mark = prefix(record.levelno)
        return "\n".join(mark + line for line in self._inner.format(record).splitlines())
