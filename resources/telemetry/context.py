"""What is said with every log line and span, carried into the threads that work for the same thing."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")


class ContextPool(ThreadPoolExecutor):
    """A thread pool whose work sees the context variables of whoever asked for it."""

    def submit(self, work: Callable[Given, Made], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Made]:
        """Ask for work; see `ThreadPoolExecutor`."""
        context = copy_context()
        return super().submit(lambda: context.run(work, *args, **kwargs))
