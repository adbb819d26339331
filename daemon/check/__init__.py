"""What `check`, the start and a reload find out about configuration, machine and API, before anything is paid."""

from daemon.check.finding import Finding, Level
from daemon.check.findings import findings, findings_of_file, worst

__all__ = ["Finding", "Level", "findings", "findings_of_file", "worst"]
