"""Commands that measure, compare and tune."""
