"""What a policy will do, in numbers: times, chances, bytes."""
