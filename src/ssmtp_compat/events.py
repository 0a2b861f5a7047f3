"""The event hub: who listens to which event, and what happens when a callback fails."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .catalog.events import EVENTS, EventID
from .errors import SSMTPError

__all__ = ["Callback", "CallbackError", "EventHub"]

Callback = Callable[[dict[str, Any]], Any]


class CallbackError(Exception):
    """A callback raised ``original``.

    It is no :class:`SSMTPError`, so that no layer mistakes the caller's own exception for a failure of the mail:
    the method is abandoned, the connection closed, and the face raises ``original`` to the method's caller.
    """

    def __init__(self, event: EventID, original: BaseException) -> None:
        super().__init__(f"the {event.name} callback raised {type(original).__name__}")
        self.event = event
        self.original = original


class EventHub:
    """Holds one callback an event and fires it in the thread that runs the method."""

    def __init__(self) -> None:
        self._callbacks: dict[EventID, Callback] = {}
        self._active: set[EventID] = set()
        # Weak, because an error's traceback holds the frames it passed, and they hold the message.
        self._told: weakref.WeakSet[SSMTPError] = weakref.WeakSet()

    def register(self, event: EventID, callback: Callback | None) -> None:
        """Bind ``callback`` to ``event`` in place of an earlier one; None removes it."""
        if callback is None:
            self._callbacks.pop(event, None)
        else:
            self._callbacks[event] = callback

    def wants(self, event: EventID) -> bool:
        """Whether anybody listens, so that costly parameters need not be made for nobody."""
        return event in self._callbacks

    def fire(self, event: EventID, **parameters: Any) -> dict[str, Any]:
        """Call the event's callback with ``parameters`` and return the parameters that result.

        The callback may change the dict in place or return another one; only parameters that the catalog marks as
        writable are taken over. An event that fires while its own callback still runs is not delivered: events are
        not re-entrant. Raises :class:`CallbackError` around whatever the callback raises.
        """
        callback = self._callbacks.get(event)
        if callback is None or event in self._active:
            return parameters
        offered = dict(parameters)
        self._active.add(event)
        try:
            answer = callback(offered)
        except BaseException as error:
            raise CallbackError(event, error) from error
        finally:
            self._active.discard(event)
        changed = answer if isinstance(answer, dict) else offered
        for name in EVENTS[event].writable:
            if name in changed:
                parameters[name] = changed[name]
        return parameters

    def fire_error(self, error: SSMTPError) -> None:
        """Fire the Error event with the code and the text of ``error``, once for one and the same error."""
        if error in self._told:
            return
        self._told.add(error)
        self.fire(EventID.Error, errorcode=int(error.code), description=error.message)
