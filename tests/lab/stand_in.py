"""Plays the engine: probes through the primary uplink, and moves the default routes by `ip`.

stand_in.py [never-fails-over | never-fails-back | dies]
"""

import logging
import subprocess
import sys
import time

from icmplib import ICMPLibError, ping  # type: ignore[import-untyped]

TARGET = "203.0.113.201"
PRIMARY = ["via", "198.51.100.1", "dev", "eth0"]
SECONDARY = ["via", "203.0.113.1", "dev", "eth1"]


def ip(*words: str) -> None:
    subprocess.run(["ip", "route", *words], check=False, capture_output=True)


def answers() -> bool:
    try:
        return bool(ping(TARGET, count=1, timeout=0.3).is_alive)
    except ICMPLibError:
        return False


def main(flaw: str) -> None:
    logging.info("the stand-in starts")
    if flaw == "dies":
        sys.exit("no policy today")
    ip("add", "default", *PRIMARY, "metric", "10")
    ip("add", "default", *SECONDARY, "metric", "20")
    ip("add", TARGET, *PRIMARY)
    while flaw == "never-fails-over" or answers():
        time.sleep(0.1)
    logging.info("primary failed")
    ip("add", "default", *PRIMARY, "metric", "1010")
    ip("delete", "default", *PRIMARY, "metric", "10")
    while flaw == "never-fails-back" or not answers():
        time.sleep(0.1)
    logging.info("primary recovered")
    ip("add", "default", *PRIMARY, "metric", "10")
    ip("delete", "default", *PRIMARY, "metric", "1010")
    time.sleep(60)


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    main(sys.argv[1] if len(sys.argv) > 1 else "")
