"""Who posts Moodle's events to a receiver: three ways, as different as in contracts/moodle.md 5."""

from __future__ import annotations

from sandbox.moodle.senders.disorder import Disorder
from sandbox.moodle.senders.local_webhooks import LocalWebhooks
from sandbox.moodle.senders.sender import Sender
from sandbox.moodle.senders.signed import Signed
from sandbox.moodle.senders.tool_trigger import ToolTrigger

__all__ = ["Disorder", "LocalWebhooks", "Sender", "Signed", "ToolTrigger"]
