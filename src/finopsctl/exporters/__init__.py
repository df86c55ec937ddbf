"""Documents for other programs: what they read, in their own format."""
