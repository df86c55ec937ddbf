"""A folder: each document is a file named by report and period, written whole; the same period replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.delivery.parcel import Outlet, Parcel, shown_content
from finopsctl.errors import DeliveryError, FinopsError, reason_of
from finopsctl.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def outlet(folder: Path) -> Outlet:
    """Return the way into ``folder``, made where it does not exist; a file removed from it is written anew."""

    def write(parcel: Parcel, _key: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / parcel.name, parcel.content)
        except OSError as problem:
            raise DeliveryError(f"{folder}: {reason_of(problem)}", "Name another folder in [delivery.file].") from None
        except FinopsError as problem:
            raise DeliveryError(problem.message, "Name another folder in [delivery.file].") from None

    def preview(parcel: Parcel) -> str:
        return f"WRITE {folder / parcel.name}\n\n{shown_content(parcel)}"

    def keeps(parcel: Parcel) -> bool:
        return (folder / parcel.name).is_file()

    return Outlet("file", str(folder.absolute()), str(folder), write, preview, keeps)
