"""Runs: jobs, pools, stores, sweeps and tuning."""
