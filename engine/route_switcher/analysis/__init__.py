"""What a policy will do, found out by looking at it: its figures, its doubtful parts, in words."""
