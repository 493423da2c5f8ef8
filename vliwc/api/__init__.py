"""What `import vliwc` offers beyond the parts of the compiler: one object for a compiled kernel."""
