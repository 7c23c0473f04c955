"""The packet filter, as far as it can be foretold what it does with one packet.

`nft_json` and `iptables_save` read what the two programs print. They make one `Firewall` of it
(`ruleset`): chains of rules, each with conditions and an act. `conditions` says whether a condition
holds for a packet: yes, no, or maybe, where it asks for something that is not known here (a mark, a
port). `walk` goes through the chains as the kernel does and keeps every end that is possible.
"""
