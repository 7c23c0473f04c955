"""A document held against its JSON Schema, with a hint for each mistake."""
