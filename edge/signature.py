"""Who made this bundle? An Ed25519 signature over bundle.json, which pins every other file by its digest.

Keys are PEM (PKCS 8 and SubjectPublicKeyInfo) and the signature is its bare 64 bytes, so that other tools can make and
check them too:

    openssl pkeyutl -verify -pubin -inkey KEY.pub -rawin -in bundle.json -sigfile bundle.json.sig

The library is `cryptography`: wheels for x86_64, aarch64 and armv7l, and python3-cryptography in Raspberry Pi OS.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.bundle import SIGNATURE_FILE, Bundle, open_bundle
from edge.bundle_files import read_bounded
from edge.durable import require_new_file, whole_file
from edge.errors import BundleError, DataError
from edge.extras import need

SIGNATURE_BYTES = 64
_MOST_KEY_BYTES = 10_000
_ED25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
_SERIALIZATION = "cryptography.hazmat.primitives.serialization"


def make_keys(key: Path, passphrase: bytes | None = None) -> Path:
    """Write a new private key to `key`, for this user's eyes only, and the public one to `key`.pub, which it returns.

    Raises DataError when either exists, MissingPackageError.
    """
    public_file = key.with_name(f"{key.name}.pub")
    for file in (key, public_file):
        require_new_file(file)
    forms, private = _need(_SERIALIZATION), _need(_ED25519).Ed25519PrivateKey.generate()
    protection = forms.BestAvailableEncryption(passphrase) if passphrase else forms.NoEncryption()
    pem, form = forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo
    with whole_file(key, mode=0o600) as secret, whole_file(public_file) as public:
        secret.write(private.private_bytes(pem, forms.PrivateFormat.PKCS8, protection))
        public.write(private.public_key().public_bytes(pem, form))
    return public_file


def sign_bundle(folder: Path, key: Path, ask_passphrase: Callable[[], str]) -> Bundle:
    """Put a signature into a bundle, in place of the one it may have. `ask_passphrase` is called for a protected key.

    At every moment the bundle bears the old signature or the new one. Raises BundleError when the bundle is damaged,
    DataError when the key cannot be used, MissingPackageError.
    """
    bundle = open_bundle(folder)
    signature: bytes = _private_key(key, ask_passphrase).sign(bundle.raw_facts)
    with whole_file(folder / SIGNATURE_FILE, replace=True) as out:
        out.write(signature)
    return bundle


def open_bundle_by(folder: Path, key: Path | None) -> Bundle:
    """Open a bundle; one that `key` signed, when a public key is given. Raises what the two ways raise."""
    return open_bundle(folder) if key is None else open_signed(folder, key)


def open_signed(folder: Path, key: Path) -> Bundle:
    """Open a bundle that must bear a signature by `key`, a public key file.

    Raises BundleError when it is damaged, unsigned or signed by another key, DataError when the key cannot be used,
    MissingPackageError.
    """
    public = _public_key(key)
    bundle = open_bundle(folder)
    signature = read_signature(folder)
    if signature is None:
        raise BundleError(
            f"{folder / SIGNATURE_FILE}: expected a signature, found none; sign the bundle where it was made with: "
            "edge-sort bundle sign"
        )
    try:
        public.verify(signature, bundle.raw_facts)
    except _need("cryptography.exceptions").InvalidSignature as error:
        raise BundleError(
            f"{folder / SIGNATURE_FILE}: expected a signature of bundle.json by the key in {key}, found another; "
            "use the bundle that was signed, or the public key of whoever signed it"
        ) from error
    return bundle


def read_signature(folder: Path) -> bytes | None:
    """Return a bundle's signature, None when it has none. Raises BundleError when it cannot be one."""
    path = folder / SIGNATURE_FILE
    if not path.exists() and not path.is_symlink():
        return None
    signature = read_bounded(path, SIGNATURE_BYTES, path)
    if len(signature) != SIGNATURE_BYTES:
        found = "more" if len(signature) > SIGNATURE_BYTES else len(signature)
        raise BundleError(f"{path}: expected {SIGNATURE_BYTES} bytes, found {found}; sign the bundle again")
    return signature


def _private_key(path: Path, ask_passphrase: Callable[[], str]) -> Any:
    load = _need(_SERIALIZATION).load_pem_private_key
    pem = _key_bytes(path)
    try:
        key = load(pem, password=None)
    except TypeError:  # the library's way to say that it is encrypted
        key = _parsed(path, "private", lambda: load(pem, password=os.fsencode(ask_passphrase())))
    except Exception as error:
        raise _no_key(path, "private") from error
    if path.stat().st_mode & 0o077:
        raise DataError(
            f"{path}: expected a private key that only you can read, found mode {path.stat().st_mode & 0o777:o}; "
            f"make a new key if others may have read it, else: chmod 600 {path}"
        )
    return _ed25519(path, key, "Ed25519PrivateKey", "private")


def _public_key(path: Path) -> Any:
    load = _need(_SERIALIZATION).load_pem_public_key
    pem = _key_bytes(path)
    return _ed25519(path, _parsed(path, "public", lambda: load(pem)), "Ed25519PublicKey", "public")


def _parsed(path: Path, kind: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:  # ValueError, UnsupportedAlgorithm and OpenSSL's own kinds
        raise _no_key(path, kind) from error


def _ed25519(path: Path, key: Any, expected: str, kind: str) -> Any:
    if not isinstance(key, getattr(_need(_ED25519), expected)):
        raise _no_key(path, kind)
    return key


def _no_key(path: Path, kind: str) -> DataError:
    hint = " or the passphrase is another" if kind == "private" else ""
    return DataError(
        f"{path}: expected the PEM file of an Ed25519 {kind} key, found something else{hint}; "
        "make a pair with: edge-sort bundle keygen"
    )


def _key_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"{path}: expected a key file, found none; make a pair with: edge-sort bundle keygen")
    with path.open("rb") as file:
        return file.read(_MOST_KEY_BYTES)


def _need(module: str) -> Any:
    return need(module, "sign", "a signature")
