"""What conntrack(8) says of a LAN client's flows after a switch and on the way back.

The engine runs within the limits of our unit.
"""

import pytest

from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.lab.addresses import LAN_CLIENT, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.lan_flows import ping, snat, udp
from support.running import Start, eventually
from support.written_policy_files import policy_text

pytestmark = [pytest.mark.kernel, pytest.mark.programs]


def listed(lab: Lab, address: Address) -> list[str]:
    """The client's flows whose replies go to this address."""
    words = f"conntrack -L -s {LAN_CLIENT.ip} --reply-dst {address}"
    return lab.run(ROUTER, *words.split()).splitlines()


@pytest.mark.parametrize("translated", [snat, lambda _: None], ids=["snat", "masquerade"])
def test_no_flow_keeps_the_line_that_was_left(lab: Lab, start: Start, translated: object) -> None:
    assert callable(translated)
    translated(lab)
    primary, secondary = (uplink.address.ip for uplink in lab.uplinks)
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    with udp(lab), ping(lab):
        eventually(lambda: len(listed(lab, primary)) == 2, "both go by the primary")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="secondary")
        eventually(lambda: len(listed(lab, secondary)) == 2, "both go by the secondary")
        assert listed(lab, primary) == []
        FAULTS["blackhole"].heal(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="primary")
        eventually(lambda: len(listed(lab, primary)) == 2, "both go by the primary again")
        assert listed(lab, secondary) == []
