"""What iterations share: running totals, accumulators, the order between groups."""
