"""Commands that take a scheduling problem or a set of them."""
