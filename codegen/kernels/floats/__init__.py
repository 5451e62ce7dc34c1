"""What reads or writes float32 numbers."""
