"""Configuration: finopsctl.toml, ``FINOPSCTL_*`` variables and flags, brought together into typed settings."""
