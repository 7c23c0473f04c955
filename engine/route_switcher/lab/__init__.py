"""A throw-away network of namespaces in which the engine can be shown, tested and measured."""
