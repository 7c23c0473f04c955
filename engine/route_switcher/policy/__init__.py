"""From a policy file's text to `route_switcher.core.model.Policy`, or every problem in it."""
