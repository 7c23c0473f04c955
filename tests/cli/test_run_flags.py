"""What the seed's flags mean: a policy of two uplinks."""

import argparse
from dataclasses import replace

import pytest

from route_switcher.cli import run
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems

SEED = """
version: 1
uplinks:
  primary:   {interface: eth0, gateway: 192.168.1.1, metric: 10}
  secondary: {interface: eth1, gateway: 192.168.2.1, metric: 20}
probes:
  internet: {type: icmp, targets: [8.8.8.8], quorum: any, interval: 1s, timeout: 1s}
rules:
  - {name: no-internet, probe: internet, fail: {failures: 3}, recover: {stable: 60s}}
  - {name: unplugged, fail: {carrier: down}, recover: {stable: 60s}}
"""

FLAGS = {
    "--primary-interface": ("eth0", "wan0"),
    "--secondary-interface": ("eth1", "wwan0"),
    "--primary-gateway": ("192.168.1.1", "198.51.100.1"),
    "--secondary-gateway": ("192.168.2.1", "203.0.113.1"),
    "--ping-target": ("8.8.8.8", "203.0.113.9"),
}
"""Each with the seed's value, and another."""


def the_seeds(text: str) -> Policy:
    """A policy that writes its rule about the link, without it: it stands for itself."""
    written = load_text(text, "seed")
    without = replace(written, rules=written.rules[:1])
    assert without.every_rule == written.every_rule
    return without


def policy_of(*words: str) -> Policy:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return run.reader(parser.parse_args(words))().policy


def test_with_all_of_the_seeds_values_it_is_the_seeds_policy() -> None:
    words = [word for flag, (value, _) in FLAGS.items() for word in (flag, value)]
    assert policy_of(*words) == the_seeds(SEED)


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_changes_its_value_and_the_omitted_ones_have_the_seeds(flag: str) -> None:
    seeds, other = FLAGS[flag]
    assert policy_of(flag, seeds) == the_seeds(SEED)
    assert policy_of(flag, other) == the_seeds(SEED.replace(seeds, other))


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("value", ["", "no address: 'at all'\n", "a, b]", "{x: y}"])
def test_a_value_that_is_none_is_refused_and_not_taken_for_yaml(flag: str, value: str) -> None:
    with pytest.raises(PolicyProblems) as caught:
        policy_of(flag, value)
    assert str(caught.value).startswith("command line:")
