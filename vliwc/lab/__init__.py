"""The research bench: instances, comparison of schedulers, sweeps, an experiment store."""
