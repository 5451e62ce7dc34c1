"""What a network needs and costs, told before anything is compiled."""
