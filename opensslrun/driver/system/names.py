"""How this machine's operating system is called."""

from __future__ import annotations

import platform

_PLATFORMS = {"Darwin": "macos"}


def platform_name() -> str:
    """``linux``, ``macos``, ``windows``, ``freebsd``: the word of targets and differences."""
    return _PLATFORMS.get(platform.system(), platform.system().lower())


def system_name() -> str:
    """The system and its version in words: ``macOS 14.5``, ``Windows 10.0.19045``, ``Debian GNU/Linux 12 (bookworm)``.

    Apple's libraries are in no file of their own since macOS 11, so there this is what tells one from another.
    """
    match platform.system():
        case "Darwin":
            return f"macOS {platform.mac_ver()[0]}"
        case "Windows":
            return f"Windows {platform.version()}"
        case "Linux":
            return _distribution()
        case other:
            return f"{other} {platform.release()}"


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return f"Linux {platform.release()}"
