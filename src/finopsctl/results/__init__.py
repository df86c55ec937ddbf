"""What analyses return and renderers show: reports, findings, units and grades."""
