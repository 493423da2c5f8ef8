"""Instruction selection: from one lane to the operations of a group of lanes."""
