"""From the optimised lane IR to a checked schedule: strategies, machine DAG, scheduling."""
