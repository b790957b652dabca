"""A trigger that only watches how long it waits for its turn."""

import asyncio
import time

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class TurnsTrigger(BaseTrigger):
    """Sleeps for 10 ms again and again; logs the longest delay."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def serialize(self):
        return "turns.TurnsTrigger", {"seconds": self.seconds}

    async def run(self):
        longest, ends = 0.0, time.monotonic() + self.seconds
        while (before := time.monotonic()) < ends:
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before - 0.01)
        self.log.info("longest turn %.3f s", longest)
        yield TriggerEvent(longest)


class Turns(BaseOperator):
    """Defers to it."""

    def __init__(self, *, seconds, **kwargs):
        super().__init__(**kwargs)
        self.seconds = seconds

    def execute(self, context):
        self.defer(trigger=TurnsTrigger(self.seconds), method_name="execute_complete")

    def execute_complete(self, context, event):
        return event
