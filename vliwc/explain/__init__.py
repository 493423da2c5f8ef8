"""Reports on compiled programs: bounds, where the cycles go, which strategies were chosen."""
