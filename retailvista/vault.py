"""Sealing of secrets with AES-256-GCM, and the key file; the only module that sees the key.

A sealed text is bound to installation, company, connector, field and key id: copied into another
row or field it does not open (AES-GCM associated data). The key file lies outside the instance
folder, holds one key per line ("<id> <base64>"; the first seals, all open) and is created once,
by `init` on an empty database; a lost or foreign key is a defined state, never a new key.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from retailvista.errors import RetailVistaError

NONCE_BYTES = 12


class KeyLost(RetailVistaError):
    """The master key is missing or is not the one of this database."""


class SealBroken(RetailVistaError):
    """A sealed text does not open at this place: wrong key, or moved from elsewhere."""


class Secret:
    """A text that does not show itself; reveal() is the one way to read it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The plaintext. Never log, render or raise with it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(
            self._text.encode(), other._text.encode()
        )

    __hash__ = None  # type: ignore[assignment]  # a secret must not become a dictionary key

    def __getstate__(self) -> None:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed text lives; it opens nowhere else."""

    company_id: int
    connector: str
    field: str


class Vault:
    """Seals and opens with the keys of one installation."""

    def __init__(
        self, installation: str, keys: dict[str, bytes], key_file: Path | None = None
    ) -> None:
        assert keys, "a vault needs at least one key"
        self._installation = installation
        self._keys = keys
        self._key_file = key_file

    def __repr__(self) -> str:
        return f"<Vault {self.key_id}>"

    @property
    def key_id(self) -> str:
        """Id of the key that seals."""
        return next(iter(self._keys))

    def seal(self, secret: Secret, place: Place) -> str:
        """'<key id>:<base64 of nonce and ciphertext>'."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[self.key_id]).encrypt(
            nonce, secret.reveal().encode(), self._bound(place, self.key_id)
        )
        return f"{self.key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, place: Place) -> Secret:
        """The secret again. Raises SealBroken, also for a text moved from another place."""
        key_id, _, body = sealed.partition(":")
        key = self._keys.get(key_id) or self._key_of_rotation(key_id)
        if key is None:
            raise SealBroken(f"The key {key_id} is not in the key file.")
        try:
            raw = base64.b64decode(body, validate=True)
            plain = AESGCM(key).decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._bound(place, key_id)
            )
        except (InvalidTag, ValueError) as error:
            raise SealBroken("A stored secret does not open at its place.") from error
        return Secret(plain.decode())

    def check_value(self) -> str:
        """A sealed constant for the database, to recognise a foreign key at start."""
        return self.seal(Secret("retailvista"), Place(0, "", "key-check"))

    def opens(self, check_value: str) -> bool:
        """Whether this key file belongs to the database that holds `check_value`."""
        try:
            return self.unseal(check_value, Place(0, "", "key-check")).reveal() == "retailvista"
        except SealBroken:
            return False

    def _key_of_rotation(self, key_id: str) -> bytes | None:
        """Another process put a new key in front: this one goes on with the file as it is now."""
        if self._key_file is None:
            return None
        try:
            keys = _read_keys(self._key_file)
        except KeyLost:
            return None
        if key_id in keys:
            self._keys = keys
        return keys.get(key_id)

    def _bound(self, place: Place, key_id: str) -> bytes:
        parts = (self._installation, str(place.company_id), place.connector, place.field, key_id)
        assert not any("|" in part for part in parts), "a part of a place must not hold '|'"
        return "|".join(parts).encode()


class LostVault(Vault):
    """Stands in for the vault of a lost key: everything says why, nothing is sealed anew."""

    def __init__(self, why: str) -> None:
        super().__init__("", {"lost": b""})
        self._why = why

    def seal(self, secret: Secret, place: Place) -> str:
        """Always KeyLost."""
        raise KeyLost(self._why)

    def unseal(self, sealed: str, place: Place) -> Secret:
        """Always KeyLost."""
        raise KeyLost(self._why)


def create_key_file(path: Path) -> None:
    """Write a new key, once. FileExistsError when there already is one: never overwrite."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = _new_key_line()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(path.parent)


def add_key(path: Path) -> None:
    """Put a new key in front (rotation). The old ones stay until everything is sealed again."""
    text = _new_key_line() + path.read_text()
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    temporary.replace(path)
    sync_folder(path.parent)


def open_vault(path: Path, installation: str) -> Vault:
    """Read the key file. Raises KeyLost when it is missing or unreadable."""
    return Vault(installation, _read_keys(path), path)


def _read_keys(path: Path) -> dict[str, bytes]:
    try:
        lines = path.read_text().split("\n")
    except OSError as error:
        raise KeyLost(f"The master key file {path} cannot be read.") from error
    keys: dict[str, bytes] = {}
    for line in lines:
        key_id, _, body = line.strip().partition(" ")
        if key_id:
            try:
                keys[key_id] = base64.b64decode(body, validate=True)
            except ValueError as error:
                raise KeyLost(f"The master key file {path} is damaged.") from error
    if not keys or any(len(key) != 32 for key in keys.values()):
        raise KeyLost(f"The master key file {path} holds no usable key.")
    return keys


def _new_key_line() -> str:
    return f"{secrets.token_hex(4)} {base64.b64encode(os.urandom(32)).decode()}\n"


def sync_folder(folder: Path) -> None:
    """What was created or renamed in it is there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
