"""The nurseries around the core: probes, kernel and signals in; route actions out."""
