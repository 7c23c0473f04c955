"""What a person can get wrong in YAML, and at the top of a policy."""

import pytest

from support.told import KEYS_HINT, check, with_uplink

UPLINKS_HINT = "write for example {primary: {interface: eth0, gateway: 192.168.1.1}}"

GOOD = "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n"
TWINS = "which YAML does not take for a"

NOTATION = {
    "a key without a space behind its colon": (
        "version:1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n",
        ["1:8-9 not-yaml: a space is missing behind this ':'", "write 'key: value'"],
    ),
    "a line of a shell": (
        f"$ cat policy.yaml\n{GOOD}",
        [
            "1:1-18 not-yaml: this is neither a key nor part of the line above",
            "write 'key: value'; is a ':' or a space after it missing?",
        ],
    ),
    "spaces of a word processor in front": (
        f"{GOOD[:20]}\u00a0\u00a0{GOOD[22:]}  b: {{interface: eth1, gateway: 192.0.2.2}}\n",
        [
            f"3:2-3 not-yaml: this is U+00A0 NO-BREAK SPACE, {TWINS} space",
            "write a usual space",
        ],
    ),
    "a space of a word processor behind a colon": (
        GOOD.replace("a: {", "a:\u00a0{"),
        [
            f"3:5-6 not-yaml: this is U+00A0 NO-BREAK SPACE, {TWINS} space",
            "write a usual space",
        ],
    ),
    "an ideographic space": (
        GOOD.replace("a: {", "a:\u3000{"),
        [
            f"3:5-6 not-yaml: this is U+3000 IDEOGRAPHIC SPACE, {TWINS} space",
            "write a usual space",
        ],
    ),
    "a wide colon": (
        GOOD.replace("version:", "version\uff1a"),
        [
            f"1:8-9 not-yaml: this is U+FF1A FULLWIDTH COLON, {TWINS} ':'",
            "write a usual ':'",
        ],
    ),
    "a space of a word processor in a comment": (
        f"{GOOD}# a\u00a0b\nroutes: [main\n",
        ["5:9-10 not-yaml: this bracket is never closed", "close every '[' and '{'"],
    ),
    "a section of an INI file": (
        "[uplinks]\nname = eth0\n",
        [
            "2:1-2 not-yaml: nothing can follow the value that ends above",
            "a policy has a 'key: value' on each line: no other notation is read",
        ],
    ),
    "a fence of Markdown": (
        f"```yaml\n{GOOD}```\n",
        [
            "1:1-2 not-yaml: a '`' cannot begin a value",
            "remove the line if it is of Markdown, or put quotes round the value",
        ],
    ),
    "uplinks that are not indented": (
        "version: 1\nuplinks:\na: {interface: eth0, gateway: 192.0.2.1}\n"
        "b: {interface: eth1, gateway: 192.0.2.2}\n",
        [
            "3:1-2 unknown-key: 'a' is not indented, so 'uplinks' above it is empty",
            "indent it, and all that belongs to 'uplinks', by two spaces",
        ],
    ),
    "probes that are not indented": (
        f"{GOOD}probes:\np: {{type: icmp}}\n",
        [
            "5:1-2 unknown-key: 'p' is not indented, so 'probes' above it is empty",
            "indent it, and all that belongs to 'probes', by two spaces",
        ],
    ),
    "keys of two sections that are not indented": (
        f"{GOOD}routes:\ntable: own\nhold_back:\nmin_stay: 5m\nswitches_per_hour: 6\n",
        [
            "5:1-6 unknown-key: 'table' is not indented, so 'routes' above it is empty",
            "indent it, and all that belongs to 'routes', by two spaces",
            "7:1-9 unknown-key: 'min_stay' is not indented, so 'hold_back' above it is empty",
            "indent it, and all that belongs to 'hold_back', by two spaces",
        ],
    ),
    "a key of another section behind an empty one": (
        f"{GOOD}hold_back:\ntargets: [8.8.8.8]\n",
        [
            "4:1-10 empty: a mapping of what holds back is expected here",
            "write for example {min_stay: 2m, switches_per_hour: 6}",
            "5:1-8 unknown-key: unknown key 'targets'",
            "write 'targets' in a probe",
        ],
    ),
    "half a character": (
        with_uplink('hooks: {on_switch: [{run: [/bin/it, "\\ud83d"]}]}\n'),
        [
            "5:37-45 bad-character: '\\ud83d' has half a character, which is not allowed",
            "an escape such as \\U0001F600 names a whole one",
        ],
    ),
    "nothing at all": (
        "",
        ["1:1-1 empty: the file is empty", "write at least 'version: 1' and 'uplinks:'"],
    ),
    "only comments": (
        "# later\n",
        ["1:1-1 empty: the file is empty", "write at least 'version: 1' and 'uplinks:'"],
    ),
    "a word": (
        "hello\n",
        [
            "1:1-6 bad-value: 'hello' is not a policy",
            "write for example"
            " {version: 1, uplinks: {primary: {interface: eth0, gateway: 192.168.1.1}}}",
        ],
    ),
    "a tab": (
        "version: 1\nuplinks:\n\ta: {interface: eth0, gateway: 192.0.2.1}\n",
        ["3:1-2 not-yaml: a tab is not allowed here", "indent and separate with spaces"],
    ),
    "crooked indentation": (
        "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n b: 1\n",
        [
            "4:2-3 not-yaml: this is not aligned with the lines above",
            "indent the keys of one mapping alike, and start every item of a list with '- '",
        ],
    ),
    "two keys on a line": (
        "version: 1 uplinks: a\n",
        [
            "1:19-20 not-yaml: a ':' is not allowed here",
            "put each key on a line of its own, in line with the keys beside it",
        ],
    ),
    "a key without a colon": (
        "version: 1\nuplinks\n  a\nprobes: {}\n",
        [
            "2:1-2 not-yaml: this is neither a key nor part of the line above",
            "write 'key: value'; is a ':' or a space after it missing?",
        ],
    ),
    "an open bracket": (
        "version: 1\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1}\n",
        ["2:10-11 not-yaml: this bracket is never closed", "close every '[' and '{'"],
    ),
    "a missing comma": (
        "version: 1\nuplinks: {a: {interface: eth0 gateway: 192.0.2.1}}\n",
        [
            "2:38-39 not-yaml: a ',' or a closing bracket is missing before this",
            "separate with commas, and close every '[' and '{'",
        ],
    ),
    "an open quote": (
        'version: "1\nuplinks: {}\n',
        ["1:10-11 not-yaml: this quote is never closed", "close it"],
    ),
    "a forbidden beginning": (
        "version: @1\n",
        [
            "1:10-11 not-yaml: this character cannot begin a value",
            "put quotes round the value",
        ],
    ),
    "an address that begins with colons, in brackets": (
        with_uplink("probes: {p: {type: icmp, targets: [::1]}}"),
        [
            "5:36-37 not-yaml: a value is expected here",
            "write one, in quotes if it begins with ':' or is an address in brackets",
        ],
    ),
    "what PyYAML says rarely": (
        "%\n",
        [
            "1:1-2 not-yaml: this is not YAML:"
            " expected alphabetic or numeric character, but found '\\n'",
            "",
        ],
    ),
    "a control character": (
        "version: 1 # \x07\n",
        [
            "1:14-15 bad-character: the character '\\x07' is not allowed in YAML",
            "remove it; in double quotes it can be written with a backslash",
        ],
    ),
    "an escape beyond Unicode": (
        'version: "\\UFFFFFFFF"\n',
        [
            "1:13-14 not-yaml: this is not a number that YAML allows here",
            "an escape such as \\U0001F600 names a Unicode character",
        ],
    ),
    "a second document": (
        with_uplink("---\nversion: 1\n"),
        [
            "5:1-4 second-document: a second document begins here",
            "a file holds one policy: put the other into a file of its own",
        ],
    ),
    "duplicate keys": (
        with_uplink("uplinks: {}\nversion: 1\n"),
        [
            "5:1-8 duplicate-key: duplicate key 'uplinks'",
            "it is in line 2 already: keep one of the two",
            "6:1-8 duplicate-key: duplicate key 'version'",
            "it is in line 1 already: keep one of the two",
        ],
    ),
    "an anchor and its alias": (
        "version: 1\nuplinks:\n  a: &x {interface: eth0, gateway: 192.0.2.1}\n  b: *x\n",
        [
            "3:6-10 anchor: the anchor '&x' is not allowed",
            "remove it: nothing may refer to it",
            "4:6-8 alias: the alias '*x' is not allowed",
            "write the value out here",
        ],
    ),
    "a merge key": (
        "version: 1\nuplinks:\n  a: {<<: {interface: eth0}, gateway: 192.0.2.1}\n",
        ["3:7-9 merge-key: merge keys ('<<') are not allowed", "write the keys out"],
    ),
    "a tag": (
        "version: !!int '1'\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1}}\n",
        [
            "1:10-19 tag: the tag 'tag:yaml.org,2002:int' is not allowed",
            "remove it; quotes make a value text",
        ],
    ),
    "a list as key": (
        with_uplink("? [x]\n: 1\n"),
        ["5:3-4 bad-key: a key has to be text", "write a name, then ':', then the value"],
    ),
}


@pytest.mark.parametrize("case", NOTATION.values(), ids=NOTATION)
def test_notation(case: tuple[str, list[str]]) -> None:
    check(*case)


TOP = {
    "no version": (
        "uplinks: {a: {interface: eth0, gateway: 192.0.2.1}}",
        ["1:1-8 missing-key: a policy needs the key 'version'", "write for example 'version: 1'"],
    ),
    "a version that is not known": (
        "version: 2\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1}}",
        [
            "1:10-11 bad-value: 2 is not a version of the policy language",
            "write 1, the version of the policy language that this program knows",
        ],
    ),
    "no uplinks": (
        "version: 1",
        [
            "1:1-8 missing-key: a policy needs the key 'uplinks'",
            "write for example 'uplinks: {primary: {interface: eth0, gateway: 192.168.1.1}}'",
        ],
    ),
    "misspelt uplinks": (
        "version: 1\nuplink: {a: {interface: eth0, gateway: 192.0.2.1}}",
        ["2:1-7 unknown-key: unknown key 'uplink'", "did you mean 'uplinks'?"],
    ),
    "no value": (
        "version: 1\nuplinks:\n",
        ["2:1-8 empty: a mapping of uplinks is expected here", UPLINKS_HINT],
    ),
    "an empty mapping": (
        "version: 1\nuplinks: {}",
        ["2:10-12 bad-value: {} is not a mapping of uplinks", UPLINKS_HINT],
    ),
    "a list for a mapping": (
        "version: 1\nuplinks:\n  - interface: eth0\n    gateway: 192.0.2.1\n",
        ["3:3-4 bad-value: this list is not a mapping of uplinks", UPLINKS_HINT],
    ),
    "a key for something that is not built": (
        with_uplink("load_balancing: []\nmirror_ports: 1\n"),
        [
            "5:1-15 unknown-key: unknown key 'load_balancing'",
            "there is no load balancing: one uplink carries all the traffic of a family",
            "6:1-13 unknown-key: unknown key 'mirror_ports'",
            KEYS_HINT,
        ],
    ),
    "empty sections": (
        with_uplink("probes: {}\nrules: []\n"),
        [
            "5:9-11 bad-value: {} is not a mapping of probes",
            "write for example {internet: {type: icmp, targets: [8.8.8.8, 1.1.1.1]}}",
            "6:8-10 bad-value: [] is not a list of rules",
            "write for example [{name: no-internet, probe: internet, fail: {failures: 3}},"
            " {name: unplugged, fail: {carrier: down}}]",
        ],
    ),
}


@pytest.mark.parametrize("case", TOP.values(), ids=TOP)
def test_top_of_the_file(case: tuple[str, list[str]]) -> None:
    check(*case)
