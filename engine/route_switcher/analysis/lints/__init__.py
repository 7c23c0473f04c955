"""What is probably a mistake in a policy though it is valid."""
