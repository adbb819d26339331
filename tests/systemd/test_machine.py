"""The machine that the service is tested on keeps what it should and touches nothing outside."""

import os

from tests.systemd.machine import Machine

SERVICE = """
[Service]
ExecStart=/bin/sh -c 'echo it runs; exec sleep infinity'
[Install]
WantedBy=multi-user.target
"""


def test_an_enabled_service_comes_back_after_a_crash_of_the_whole_machine(machine: Machine) -> None:
    machine.run("tee", "/etc/systemd/system/probe.service", given=SERVICE)
    machine.run("systemctl", "enable", "--now", "probe.service")
    machine.run("systemctl", "is-active", "probe.service")
    machine.crash()
    machine.up()
    machine.run("systemctl", "is-active", "probe.service")
    assert "it runs" in machine.journal("probe.service")
    assert not os.path.exists("/etc/systemd/system/probe.service")


def test_the_kernel_of_the_real_machine_is_out_of_reach(machine: Machine) -> None:
    assert machine.run("touch", "/proc/sys/kernel/pid_max", check=False).returncode != 0
    bounding = next(
        line for line in machine.run("cat", "/proc/1/status").stdout.splitlines() if line.startswith("CapBnd")
    )
    capabilities = int(bounding.split()[1], 16)
    assert not capabilities & (1 << 16 | 1 << 25)  # CAP_SYS_MODULE, CAP_SYS_TIME: capability.h
    interfaces = machine.run("cat", "/proc/1/net/dev").stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
