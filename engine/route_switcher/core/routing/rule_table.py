"""The kernel's rules and the laws that they follow, without a kernel (net/core/fib_rules.c)."""

from collections.abc import Iterable

from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction, deleted
from route_switcher.core.vocabulary.routes import Change


def gone_instead(other: RoutingRule) -> str:
    """The refusal to delete a rule, where the kernel would take `other` first."""
    return f"the rule '{other}' would be deleted instead"


class RuleTable:
    """The rules of both families, ours and foreign, apart from those that the kernel makes."""

    def __init__(self, rules: Iterable[RoutingRule] = ()) -> None:
        self._rules: list[RoutingRule] = []
        self.put(*rules)

    @property
    def rules(self) -> tuple[RoutingRule, ...]:
        """The rules in the order in which the kernel tries them, IPv4 first."""
        return tuple(sorted(self._rules, key=lambda rule: rule.family.value))

    @property
    def ours(self) -> tuple[RoutingRule, ...]:
        """Those that carry our protocol number."""
        return tuple(rule for rule in self.rules if rule.ours)

    def put(self, *rules: RoutingRule) -> None:
        """Somebody adds rules, behind others of their preference."""
        for rule in rules:
            if rule not in self._rules:
                self._rules.append(rule)
        self._rules.sort(key=lambda rule: rule.preference)  # stable

    def take_away(self, *rules: RoutingRule) -> None:
        """Somebody deletes rules; those that are not there do not matter."""
        self._rules = [rule for rule in self._rules if rule not in rules]

    def apply(self, action: RoutingRuleAction) -> str | None:
        """Carry out one action; returns why it was refused, in words, or None."""
        if action.change is Change.ADD:
            self.put(action.rule)
            return None
        gone = deleted(action.rule, self._rules)
        if gone is None:
            return None
        if gone != action.rule:
            return gone_instead(gone)
        self.take_away(gone)
        return None
