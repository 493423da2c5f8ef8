"""List scheduling by priorities, forwards and backwards, and its project counterpart."""
