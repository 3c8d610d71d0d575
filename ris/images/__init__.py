"""Pictures: from files, archives and bytes to upright RGB pixels."""
