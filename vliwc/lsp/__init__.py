"""A language server for kernels: `document` knows the language, `server` the protocol."""
