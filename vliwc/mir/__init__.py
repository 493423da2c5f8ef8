"""The machine IR: operations with virtual registers, the DAG of a whole kernel."""
