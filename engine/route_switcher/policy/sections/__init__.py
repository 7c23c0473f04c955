"""The sections of a policy: what the schema cannot check, and what each means."""
