"""The lane IR: an SSA DAG of one lane of a kernel, held in a networkx graph."""
