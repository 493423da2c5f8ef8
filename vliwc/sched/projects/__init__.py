"""Search and bounds for projects: justification, a genetic algorithm, energy."""
