"""From the text of a policy to the core's model, or to every problem in it."""
