"""Commands that take a kernel, its IR or a program."""
