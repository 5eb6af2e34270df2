"""How the service is watched while it runs: log lines with one id, figures, health."""
