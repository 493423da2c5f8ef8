"""Scheduling instances: kernels, generated DAGs and the public file formats."""
