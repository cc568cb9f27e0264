"""Pixel statistics → a table, and the same as lines of Python for training code."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.datasets.dataset import Dataset
from app.datasets.selection import Split
from app.datasets.statistics import Channel
from app.datasets.survey import Learned
from app.web.language import gettext as _
from app.web.language import say, signed
from app.web.tables import Row, Table
from app.web.views import Notice
from app.web.words import counted

_BYTE: Final = 255

Channels = tuple[Channel, ...]
Learning = dict[Split, Learned[Channels]]


@dataclass(frozen=True)
class Statistics:
    """Mean and deviation of the pixels; ``code`` is the same for training code to copy."""

    table: Table | None
    code: str
    notices: tuple[Notice, ...]


def build(dataset: Dataset, learning: Learning) -> Statistics:
    """Draw up what is known by now of each split, and say what is not."""
    names = (_("red"), _("green"), _("blue")) if dataset.channels == 3 else ("",)
    columns, rows, notices, code = [_("Mean"), _("Standard deviation")], [], [], ""
    bytes_only = dataset.types == {np.dtype(np.uint8)}
    if bytes_only:
        columns += [_("Mean ÷ {most}", most=_BYTE), _("Deviation ÷ {most}", most=_BYTE)]
    for split, learned in learning.items():
        if learned.error:
            notices.append(Notice("warning", say(learned.error.args[0])))
        elif not learned.begun:
            text = _("The pixels of {split} were not read.", split=split)
            notices.append(Notice("note", text))
        elif learned.value is None:
            notices.append(
                Notice(
                    "progress",
                    _("The pixels of {split} are being read.", split=split) + progress(learned),
                )
            )
        for name, channel in zip(names, learned.value or (), strict=False):
            where = f"{split} {name}".rstrip()
            rows.append(Row(where, _cells(channel, bytes_only=bytes_only)))
            if channel.left_out:
                text = _(
                    "Left out of {where}, as they are not finite: {left_out}.",
                    where=where,
                    left_out=counted(channel.left_out),
                )
                notices.append(Notice("note", text))
        if split == "train" and learned.value:
            code = _code(learned.value, bytes_only=bytes_only)
    caption = _("Of all pixels of the split, as stored in the file; the deviation is divided by n.")
    table = Table(caption, "", tuple(columns), tuple(rows)) if rows else None
    return Statistics(table, code, tuple(notices))


def _cells(channel: Channel, *, bytes_only: bool) -> tuple[str, ...]:
    scales = (1, _BYTE) if bytes_only else (1,)
    return tuple(
        "–" if value is None else signed(f"{value / scale:#.6g}")
        for scale in scales
        for value in (channel.mean, channel.deviation)
    )


def _code(channels: Channels, *, bytes_only: bool) -> str:
    """Write the numbers of the training split as Python; nothing where a channel lacks one."""
    scale = _BYTE if bytes_only else 1
    said = f"values divided by {_BYTE}" if bytes_only else "values as stored"
    lines = [f"# train, {said}"]
    for name, values in (
        ("mean", [channel.mean for channel in channels]),
        ("std", [channel.deviation for channel in channels]),
    ):
        numbers = [f"{value / scale:.8g}" for value in values if value is not None]
        if len(numbers) < len(values):
            return ""
        lines.append(f"{name} = [{', '.join(numbers)}]")
    return "\n".join(lines)


def progress(learned: Learned[str] | Learned[Channels]) -> str:
    """Say how far it is; of work that another process does that is not known."""
    if not learned.done:
        return ""
    return " " + _("{done} % is done.", done=100 * learned.done // max(1, learned.total))
