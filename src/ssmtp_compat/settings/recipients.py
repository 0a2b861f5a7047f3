"""The MessageRecipient arrays, and SendTo, Cc and BCc as views on them.

Setting one of the three texts replaces the entries which that same property put there before. Entries made through the
arrays stay until MessageRecipientCount is lowered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..catalog.enums import PropertyID, RecipientTypes
from ..message.addresses import Group, Mailbox, parse_address_list, parse_mailbox
from ..smtp.dsn import RecipientDsn, parse_recipient_options

__all__ = ["Recipient", "Recipients"]

TYPE_OF = {
    PropertyID.SendTo: RecipientTypes.rtTo,
    PropertyID.Cc: RecipientTypes.rtCc,
    PropertyID.BCc: RecipientTypes.rtBCc,
}


@dataclass(slots=True)
class Recipient:
    """One entry of the arrays."""

    address: str = ""
    name: str = ""
    options: str = ""
    type: RecipientTypes = RecipientTypes.rtTo
    origin: PropertyID | None = None
    """The property whose text made the entry; None for an entry of the arrays' own."""
    group: Group | None = None
    """The group that the entry was written in (RFC 5322 section 3.4); two groups of one name stay two."""
    _made: tuple[str, str, Mailbox] | None = None

    def mailbox(self) -> Mailbox:
        """The entry as a mailbox; raises :class:`InvalidValueError` when its address is malformed."""
        # Every message asks for it, and a list of thousands is not read anew for each.
        if self._made is None or self._made[:2] != (self.address, self.name):
            found = parse_mailbox(self.address, "MessageRecipientAddress")
            made = Mailbox(self.name, found.local_part, found.domain) if self.name else found
            self._made = (self.address, self.name, made)
        return self._made[2]

    def dsn(self) -> RecipientDsn:
        """The entry's options, which were checked when they were set."""
        return parse_recipient_options(self.options, "MessageRecipientOptions")


@dataclass(slots=True)
class Recipients:
    """All recipients of the message, in the order in which they are sent to the server."""

    entries: list[Recipient] = field(default_factory=list)
    # A group without members has no entry, yet it stands in the header.
    _empty_groups: dict[PropertyID, tuple[Group, ...]] = field(default_factory=dict)

    def set_text(self, property_id: PropertyID, text: str) -> None:
        """Take an address list for SendTo, Cc or BCc. A malformed list raises and changes nothing."""
        parsed = parse_address_list(text, property_id.name)
        made = [
            Recipient(
                address=mailbox.addr_spec(),
                name=mailbox.name,
                type=TYPE_OF[property_id],
                origin=property_id,
                group=item if isinstance(item, Group) else None,
                _made=(mailbox.addr_spec(), mailbox.name, mailbox),
            )
            for item in parsed
            for mailbox in (item.members if isinstance(item, Group) else (item,))
        ]
        self.entries = [entry for entry in self.entries if entry.origin is not property_id] + made
        self._empty_groups[property_id] = tuple(item for item in parsed if isinstance(item, Group) and not item.members)

    def get_text(self, property_id: PropertyID) -> str:
        """Every recipient of the property's type, joined with a comma and a blank."""
        return ", ".join(str(item) for item in self.header(TYPE_OF[property_id]) if str(item))

    def header(self, wanted: RecipientTypes) -> tuple[Mailbox | Group, ...]:
        """The address list of one type, with the groups it was written in."""
        items: list[Mailbox | Group] = []
        members: list[Mailbox] = []
        open_group: Group | None = None
        for entry in self.entries:
            if entry.type is not wanted or not entry.address:
                continue
            if entry.group is not open_group:
                if open_group is not None:
                    items.append(Group(open_group.name, tuple(members)))
                open_group, members = entry.group, []
            if entry.group is None:
                items.append(entry.mailbox())
            else:
                members.append(entry.mailbox())
        if open_group is not None:
            items.append(Group(open_group.name, tuple(members)))
        for property_id, groups in self._empty_groups.items():
            if TYPE_OF[property_id] is wanted:
                items.extend(groups)
        return tuple(items)

    def resize(self, count: int) -> None:
        """Set the arrays' length: new entries are empty and of type To, surplus ones are dropped from the end."""
        if count == 0:
            self._empty_groups.clear()
        del self.entries[count:]
        self.entries.extend(Recipient() for _ in range(count - len(self.entries)))
