"""What became of runs: comparisons, statistics, plots and reports."""
