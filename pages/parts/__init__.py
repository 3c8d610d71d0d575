"""What the screens share, one idea a module."""
