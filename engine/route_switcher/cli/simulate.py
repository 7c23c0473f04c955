"""Simulate a policy on a random network, and say what users would have seen.

POLICY is a path, or a name (no '/', not ending in .yaml): 'policy' is
/etc/route-switcher/policy.yaml, other names are policies that come with the
program. It reads only these files, and changes nothing on this machine.

--line UPLINK=KIND says what kind of line an uplink has: perfect, fibre, dsl
(the default), lte, satellite (in a low orbit) or geostationary. You can change
single figures: --line primary=fibre,outages=4/month,outage_length=5m.

  outages, outage_length   silent outage: no packet comes back
  unplugs, unplug_length   the carrier is lost
  flaps, flap_length       down for 4 s, up for 8 s, on average, and so on
  brownouts, brownout_length, brownout_loss, brownout_latency, brownout_jitter
                           this much more loss, latency and jitter; each time
                           between half and one and a half times as much
  loss, latency            in normal times

Rates are a number/hour, day, week, month (30 days) or year; lengths are means,
such as 90s, 5m, 2h, 1d; shares are percentages. The faults depend only on
--seed and the uplink's name, not on the policy: the same seed gives the same
network for each policy. So you can compare policies.

Exit code: 0 fine, 1 the policy has problems or the file cannot be written, 2
wrong usage.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from route_switcher.analysis.prose.paragraphs import item
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, file_or_standard_input
from route_switcher.cli.color import add_color, print_problems, wanted
from route_switcher.cli.folding import say_error
from route_switcher.cli.streams import unescaped
from route_switcher.cli.times import as_it_is_written
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.drawing.terminal import alphabet_for, draw
from route_switcher.policy.load import SYSTEM_NAME, Loaded, read_policy
from route_switcher.policy.problems import PolicyProblems, render
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.printable import printable
from route_switcher.simulation.generate import generate
from route_switcher.simulation.line_profiles import (
    DEFAULT_KIND,
    KINDS,
    LineKind,
    TargetKind,
    describe,
    describe_targets,
)
from route_switcher.simulation.page import Simulated, page
from route_switcher.simulation.profile_notation import (
    NotUnderstoodError,
    parse_line,
    parse_span,
    parse_targets,
)
from route_switcher.simulation.report import MEANING, as_data, summary, table
from route_switcher.simulation.simulate import SimulationResult, simulate
from route_switcher.text.durations import DAY
from route_switcher.text.quantities import listed

_LONGEST = 3650 * DAY
_SHORTEST = 1.0
_REDRAWN = 0.2
"""Seconds between two states of the progress line."""
_BAR = 30

_Parsed = TypeVar("_Parsed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `simulate`."""
    parser.add_argument(
        "policy",
        nargs="?",
        type=file_or_standard_input,
        default=SYSTEM_NAME,
        metavar="POLICY",
        help="default: policy; - is standard input",
    )
    parser.add_argument(
        "--against",
        type=file_or_standard_input,
        metavar="POLICY",
        help="also simulate this policy, on the same network",
    )
    parser.add_argument(
        "--duration",
        type=_duration,
        default="30d",
        metavar="TIME",
        help="how long, in virtual time: 12h, 30d, 4w (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help="which network (default: %(default)s)"
    )
    parser.add_argument(
        "--line",
        type=_line,
        action="append",
        default=[],
        metavar="UPLINK=KIND[,KEY=VALUE]",
        help="the kind of line of an uplink; repeat it for another uplink",
    )
    parser.add_argument(
        "--targets",
        type=_targets,
        default=TargetKind(),
        metavar="KEY=VALUE",
        help="outages of the targets themselves (default: outages=0.5/month,outage_length=10m)",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with all results")
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="for people, or for programs: times in seconds, traffic in bytes"
        " (default: %(default)s)",
    )
    add_color(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Simulate, and print what came of it."""
    names = [name for name in (arguments.policy, arguments.against) if name is not None]
    loaded = _read(names, arguments.color)
    if loaded is None:
        return EXIT_PROBLEMS
    policies = [one.policy for one in loaded]
    kinds = dict(arguments.line)
    if wrong := _wrong_lines([name for name, _ in arguments.line], policies):
        say_error(f"route-switcher simulate: --line: {wrong}")
        return EXIT_USAGE
    network = generate(tuple(policies), kinds, arguments.targets, arguments.seed)
    results = []
    with _Progress(len(policies), arguments.duration) as progress:
        for number, policy in enumerate(policies):
            report = progress.of(number)
            results.append(simulate(policy, network, arguments.duration, progress=report))
    lines = _network(policies, kinds, arguments.targets, arguments.seed)
    titles = [printable(name) for name in names]
    if arguments.html is not None:
        texts = [one.document.text for one in loaded]
        simulated = [Simulated(*parts) for parts in zip(titles, texts, results, strict=True)]
        if not _write(arguments.html, page(simulated, lines)):
            return EXIT_PROBLEMS
    if arguments.format == "json":
        data = [{"policy": n} | as_data(r) for n, r in zip(names, results, strict=True)]
        print(json.dumps({"seed": arguments.seed, "policies": data}, indent=2))
    else:
        _print(titles, results, lines, arguments.color)
    return EXIT_OK


# What is given.


def _duration(text: str) -> float:
    try:
        seconds = parse_span(text)
    except ValueError:
        hint = as_it_is_written(text, "write a duration, as in 30d")
        raise argparse.ArgumentTypeError(f"{text!r}: {hint}") from None
    if not _SHORTEST <= seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r}: write 1s up to 3650d")
    return seconds


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write a whole number, as in 2") from None


def _line(text: str) -> tuple[str, LineKind]:
    return _understood(parse_line, text)


def _targets(text: str) -> TargetKind:
    return _understood(parse_targets, text)


def _understood(parse: Callable[[str], _Parsed], text: str) -> _Parsed:
    try:
        return parse(text)
    except NotUnderstoodError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _read(names: Sequence[str], color: str) -> list[Loaded] | None:
    """The policies of these names; None if one of them has problems, which are printed then."""
    loaded, found = [], []
    for name in names:
        try:
            loaded.append(read_policy(name))
        except PolicyProblems as problems:
            found += render(problems)
    if found:
        print_problems(found, color, sys.stderr)
        return None
    return loaded


def _wrong_lines(names: Sequence[str], policies: Sequence[Policy]) -> str:
    """What is wrong with the uplinks that --line names; empty if nothing is."""
    known = list(dict.fromkeys(u.name for policy in policies for u in policy.uplinks))
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, f"the uplinks are {', '.join(known)}")
            return f"there is no uplink {name!r}: {hint}"
        if names.count(name) > 1:
            return f"{name!r} is given twice: write all of it in one, as in {name}=dsl,loss=1%"
    return ""


def _network(
    policies: Sequence[Policy], kinds: Mapping[str, LineKind], targets: TargetKind, seed: int
) -> list[str]:
    alike: dict[LineKind, list[str]] = {}
    for name in dict.fromkeys(u.name for policy in policies for u in policy.uplinks):
        alike.setdefault(kinds.get(name, KINDS[DEFAULT_KIND]), []).append(name)
    lines = [f"{listed(names)}: {describe(kind)}" for kind, names in alike.items()]
    return [*lines, f"targets: {describe_targets(targets)}", f"seed {seed}"]


# What is shown.


def _print(
    names: Sequence[str],
    results: Sequence[SimulationResult],
    network: Sequence[str],
    color: str,
) -> None:
    alphabet = alphabet_for(sys.stdout.encoding)
    width = shutil.get_terminal_size().columns - 1
    for name, result in zip(names, results, strict=True):
        said = [line for sentence in summary(result) for line in item(sentence, "  ")]
        print("\n".join([f"{name}:", *said, ""]))
        drawn = "\n".join(draw(result.timeline.shares, width, alphabet, _paint(color)))
        print(drawn, end="\n\n", file=unescaped(sys.stdout))
    print("\n".join(table(names, results)), end="\n\n")
    for line in MEANING:
        print(f"  {line}")
    for line in network:
        print("\n".join(item(line, "  network: ")))


def _paint(color: str) -> Callable[[str, str], str]:
    """With the terminal's colors, if they are wanted."""
    if not wanted(color, sys.stdout):
        return lambda _, text: text
    return lambda style, text: f"\x1b[{style}m{text}\x1b[0m"


def _write(file: Path, text: str) -> bool:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        where = printable(str(file))
        say_error(f"route-switcher simulate: cannot write {where}: {error.strerror}")
        return False
    return True


class _Progress:
    """A line on stderr that is redrawn as the simulation goes on, if that is a terminal."""

    def __init__(self, simulations: int, seconds: float) -> None:
        self._simulations = simulations
        self._seconds = seconds
        self._shown = sys.stderr.isatty()
        self._next = time.monotonic() + _REDRAWN

    def of(self, number: int) -> Callable[[float], None]:
        """What the simulation of that number (from 0) tells how far it is."""

        def report(at: float) -> None:
            if self._shown and (now := time.monotonic()) >= self._next:
                self._next = now + _REDRAWN
                self._draw((number + at / self._seconds) / self._simulations)

        return report

    def _draw(self, share: float) -> None:
        done = int(share * _BAR)
        bar = "#" * done + "-" * (_BAR - done)
        self._redraw(f"\r  simulating [{bar}] {100 * share:3.0f} %")

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._redraw("\r\x1b[K")

    @staticmethod
    def _redraw(text: str) -> None:
        print(text, end="", file=unescaped(sys.stderr), flush=True)
