"""Ways to read memory: tables by broadcasts, selections, records, gathers, and words in scratch."""
