"""The command line: options to arguments, one call, a rendered report, an exit code."""
