"""Keys and values of other programs: the hint names the key that says the same here."""

import json

import pytest

from route_switcher.policy.schema import synonyms
from route_switcher.resources import data_root
from support.told import told

SCHEMA = json.loads((data_root() / "schemas" / "policy.schema.json").read_text("utf-8"))
TOP = "version: 1\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1}}\n"
_PLACES = {
    "top": "{}",
    "uplink": "uplinks: {a: {interface: eth0, gateway: 192.0.2.1, {}}}",
    "probe": "probes: {p: {type: icmp, {}}}",
    "rule": "rules: [{name: r, fail: {failures: 3}, {}}]",
    "fail": "rules: [{name: r, fail: {{}}}]",
    "recover": "rules: [{name: r, fail: {failures: 3}, recover: {{}}}]",
    "hold_back": "hold_back: {{}}",
    "hook": "hooks: {on_switch: [{{}}]}",
    "hooks": "hooks: {{}}",
    "metrics": "metrics: {{}}",
    "control": "control: {{}}",
    "journal": "journal: {{}}",
    "after_switch": "after_switch: {{}}",
}


def written(place: str, entry: str) -> str:
    """A policy with `entry` at a place of that name."""
    text = _PLACES[place].replace("type: icmp, {}", "{}" if "type" in entry else "type: icmp, {}")
    top = "version: 1\n" if place == "uplink" else TOP
    return top + text.replace("{}", entry)


def hints(place: str, entry: str) -> list[str]:
    return [
        line.split(" | ", 1)[1] for line in told(written(place, entry)) if "unknown-key" in line
    ]


@pytest.mark.parametrize(
    ("place", "entry", "hint"),
    [
        ("uplink", "dev: eth0", "did you mean 'interface'?"),
        ("uplink", "via: 192.0.2.1", "did you mean 'gateway'?"),
        ("uplink", "weight: 3", "there is no load balancing"),
        ("uplink", "priority: 1", "uplinks stand in order of preference"),
        ("uplink", "track_ip: 8.8.8.8", "write 'targets' in a probe"),
        ("uplink", "targets: [8.8.8.8]", "write 'targets' in a probe"),
        ("uplink", "name: fibre", "the name stands before the ':'"),
        ("uplink", "description: x", "write it as a comment"),
        ("probe", "hosts: [8.8.8.8]", "did you mean 'targets'?"),
        ("probe", "track-ip: 8.8.8.8", "did you mean 'targets'?"),
        ("probe", "reliability: 2", "did you mean 'quorum'?"),
        ("probe", "failure_interval: 1s", "did you mean 'fast_interval'?"),
        ("probe", "failures: 3", "write 'failures' in the 'fail' of a rule"),
        ("probe", "down: 3", "write 'failures' in the 'fail' of a rule"),
        ("probe", "count: 3", "write 'failures' in the 'fail' of a rule"),
        ("probe", "Reliability: 2", "did you mean 'quorum'?"),
        ("rule", "on_fail: {failures: 3}", "did you mean 'fail'?"),
        ("rule", "interval: 1s", "write 'interval' in a probe"),
        ("fail", "packet_loss: 3%", "did you mean 'loss'?"),
        ("fail", "failure_count: 3", "did you mean 'failures'?"),
        ("fail", "rtt: 3ms", "did you mean 'latency'?"),
        ("recover", "up: 3", "did you mean 'successes'?"),
        ("hold_back", "cooldown: 1m", "did you mean 'min_stay'?"),
        ("top", "wans: {}", "did you mean 'uplinks'?"),
        ("top", "monitors: {}", "did you mean 'probes'?"),
        ("top", "min_stay: 3m", "write 'min_stay' in 'hold_back'"),
        ("top", "ping: 8.8.8.8", "a probe of the type icmp pings"),
        ("top", "scripts: []", "did you mean 'hooks'?"),
        ("top", "last_resort: unreachable", "write 'when_all_down' in 'routes'"),
        ("top", "flush_conntrack: yes", "did you mean 'after_switch'?"),
        ("uplink", "interfce: eth0", "did you mean 'interface'?"),
        ("uplink", "port: eth0", "did you mean 'interface'?"),
        ("uplink", "metered: true", "an uplink that costs by the byte is asked less often"),
        ("probe", "port: 443", "only a probe of the type tcp has a port"),
        ("probe", "type: http, url: 'http://192.0.2.1/', port: 80", "only a probe of the type tcp"),
        ("probe", "type: http, url: 'http://192.0.2.1/', code: 204", "did you mean 'status'?"),
        ("probe", "url: 'http://192.0.2.1/'", "write 'url' in a probe of the type http"),
        ("probe", "refused: good", "write 'refused' in a probe of the type tcp"),
        ("top", "nameserver: 9.9.9.9", "write 'resolver' in a probe"),
    ],
)
def test_a_key_of_another_program_is_told_what_says_it_here(
    place: str, entry: str, hint: str
) -> None:
    (found,) = hints(place, entry)
    assert found.startswith(hint)


def test_what_is_there_under_another_name_is_not_missed_too() -> None:
    lines = told("version: 1\nuplinks: {a: {dev: eth0, via: 192.0.2.1}}")
    assert ["unknown-key" in line for line in lines] == [True, True]
    (line,) = told("version: 1\nwans: {a: {interface: eth0, gateway: auto}}")
    assert line.endswith("| did you mean 'uplinks'?")


def test_every_key_that_is_recommended_is_one_of_the_policy() -> None:
    keys = _keys(SCHEMA)
    assert {*synonyms._MEANT.values(), *synonyms._PLACES} - keys == set()


def _keys(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_keys, schema))
    if not isinstance(schema, dict):
        return set()
    own = {key for key, inner in schema.get("properties", {}).items() if inner.get("not") is None}
    return own.union(*map(_keys, schema.values()))


def test_a_word_that_only_another_program_has_is_no_key_here() -> None:
    own = {word for word, key in synonyms._MEANT.items() if word == key}
    assert own == set()


@pytest.mark.parametrize(
    ("place", "entry", "hint"),
    [
        ("probe", "type: ping", "did you mean 'icmp'?"),
        ("fail", "carrier: off", "did you mean 'down'?"),
        ("fail", "carrier: false", "did you mean 'down'?"),
        ("recover", "carrier: true", "did you mean 'up'?"),
        ("probe", "quorum: one", "did you mean 'any'?"),
        ("probe", "quorum: every", "did you mean 'all'?"),
        ("top", "on_exit: cleanup", "did you mean 'restore'?"),
    ],
)
def test_a_value_of_another_program_is_told_what_says_it_here(
    place: str, entry: str, hint: str
) -> None:
    lines = [line for line in told(written(place, entry)) if "bad-value" in line]
    assert [line.split(" | ", 1)[1] for line in lines] == [hint]


@pytest.mark.parametrize(
    ("place", "entry", "hint"),
    [
        ("probe", "enabled: false", "to switch it off, write it as a comment"),
        ("probe", "path: /x", "the keys known here"),
        ("probe", "script: /x", "a program is a probe of the type exec"),
        ("probe", "args: [x]", "a program is a probe of the type exec"),
        ("probe", "packetsize: 100", "did you mean 'size'?"),
        ("probe", "tag: x", "write it as a comment"),
        ("fail", "and: [{failures: 3}]", "did you mean 'all'?"),
        ("fail", "or: [{failures: 3}]", "did you mean 'any'?"),
        ("fail", "above: 20%", "a limit stands behind its own key"),
        ("fail", "link: down", "did you mean 'carrier'?"),
        ("fail", "status: 500", "a probe asks: name it"),
        ("recover", "retries: 3", "did you mean 'successes'?"),
        ("recover", "count: 3", "did you mean 'successes'?"),
        ("recover", "hold_time: 1m", "did you mean 'stable'?"),
        ("recover", "fall: 3", "write 'failures' in the 'fail' of the rule"),
        ("rule", "probes: [p]", "did you mean 'probe'?"),
        ("rule", "any: [{failures: 3}]", "write it in the 'fail' or the 'recover'"),
        ("rule", "switch_to: b", "a rule says only when an uplink has failed"),
        ("rule", "enabled: false", "to switch it off, write it as a comment"),
        ("rule", "family: ipv4", "a rule judges its uplinks in each of their families"),
        ("uplink", "nonlocalgateway: true", "did you mean 'onlink'?"),
        ("uplink", "check-gateway: ping", "a probe of the type neighbour or echo"),
        ("uplink", "dhcp4: true", "where the gateway is learned, write 'gateway: auto'"),
        ("uplink", "address: 192.0.2.2/24", "it sets up no interface"),
        ("uplink", "role: backup", "uplinks stand in order of preference"),
        ("uplink", "state: down", "did you mean 'enabled'?"),
        ("hold_back", "max_suppress: 1h", "write it in 'damping'"),
        ("hold_back", "holdtime: 1m", "did you mean 'min_stay'?"),
        ("hooks", "email: root", "a program sends it"),
        ("hooks", "timeout: 5s", "write it in a hook"),
        ("hooks", "on_stop: []", "no program is run then"),
        ("hook", "run: [/bin/true], delay: 5s", "a hook never holds up a switch"),
        ("hook", "run: [/bin/true], when: failed", "the program is told what has happened"),
        ("control", "port: 80", "the socket has one place and mode"),
        ("top", "failover: {}", "uplinks stand in order of preference"),
        ("top", "timers: {}", "times stand in"),
        ("top", "track_script: x", "did you mean 'probes'?"),
        ("top", "defaults: {}", "there is no section for that"),
        ("top", "include: x", "a policy is one file"),
    ],
)
def test_a_hint_for_a_key_is_about_the_place_where_it_stands(
    place: str, entry: str, hint: str
) -> None:
    (found,) = hints(place, entry)
    assert found.startswith(hint)


def test_a_word_that_is_hardly_like_a_key_is_not_taken_for_it_misspelt() -> None:
    (found,) = hints("probe", "initial: up")
    assert found.startswith("the keys known here")


@pytest.mark.parametrize(
    ("place", "entry", "hint"),
    [
        *(
            ("probe", f"type: dns, targets: [8.8.8.8], {word}: example.net", "did you mean 'name'?")
            for word in ("query", "domain", "qname", "host", "question", "lookup")
        ),
        ("probe", "type: dns, name: example.net, answer: 192.0.2.1", "did you mean 'value'?"),
        ("probe", "type: http, url: 'http://192.0.2.1/', expect: 204", "did you mean 'status'?"),
        ("probe", "type: http, url: 'http://192.0.2.1/', contains: ok", "did you mean 'body'?"),
        ("probe", "type: http, url: 'http://192.0.2.1/', headers: x", "did you mean 'header'?"),
        ("probe", "type: http, url: 'http://192.0.2.1/', method: GET", "asked for by GET"),
        ("probe", "type: http, url: 'https://a.example/', insecure: 1", "are always checked"),
        ("probe", "type: http, host: www.example.net", "write them in 'url'"),
        ("probe", "type: tcp, targets: [8.8.8.8], dport: 443", "did you mean 'port'?"),
        ("probe", "type: tcp, targets: [8.8.8.8], port: 443, rst: good", "did you mean 'refused'?"),
        *(
            ("probe", f"type: exec, {word}: /bin/true", "did you mean 'run'?")
            for word in ("command", "cmd", "script", "program", "exec")
        ),
        ("probe", "type: exec, run: [/bin/true], args: x", "arguments stand in the list of 'run'"),
        ("probe", "type: echo, targets: [8.8.8.8]", "asks the gateway of each uplink"),
        ("probe", "type: neighbour, hosts: [8.8.8.8]", "asks the gateway of each uplink"),
        *(("hook", f"{word}: [/bin/it]", "did you mean 'run'?") for word in ("command", "script")),
        *(
            ("hook", f"run: [/bin/it], {word}: 2", "did you mean 'attempts'?")
            for word in ("retries", "retry", "tries", "count")
        ),
        ("hook", "run: [/bin/it], arguments: x", "arguments stand in the list of 'run'"),
        ("hooks", "on_down: [{run: [/bin/it]}]", "did you mean 'on_uplink_down'?"),
        ("hooks", "up: [{run: [/bin/it]}]", "did you mean 'on_uplink_up'?"),
        ("hooks", "offline: [{run: [/bin/it]}]", "did you mean 'on_all_down'?"),
        ("hooks", "notify_master: [{run: [/bin/it]}]", "did you mean 'on_switch'?"),
        ("metrics", "port: 9000", "did you mean 'listen'?"),
        ("metrics", "socket: /run/it", "did you mean 'listen'?"),
        ("metrics", "enabled: true", "without 'metrics' no metrics are given"),
        ("control", "groups: [adm]", "did you mean 'group'?"),
        ("control", "socket: /run/it", "write the group that may use it"),
        ("journal", "max_size: 1GB", "did you mean 'size'?"),
        ("journal", "retention: 30d", "the oldest day is dropped"),
        ("journal", "dir: /var/x", "it is in the engine's state folder"),
        ("after_switch", "flush: all", "did you mean 'conntrack'?"),
        ("hold_back", "nopreempt: true", "write 'fail_back: manual'"),
    ],
)
def test_a_key_of_another_program_is_told_once_where_its_meaning_depends_on_the_place(
    place: str, entry: str, hint: str
) -> None:
    (line,) = [each for each in told(written(place, entry)) if "no-" not in each]
    assert hint in line.split(" | ", 1)[1]


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("after_switch: none", "write {conntrack: none}"),
        ("after_switch: flush", "write {conntrack: previous}"),
        ("after_switch: {conntrack: false}", "did you mean 'none'?"),
        ("control: staff", "write {group: staff}"),
        ("routes: main", "write {table: main}"),
        ("hold_back: {fail_back: false}", "did you mean 'manual'?"),
        ("hold_back: {fail_back: on}", "did you mean 'automatic'?"),
        ("families_move: yes", "did you mean 'together'?"),
        ("families_move: independently", "did you mean 'separately'?"),
        ("ignore_linkdown: yes", "write true"),
        ("ignore_linkdown: off", "write false"),
        ("hooks: {on_switch: /bin/it}", "write [{run: [/bin/it]}]"),
        ("hooks: {on_switch: [[/bin/it, now]]}", "write {run: [/bin/it, now]}"),
        ("hooks: {on_switch: {run: [/bin/it]}}", "write it as a list: [{run: […]}]"),
        ("track_file: run/it", "write the whole path of a file, such as"),
        ("probes: {p: {type: tcp, targets: [8.8.8.8], port: https}}", "write 443"),
        (
            "probes: {p: {type: tcp, port: 443, targets: ['8.8.8.8:443']}}",
            "write 8.8.8.8 alone",
        ),
    ],
)
def test_a_value_that_is_nearly_right_is_told_as_it_must_be_written(entry: str, hint: str) -> None:
    (line,) = told(TOP + entry + "\n")
    assert line.split(" | ", 1)[1].startswith(hint)
