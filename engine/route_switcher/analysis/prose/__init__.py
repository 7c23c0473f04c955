"""What a policy will do, in plain English."""
