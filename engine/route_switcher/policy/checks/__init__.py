"""The keys of each type of probe, beside those that all probes have."""
