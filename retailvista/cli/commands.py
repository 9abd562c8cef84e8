"""The root of all commands. Each group stands in its own module."""

from __future__ import annotations

import click

from retailvista.cli import (
    company,
    connector,
    demo,
    flow,
    flow_check,
    journal,
    run,
    sandbox,
    serving,
    setting_up,
    tills,
    warehouse,
)
from retailvista.cli.program import OneDocument


@click.group(cls=OneDocument, context_settings={"help_option_names": ["-h", "--help"]})
def root() -> None:
    """RetailVista Journals: store days become journals in Exact Online, exactly once."""


flow.flow.add_command(flow_check.check)
for module in (
    setting_up,
    demo,
    serving,
    company,
    connector,
    tills,
    journal,
    flow,
    warehouse,
    run,
    sandbox,
):
    for command in module.COMMANDS:
        root.add_command(command)
