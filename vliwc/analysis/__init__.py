"""Analyses of the lane IR: facts about values, memory accesses and index arithmetic."""
