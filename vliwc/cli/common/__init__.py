"""What the commands share: arguments, files, output and errors."""
